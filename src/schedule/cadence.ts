/**
 * When a queue is looked at next, from the mail that really arrives: often where much comes, seldom where little does.
 *
 * The interval is the geometric mean of the shortest interval and the time from one mail to the next, within the bounds:
 * of all ways to spend so many requests on queues of different traffic, that one finds their mail soonest on the whole
 * (looks should go with the square root of the traffic). A queue that has had none for long counts as having one in
 * that time.
 *
 * Each queue has a place of its own within its interval, drawn once, and its rounds drift to it: many queues make a
 * level line of requests, whatever they began with or were held up by together. A class, so that they share its methods.
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
  /** What it has learnt, for the next of its kind. */
  readonly learnt: Learnt;
}

export interface Learnt {
  /** From one mail to the next, milliseconds. */
  readonly gapMs: number;
  /** Epoch milliseconds of the last round that brought mail, or of the beginning. */
  readonly newsAt: number;
  /** The queue's place in its interval, 0 to 1. */
  readonly place: number;
  readonly failures: number;
}

export interface Round {
  /** In the clock's ticks. */
  readonly begunAt: number;
  /** New messages that it brought. */
  readonly messages: number;
  /** Requests of a round without news from now on. Default: as before. */
  readonly requests?: number;
}

export interface CadenceOptions {
  readonly clock: Clock;
  /** The longest interval between the beginnings of rounds, milliseconds, unless all are stretched. */
  readonly pollIntervalMs: number;
  /** The shortest, but where a round comes sooner to be in its place: the second one of a queue, and after a hold-up. */
  readonly minPollIntervalMs: number;
  /** Requests of a round without news, at first. */
  readonly requests: number;
  readonly pace: Pace;
  /** What one before it had learnt. Default: nothing. */
  readonly learnt?: Learnt | undefined;
}

/** Share of an interval by which a round may come sooner to drift to its place. */
const drift = 0.1;
/** After failures in a row, of a queue or of one folder of it. */
export const failureBackoff = { baseMs: 2_000, capMs: 300_000 };

export function createCadence(options: CadenceOptions): Cadence {
  return new MailCadence(options);
}

class MailCadence implements Cadence {
  readonly #clock: Clock;
  readonly #pace: Pace;
  readonly #pollIntervalMs: number;
  readonly #shortestMs: number;
  #requests: number;
  /** Where in its interval the queue's place is, 0 to 1. */
  readonly #place: number;
  /** From one mail to the next, as far as it is known, milliseconds. */
  #gapMs: number;
  /** The last round that brought mail, or the beginning, in ticks. */
  #newsAt: number;
  /** When the next round was to begin, in ticks; empty before the first. */
  #plannedAt: number | undefined;
  /** Requests a second, as planned. */
  #planned = 0;
  #failures = 0;

  constructor({ clock, pace, pollIntervalMs, minPollIntervalMs, requests, learnt }: CadenceOptions) {
    this.#clock = clock;
    this.#pace = pace;
    this.#pollIntervalMs = pollIntervalMs;
    this.#shortestMs = Math.min(minPollIntervalMs, pollIntervalMs);
    this.#requests = requests;
    this.#place = learnt?.place ?? clock.random();
    this.#gapMs = learnt?.gapMs ?? pollIntervalMs;
    this.#newsAt = clock.ticks() - Math.max(0, clock.now() - (learnt?.newsAt ?? clock.now()));
    this.#failures = learnt?.failures ?? 0;
  }

  afterRound(round: Round): number {
    const { begunAt, requests = this.#requests } = round;
    this.#failures = 0;
    this.#requests = requests;
    this.#learn(round);
    const intervalMs = this.#interval(begunAt);
    const nextAt = begunAt + intervalMs - this.#soonerMs(begunAt, intervalMs);
    const now = this.#clock.ticks();
    // One that took its whole interval has more to do, or a slow server: neither is helped by a round at once.
    const waitMs = Math.ceil(nextAt > now ? nextAt - now : this.#shortestMs);
    this.#plannedAt = now + waitMs;
    return waitMs;
  }

  afterFailure(): number {
    this.#failures += 1;
    this.rest();
    return Math.max(this.#shortestMs, backoffMs(this.#clock, this.#failures, failureBackoff));
  }

  rest(): void {
    this.#plan(0);
  }

  get failures(): number {
    return this.#failures;
  }

  get learnt(): Learnt {
    const newsAt = this.#clock.now() - (this.#clock.ticks() - this.#newsAt);
    return { gapMs: this.#gapMs, newsAt, place: this.#place, failures: this.#failures };
  }

  #learn({ begunAt, messages }: Round): void {
    if (messages === 0) return;
    // Each mail counts as much as all that came before it.
    this.#gapMs += ((begunAt - this.#newsAt) / messages - this.#gapMs) * (1 - 0.5 ** messages);
    this.#newsAt = begunAt;
  }

  #interval(begunAt: number): number {
    const expectedMs = Math.max(this.#gapMs, begunAt - this.#newsAt);
    const wantedMs = Math.min(this.#pollIntervalMs, Math.max(this.#shortestMs, Math.sqrt(this.#shortestMs * expectedMs)));
    this.#plan((this.#requests / wantedMs) * 1_000);
    return wantedMs * this.#pace.stretch;
  }

  #plan(perSecond: number): void {
    this.#pace.plan(this.#planned, perSecond);
    this.#planned = perSecond;
  }

  /** By how much the next round is to come sooner than a whole interval, to be in its place or nearer to it. */
  #soonerMs(begunAt: number, intervalMs: number): number {
    const beyondMs = (((begunAt - this.#place * intervalMs) % intervalMs) + intervalMs) % intervalMs;
    const stepMs = intervalMs * drift;
    const isHeldUp = this.#plannedAt === undefined || begunAt - this.#plannedAt > stepMs;
    if (isHeldUp) return beyondMs;
    return beyondMs > intervalMs - stepMs ? 0 : Math.min(beyondMs, stepMs); // 0: just before its place.
  }
}
