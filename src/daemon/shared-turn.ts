/**
 * One turn of a queue whose turns go around among processes: the queue is taken (its epoch rises), worked on as in one
 * process, and let go of.
 *
 * - working: rounds come as the cadence says while there is something to do: deliveries, marks, a sweep, a backlog.
 * - draining: `turnMaxMs` have passed, the round that was under way then is over, and no sweep goes on. No new deliveries; ends
 *   when the last is settled or timed out.
 * - closing: nothing is under way any more; what the queue knows is written, and it is let go of.
 * - lost: another process has the turn, or may have it. Everything under way is given up; of all writes only what handlers have decided
 *   is tried still, as the epoch says whether it counts.
 *
 * Invariants: when the turn resolves nothing of it is under way, at Graph neither, but for handlers of a lost one; no round is cut off but by the daemon's
 * end, and no sweep that goes on: whoever came next would begin them anew, and might never come to their end.
 */
import { type Clock, sleep } from "../base/clock.js";
import { asMailError, MailError } from "../base/errors.js";
import { unlessAway } from "../delivery/insist.js";
import { oldestUndelivered } from "../delivery/oldest-undelivered.js";
import { graceEnd } from "../schedule/lateness.js";
import { createLocalScheduler } from "../schedule/local.js";
import { memoryKey, memoryValue, type QueueMemory, sessionMemory, type TurnNote } from "../schedule/queue-memory.js";
import type { Scheduler, Turn } from "../schedule/scheduler.js";
import { errandsBeside } from "./errands.js";
import { type RunningQueue, type RunningQueueOptions, runQueue } from "./running-queue.js";
import type { TurnNotes } from "./turn-notes.js";

export interface SharedTurnOptions
  extends Omit<RunningQueueOptions, "scheduler" | "confirm" | "confirmSend" | "memory" | "onAbandoned">,
    TurnNotes {
  readonly turn: Turn;
  readonly turnMaxMs: number;
  /** The name of this process among those that share the queues. */
  readonly worker: string;
}

export interface SharedTurn {
  readonly running: RunningQueue;
  /** Resolves with the milliseconds until the next turn, once this one is over; with the reason where it was lost. */
  readonly over: Promise<{ readonly nextInMs: number; readonly lost?: MailError }>;
  /** Ends it within the deadline, milliseconds. */
  end(deadlineMs: number, why: string): void;
}

/** A settlement is tried again so soon: when the store is back it must be quicker than others are with the turn, milliseconds. */
const insistWithinMs = 500;
/** A turn looks so often whether it is over, milliseconds. */
const lookMs = 100;
/** For so many times `turnMaxMs` a sweep may rest between two of its steps, which come with the rounds. */
const sweepRestTurns = 10;
/** A round that is to come sooner belongs to the same turn, milliseconds. */
const soonMs = 500;
/** The longest time between turns of a queue that waits to be woken, milliseconds: a sign-in may have come without a word. */
const longestWaitMs = 30_000;
/** A paused queue looks so often whether it is resumed, milliseconds: the wake-up may not have come. */
export const pausedLookMs = 60_000;

/** Takes the queue. @throws MailError `STORE_…`, `LIFECYCLE_LOST_QUEUE` */
export async function beginTurn(options: SharedTurnOptions): Promise<SharedTurn> {
  const { turn, clock, settings } = options;
  /** In ticks; empty while a round is under way. */
  let plannedAt: number | undefined;
  let lost: MailError | undefined;
  /** `endsAt`: in ticks. */
  let ending: { readonly endsAt: number; readonly why: string } | undefined;
  /** Ends the wait between looks. */
  let look = new AbortController();
  const inner = createLocalScheduler({ clock });
  const scheduler: Scheduler = {
    ...inner,
    add: (address, run) =>
      inner.add(address, async (own) => {
        plannedAt = undefined;
        const delayMs = await run(own);
        plannedAt = clock.ticks() + delayMs;
        look.abort();
        return delayMs;
      }),
  };
  const running = await runQueue({
    ...options,
    scheduler,
    confirm: () => turn.confirm(),
    confirmSend: () => turn.confirm(),
    insistWithinMs,
    memory: since(options, clock.now()),
    onAbandoned(reason) {
      lost ??= reason;
      look.abort();
    },
  });
  const onLost = () => running.lose(turn.signal.reason);
  if (turn.signal.aborted) onLost();
  else turn.signal.addEventListener("abort", onLost, { once: true });
  if (options.isPaused) running.pause();
  if (options.unread) tellUnread(options, options.unread);
  const begunAt = clock.ticks();

  async function work(): Promise<void> {
    const errands = errandsBeside(options, running);
    errands.run(options.errands);
    let isDraining = false;
    while (!lost && !ending) {
      if (!isDraining && clock.ticks() - begunAt >= options.turnMaxMs && plannedAt !== undefined && !sweepGoesOn()) {
        isDraining = true;
        running.session.dispatcher.pause();
      }
      if (errands.failure) throw errands.failure;
      if (isOver(isDraining) && (isDraining || !errands.isBusy)) return;
      errands.look();
      look = new AbortController();
      await sleep(clock, lookMs, look.signal).catch(() => undefined); // Then there is something to look at.
    }
  }

  /** One that waits for long, for room or behind rounds that fail, begins anew in another turn. */
  function sweepGoesOn(): boolean {
    const longestRestMs = Math.max(sweepRestTurns * options.turnMaxMs, 2 * settings.minPollIntervalMs);
    return running.sweeper.isUnderWay && running.sweeper.idleMs < longestRestMs;
  }

  function isOver(isDraining: boolean): boolean {
    const { session, sweeper, poller } = running;
    const { dispatcher, outbox } = session;
    if (dispatcher.inFlightCount > 0) return false;
    // The round that began since finds its pages, and does not deliver them.
    if (isDraining) return plannedAt !== undefined;
    if (sweeper.isUnderWay) return false;
    if (poller.isPaused) return true;
    if (plannedAt === undefined || plannedAt - clock.ticks() < soonMs) return false;
    return cannotDeliver() || (outbox.firstInMs >= soonMs && dispatcher.firstInMs > 0);
  }

  /** What waits for Graph, a sign-in or the store waits in no turn. */
  function cannotDeliver(): boolean {
    const { session, poller } = running;
    if (session.mailbox.gate.barredUntil > clock.now() + soonMs || options.store.trouble) return true;
    return poller.state === "waiting-for-sign-in" || poller.state === "unavailable";
  }

  function fail(error: unknown): void {
    running.abandon(asMailError(error, "STORE_UNAVAILABLE", `The turn of ${settings.address} failed.`, { queue: settings.address }));
  }

  async function run(): Promise<{ nextInMs: number; lost?: MailError }> {
    /** Empty unless it was written. */
    let left: Left | undefined;
    try {
      await work();
      if (!lost && !options.store.trouble) left = await remember(running, whatIsLeft(running, options)).catch(unlessAway);
    } catch (error) {
      fail(error);
    } finally {
      turn.signal.removeEventListener("abort", onLost);
    }
    const { barredUntil } = running.session.mailbox.gate;
    // The close cuts a round off: whoever is next goes on with it at once.
    const { dispatcher, outbox } = running.session;
    const [roundAt, attemptInMs] = [plannedAt, Math.min(dispatcher.firstInMs, outbox.firstInMs)];
    // What rests is not tried once more at the end of each turn.
    if (!ending && outbox.firstInMs > 0)
      outbox.abandon(new MailError("LIFECYCLE_STOPPED", "Its marks go out in another turn.", { queue: settings.address }));
    const { endsAt, why } = ending ?? { endsAt: clock.ticks() + 2 * settings.handlerTimeoutMs, why: "the turn is over" };
    const waits = cannotDeliver();
    await running.close(lost ? 0 : Math.max(0, endsAt - clock.ticks()), why);
    // What was sent meanwhile, marks above all, counts in the next turn too.
    const { counter } = running.session.mailbox;
    if (left && !lost && !options.store.trouble && counter.requests > left.requests)
      await remember(running, left).catch(unlessAway).catch(fail);
    return lost ? { nextInMs: 0, lost } : { nextInMs: nextInMs(running, { clock, barredUntil, waits, roundAt, attemptInMs }) };
  }

  return {
    running,
    over: run(),
    end(deadlineMs, why) {
      ending ??= { endsAt: clock.ticks() + deadlineMs, why };
      look.abort();
    },
  };
}

/** Once: the end of the turn writes it anew. */
function tellUnread({ events, settings }: SharedTurnOptions, { code, message: reason }: MailError): void {
  events.emit("queue:failed", { queue: settings.address, code, reason, failures: 1, nextInMs: 0 });
}

/** What was noted before a pause counts from its end. */
function since({ memory, resumedAt, settings }: SharedTurnOptions, now: number): QueueMemory | undefined {
  if (!memory || resumedAt === 0) return memory;
  const { poller, lateness } = memory;
  // Another machine's clock may be ahead.
  const from = Math.min(now, resumedAt);
  const graceUntil = Math.max(lateness.graceUntil, graceEnd(from, settings.lateAfterMs));
  const roundlessSince = Math.max(poller.roundlessSince, from);
  return { ...memory, poller: { ...poller, roundlessSince }, lateness: { ...lateness, graceUntil } };
}

interface NextOptions {
  readonly clock: Clock;
  readonly barredUntil: number;
  /** Nothing can be delivered now. */
  readonly waits: boolean;
  /** In ticks; empty where a round was cut off. */
  readonly roundAt: number | undefined;
  /** Until the first message is due that waits for its next attempt, question or mark. */
  readonly attemptInMs: number;
}

/** The next round, or the next attempt of a message if that is sooner. */
function nextInMs({ poller }: RunningQueue, { clock, barredUntil, waits, roundAt, attemptInMs }: NextOptions): number {
  if (poller.isPaused) return pausedLookMs;
  const attemptMs = waits ? Number.POSITIVE_INFINITY : Math.max(soonMs, attemptInMs);
  const roundMs = roundAt === undefined ? 0 : roundAt - clock.ticks();
  const soonestMs = Math.min(roundMs, attemptMs);
  return Math.max(0, barredUntil - clock.now(), soonestMs === Number.POSITIVE_INFINITY ? longestWaitMs : soonestMs);
}

/** What a turn leaves. */
interface Left {
  readonly memory: QueueMemory;
  readonly note: TurnNote;
  /** Sent until then. */
  readonly requests: number;
}

function whatIsLeft(
  { session, poller, lateness, sweeper }: RunningQueue,
  { worker, clock }: Pick<SharedTurnOptions, "worker" | "clock">,
): Left {
  const oldest = oldestUndelivered(session.ledger.open.values());
  const note: TurnNote = {
    worker,
    at: clock.now(),
    waiting: session.dispatcher.waitingCount + session.dispatcher.inFlightCount,
    delayed: session.dispatcher.delayedCount,
    marksWaiting: session.outbox.waitingCount,
    remedy: poller.advice.remedy,
    undeliveredSince: oldest?.since,
  };
  const memory = { poller: poller.memory, session: sessionMemory(session), lateness: lateness.noted, sweepDueAt: sweeper.dueAt };
  return { memory, note, requests: session.mailbox.counter.requests };
}

/** Under the queue's epoch, with what the gate knows now. @throws MailError `STORE_…`, `LIFECYCLE_LOST_QUEUE` */
async function remember({ session: { ledger, mailbox } }: RunningQueue, left: Left): Promise<Left> {
  const { memory, note } = left;
  const value = memoryValue({ ...memory, session: { ...memory.session, gate: mailbox.gate.memory } }, note);
  await ledger.write({ puts: [{ key: memoryKey(ledger.queueKey), value }] });
  return left;
}
