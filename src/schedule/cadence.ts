/**
 * When a queue is looked at next, from the mail that really arrives: often where much comes, seldom where little does.
 *
 * The interval is the geometric mean of the shortest interval and the time from one mail to the next, within the bounds:
 * of all ways to spend so many requests on queues of different traffic, that one finds their mail soonest on the whole
 * (looks should go with the square root of the traffic). A queue that has had none for long counts as having one in
 * that time.
 *
 * Each queue has a place of its own within its interval, drawn once, and its rounds drift to it: many queues make a
 * level line of requests, whatever they began with or were held up by together.
 */
import { backoffMs } from "../base/backoff.js";
import type { Clock } from "../base/clock.js";
import type { Pace } from "./pace.js";

export interface Cadence {
  /** Milliseconds until the next round after one that went well. */
  afterRound(round: Round): number;
  /** Milliseconds until the next try after a failure. */
  afterFailure(): number;
  /** The queue plans nothing for now. */
  rest(): void;
  /** Failures in a row; 0 after a round that went well. */
  readonly failures: number;
}

export interface Round {
  /** Epoch milliseconds. */
  readonly begunAt: number;
  /** New messages that it brought. */
  readonly messages: number;
}

export interface CadenceOptions {
  readonly clock: Clock;
  /** The longest interval between the beginnings of rounds, milliseconds, unless all are stretched. */
  readonly pollIntervalMs: number;
  /** The shortest, but where a round comes sooner to be in its place: the second one of a queue, and after a hold-up. */
  readonly minPollIntervalMs: number;
  /** Requests of a round without news. */
  readonly requests: number;
  readonly pace: Pace;
}

/** Share of an interval by which a round may come sooner to drift to its place. */
const drift = 0.1;
/** After failures in a row, of a queue or of one folder of it. */
export const failureBackoff = { baseMs: 2_000, capMs: 300_000 };

export function createCadence({ clock, pollIntervalMs, minPollIntervalMs, requests, pace }: CadenceOptions): Cadence {
  const shortestMs = Math.min(minPollIntervalMs, pollIntervalMs);
  /** Where in its interval the queue's place is, 0 to 1. */
  const place = clock.random();
  /** From one mail to the next, as far as it is known, milliseconds. */
  let gapMs = pollIntervalMs;
  /** The last round that brought mail, or the beginning. */
  let newsAt = clock.now();
  /** When the next round was to begin; empty before the first. */
  let plannedAt: number | undefined;
  /** Requests a second, as planned. */
  let planned = 0;
  let failures = 0;

  function learn({ begunAt, messages }: Round): void {
    if (messages === 0) return;
    // Each mail counts as much as all that came before it.
    gapMs += ((begunAt - newsAt) / messages - gapMs) * (1 - 0.5 ** messages);
    newsAt = begunAt;
  }

  function interval(begunAt: number): number {
    const expectedMs = Math.max(gapMs, begunAt - newsAt);
    const wantedMs = Math.min(pollIntervalMs, Math.max(shortestMs, Math.sqrt(shortestMs * expectedMs)));
    const perSecond = (requests / wantedMs) * 1_000;
    pace.plan(planned, perSecond);
    planned = perSecond;
    return wantedMs * pace.stretch;
  }

  /** By how much the next round is to come sooner than a whole interval, to be in its place or nearer to it. */
  function soonerMs(begunAt: number, intervalMs: number): number {
    const beyondMs = (((begunAt - place * intervalMs) % intervalMs) + intervalMs) % intervalMs;
    const stepMs = intervalMs * drift;
    const isHeldUp = plannedAt === undefined || begunAt - plannedAt > stepMs;
    if (isHeldUp) return beyondMs;
    return beyondMs > intervalMs - stepMs ? 0 : Math.min(beyondMs, stepMs); // 0: just before its place.
  }

  function rest(): void {
    pace.plan(planned, 0);
    planned = 0;
  }

  return {
    afterRound(round) {
      const { begunAt } = round;
      failures = 0;
      learn(round);
      const intervalMs = interval(begunAt);
      const nextAt = begunAt + intervalMs - soonerMs(begunAt, intervalMs);
      const now = clock.now();
      // One that took its whole interval has more to do, or a slow server: neither is helped by a round at once.
      const waitMs = Math.ceil(nextAt > now ? nextAt - now : shortestMs);
      plannedAt = now + waitMs;
      return waitMs;
    },
    afterFailure() {
      failures += 1;
      rest();
      return Math.max(shortestMs, backoffMs(clock, failures, failureBackoff));
    },
    rest,
    get failures() {
      return failures;
    },
  };
}
