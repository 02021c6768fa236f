/**
 * One turn of a queue whose turns go around among processes: the queue is taken (its epoch rises), worked on as in one
 * process, and let go of.
 *
 * - working: rounds come as the cadence says while there is something to do: deliveries, marks, a sweep, a backlog.
 * - draining: `turnMaxMs` have passed, and no sweep is under way (or has been for ten times as long). No new deliveries; ends
 *   when the last is settled or timed out.
 * - closing: nothing is under way any more; what the queue knows is written, and it is let go of.
 * - lost: another process has the turn, or may have it. Everything under way is given up, nothing is written.
 *
 * Invariant: when the turn resolves nothing of it is under way, at Graph neither.
 */
import { type Clock, sleep } from "../base/clock.js";
import { asMailError, type MailError } from "../base/errors.js";
import { unlessAway } from "../delivery/insist.js";
import type { OpenEntry } from "../delivery/ledger-record.js";
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

/** A turn looks so often whether it is over, milliseconds. */
const lookMs = 100;
/** A round that is to come sooner belongs to the same turn, milliseconds. */
const soonMs = 500;
/** A sweep keeps a turn going for so many times `turnMaxMs`; then it begins anew in the next. */
const sweepTurns = 10;
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
    memory: since(options, clock.now()),
    onAbandoned(reason) {
      lost ??= reason;
      look.abort();
    },
  });
  const onLost = () => running.abandon(turn.signal.reason);
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
      const turns = (clock.ticks() - begunAt) / options.turnMaxMs;
      if (!isDraining && turns >= (running.sweeper.isUnderWay ? sweepTurns : 1)) {
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

  function isOver(isDraining: boolean): boolean {
    const { session, sweeper, poller } = running;
    if (session.dispatcher.inFlightCount > 0) return false;
    if (isDraining) return true;
    if (sweeper.isUnderWay) return false;
    if (poller.isPaused) return true;
    if (plannedAt === undefined || plannedAt - clock.ticks() < soonMs) return false;
    return (
      cannotDeliver() || (session.outbox.waitingCount === 0 && ![...session.ledger.open.values()].some((entry) => isDue(entry, clock)))
    );
  }

  /** What waits for Graph, a sign-in or the store waits in no turn. */
  function cannotDeliver(): boolean {
    const { session, poller } = running;
    if (session.mailbox.gate.barredUntil > clock.now() + soonMs || options.store.trouble) return true;
    return poller.state === "waiting-for-sign-in" || poller.state === "unavailable";
  }

  async function run(): Promise<{ nextInMs: number; lost?: MailError }> {
    try {
      await work();
      if (!lost && !options.store.trouble) await remember(running, options).catch(unlessAway);
    } catch (error) {
      running.abandon(asMailError(error, "STORE_UNAVAILABLE", `The turn of ${settings.address} failed.`, { queue: settings.address }));
    } finally {
      turn.signal.removeEventListener("abort", onLost);
    }
    const { barredUntil } = running.session.mailbox.gate;
    const { endsAt, why } = ending ?? { endsAt: clock.ticks() + 2 * settings.handlerTimeoutMs, why: "the turn is over" };
    const waits = cannotDeliver();
    await running.close(lost ? 0 : Math.max(0, endsAt - clock.ticks()), why);
    return lost ? { nextInMs: 0, lost } : { nextInMs: nextInMs(plannedAt, running, { clock, barredUntil, waits }) };
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

/** To be delivered, now. */
function isDue({ state, notBeforeAt = 0 }: OpenEntry, clock: Clock): boolean {
  return state === "pending" || (state === "retrying" && notBeforeAt <= clock.now());
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

/** The next round, or the next attempt of a message if that is sooner. `waits`: nothing can be delivered now. */
function nextInMs(
  plannedAt: number | undefined,
  { session, poller }: RunningQueue,
  { clock, barredUntil, waits }: { clock: Clock; barredUntil: number; waits: boolean },
): number {
  if (poller.isPaused) return pausedLookMs;
  const attempts = [...session.ledger.open.values()].map((entry) => (entry.state === "retrying" ? (entry.notBeforeAt ?? 0) : 0));
  const now = clock.now();
  const attemptMs = waits || attempts.length === 0 ? Number.POSITIVE_INFINITY : Math.max(soonMs, Math.min(...attempts) - now);
  const roundMs = plannedAt === undefined ? 0 : plannedAt - clock.ticks();
  const soonestMs = Math.min(roundMs, attemptMs);
  return Math.max(0, barredUntil - now, soonestMs === Number.POSITIVE_INFINITY ? longestWaitMs : soonestMs);
}

/** Under the queue's epoch. @throws MailError `STORE_…`, `LIFECYCLE_LOST_QUEUE` */
function remember(running: RunningQueue, { worker, clock }: Pick<SharedTurnOptions, "worker" | "clock">): Promise<void> {
  const { session, poller, lateness, sweeper } = running;
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
  return session.ledger.write({ puts: [{ key: memoryKey(session.ledger.queueKey), value: memoryValue(memory, note) }] });
}
