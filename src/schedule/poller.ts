/**
 * The state machine of one queue.
 *
 * | state               | entered when                                   | holds meanwhile                        | left by                                   |
 * |---------------------|------------------------------------------------|----------------------------------------|-------------------------------------------|
 * | starting            | the poller is made                             | nothing was asked yet                  | the first turn                            |
 * | polling             | a turn begins                                  | a round is under way                   | its end                                   |
 * | idle                | a round is complete, or failed in passing      | the next turn has its time             | that time, `pollNow`                      |
 * | throttled           | Graph asked for a pause                        | no request of this mailbox             | the end of the pause; `pollNow`, in vain  |
 * | waiting-for-sign-in | no usable token, or its record does not open   | Entra is not asked                     | a sign-in, here or in another process     |
 * |                     | Graph refuses a fresh token                    | nothing is asked                       | the next try                              |
 * | unavailable         | Graph has no usable mailbox there, or no folder| cursor and ledger stay as they are     | the next try (slow), `pollNow`            |
 * | paused              | `pause()`                                      | no rounds, no new deliveries           | `resume()`                                |
 * | stopped             | `stop()`, or the queue was lost                | nothing                                | never                                     |
 *
 * While the store is in trouble a queue whose time has come is idle, and looks again soon.
 *
 * Invariant: one turn at a time (the scheduler's promise); every change of state is told once, with its why.
 */
import { type Advice, adviceOf } from "../auth/advice.js";
import type { Clock } from "../base/clock.js";
import { asMailError, MailError, type MailErrorCode } from "../base/errors.js";
import type { Urgency } from "../graph/fair-order.js";
import { createCadence } from "./cadence.js";
import type { EmitScheduleEvent, QueueState } from "./events.js";
import { toldOf } from "./failure.js";
import { untilNextLook } from "./missing-folders.js";
import type { Pace } from "./pace.js";
import type { Session } from "./session.js";
import { createStaleness } from "./staleness.js";
import type { TurnResult } from "./turn.js";

export interface PollerOptions {
  readonly session: Session;
  readonly clock: Clock;
  readonly emit: EmitScheduleEvent;
  readonly pace: Pace;
  /** One turn; see `turn.ts`. */
  readonly turn: (how: { readonly urgency: Urgency; readonly signal: AbortSignal }) => Promise<TurnResult>;
  /** Resolves when asking for a token makes sense again. */
  readonly watchForSignIn: (signal: AbortSignal) => Promise<void>;
  /** Asks the scheduler for a turn at once. */
  readonly wake: () => void;
  /** Why nothing could be recorded now; empty while the store is well. */
  readonly storeTrouble: () => MailError | undefined;
  /** Another process has taken the queue. */
  readonly onLost: (error: MailError) => void;
}

export interface Poller {
  /** What the scheduler runs. */
  run(): Promise<number>;
  /** Resolves when the pages of a round that begins after this call are recorded. @throws MailError why that round failed, or `LIFECYCLE_STOPPED` */
  pollNow(): Promise<void>;
  /** A turn comes at once, or right after the one under way. */
  wake(): void;
  pause(): void;
  resume(): void;
  /** No further turn begins, the one under way is cut off. */
  stop(why: string): void;
  readonly state: QueueState;
  /** Also while the round that began before `pause()` is still under way. */
  readonly isPaused: boolean;
  readonly why: string;
  /** What can be done about the state; empty where nothing can. */
  readonly advice: Advice;
  /** Epoch milliseconds of the last complete round; empty before the first. */
  readonly lastRoundAt: number | undefined;
  /** No round was complete for the queue's `staleAfterMs`. */
  readonly isStale: boolean;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Milliseconds, at least, between looks whether the store works again; at most twice as many. */
const standByMs = 2_000;

/** Of a round that goes on later. */
const tooManyWait = "as many messages wait for their delivery as `highWaterMessages` allows; the round goes on when there are fewer";

const needsSignIn: ReadonlySet<MailErrorCode> = new Set([
  "AUTH_SIGN_IN_REQUIRED",
  "AUTH_APP_REFUSED",
  "AUTH_WRONG_ACCOUNT",
  "CONFIG_KEY_INVALID",
  "AUTH_VAULT_KEY_MISSING",
  "AUTH_VAULT_KEY_LOCKED",
  "AUTH_VAULT_KEY_UNKNOWN",
  "AUTH_VAULT_NEWER_FORMAT",
  "AUTH_VAULT_TAMPERED",
  "GRAPH_UNAUTHORIZED",
]);

export function createPoller({ session, clock, emit, pace, turn, watchForSignIn, wake, storeTrouble, onLost }: PollerOptions): Poller {
  const { settings, mailbox, dispatcher } = session;
  const queue = settings.address;
  const cadence = createCadence({ clock, ...settings, requests: settings.folders.length, pace });
  const ended = new AbortController();
  let state: QueueState = "starting";
  let why = "the daemon started";
  /** Empty unless somebody can do something about the state. */
  let advice: Advice = {};
  let lastRoundAt: number | undefined;
  /** What the last turn failed with; empty after one that went well. */
  let failure: MailError | undefined;
  /** Those who wait for a round that begins after they asked; empty between such calls. */
  let waiters: Waiter[] = [];
  /** True while a sign-in is watched for. */
  let watching = false;
  let paused = false;
  const staleness = createStaleness({
    clock,
    staleAfterMs: settings.staleAfterMs,
    onStale(staleForMs) {
      const cause = failure ? { why: whyOf(failure), ...adviceOf(failure) } : { why, ...advice };
      emit("queue:stale", { queue, ...(lastRoundAt === undefined ? {} : { lastRoundAt }), staleForMs, state, ...cause });
    },
    onRecovered: (staleForMs) => emit("queue:recovered", { queue, staleForMs }),
  });

  function enter(to: QueueState, reason: string, what: Advice = {}): void {
    const from = state;
    if (from === "stopped") return;
    why = reason;
    advice = what;
    if (from === to) return;
    state = to;
    emit("queue:state", { queue, from, to, why: reason, ...what });
  }

  async function run(): Promise<number> {
    if (ended.signal.aborted || paused) return Number.POSITIVE_INFINITY;
    const asked = waiters;
    waiters = [];
    const trouble = storeTrouble();
    if (trouble) {
      for (const { reject } of asked) reject(trouble);
      return standBy(trouble);
    }
    if (asked.length > 0) session.missing.lookAgain();
    enter("polling", "a round began");
    const begunAt = clock.now();
    try {
      const result = await turn({ urgency: asked.length > 0 ? "urgent" : "backlog", signal: ended.signal });
      if (result.unfinished && !result.missing && !ended.signal.aborted) waiters.unshift(...asked);
      else for (const { resolve, reject } of asked) result.missing ? reject(result.missing) : resolve();
      return complete(result, begunAt);
    } catch (error) {
      for (const { reject } of asked) reject(error);
      return ended.signal.aborted
        ? Number.POSITIVE_INFINITY
        : afterFailure(asMailError(error, "GRAPH_UNAVAILABLE", `A turn of ${queue} failed.`, { queue }));
    }
  }

  /** No page is asked for that could not be recorded; the daemon tells that once for all queues. */
  function standBy(trouble: MailError): number {
    failure = trouble;
    settle("idle", whyOf(trouble), adviceOf(trouble));
    return standByMs * (1 + clock.random());
  }

  /** Without all its folders a round is none that ends a staleness: mail of the missing one may wait unseen. */
  function complete({ pages, messages, lagMs, more, listed, missing, unfinished }: TurnResult, begunAt: number): number {
    if (!missing && !unfinished) lastRoundAt = clock.now();
    failure = missing;
    const planned = cadence.afterRound({ begunAt, messages });
    const nextInMs = more || unfinished ? Math.min(planned, settings.minPollIntervalMs) : planned;
    const { requests, parts } = mailbox.counter;
    mailbox.counter.requests = 0;
    mailbox.counter.parts = 0;
    const why = missing ? whyOf(missing) : unfinished ? tooManyWait : (listed?.message ?? "the round is complete");
    if (!ended.signal.aborted) settle("idle", why, adviceOf(missing ?? listed));
    emit("queue:polled", { queue, requests, batchParts: parts, pages, messages, ...(lagMs === undefined ? {} : { lagMs }), nextInMs });
    if (!missing && !unfinished) staleness.completed();
    return nextInMs;
  }

  /** The state after a turn, unless somebody paused the queue during it. */
  function settle(to: QueueState, reason: string, what?: Advice): void {
    if (paused) enter("paused", "pause() was called");
    else enter(to, reason, what);
  }

  function afterFailure(error: MailError): number {
    if (error.code === "LIFECYCLE_LOST_QUEUE") {
      onLost(error);
      return Number.POSITIVE_INFINITY;
    }
    const backoff = cadence.afterFailure();
    failure = error;
    const nextInMs = delayAfter(error, backoff);
    emit("queue:failed", { queue, ...toldOf(error), failures: cadence.failures, nextInMs });
    settle(stateAfter(error), whyOf(error), adviceOf(error));
    if (nextInMs === Number.POSITIVE_INFINITY) watch();
    return nextInMs;
  }

  function stateAfter({ code }: MailError): QueueState {
    if (needsSignIn.has(code)) return "waiting-for-sign-in";
    if (code === "GRAPH_MAILBOX_UNAVAILABLE" || code === "SYNC_FOLDER_NOT_FOUND") return "unavailable";
    return mailbox.gate.barredUntil > clock.now() ? "throttled" : "idle";
  }

  function delayAfter(error: MailError, backoff: number): number {
    const to = stateAfter(error);
    // A fresh token that Graph refuses is not mended by waiting for another sign-in alone.
    if (to === "waiting-for-sign-in") return error.code === "GRAPH_UNAUTHORIZED" ? backoff : Number.POSITIVE_INFINITY;
    if (to === "unavailable") return untilNextLook(cadence.failures);
    return Math.max(backoff, (error.notBeforeAt ?? 0) - clock.now(), mailbox.gate.barredUntil - clock.now());
  }

  /** One watch at a time; ends with the sign-in or with the queue. */
  function watch(): void {
    if (watching) return;
    watching = true;
    watchForSignIn(ended.signal)
      .finally(() => {
        watching = false;
      })
      .then(wake)
      .catch((error: unknown) => {
        if (ended.signal.aborted) return;
        emit("queue:failed", { queue, ...plain(error), failures: cadence.failures, nextInMs: Number.POSITIVE_INFINITY });
      });
  }

  function plain(error: unknown): { code: MailErrorCode; reason: string } {
    const { code, message } = asMailError(error, "STORE_UNAVAILABLE", `The sign-in of ${queue} cannot be watched for.`);
    return { code, reason: message };
  }

  function stop(reason: string): void {
    enter("stopped", reason);
    staleness.stop();
    cadence.rest();
    ended.abort(new MailError("LIFECYCLE_STOPPED", `${queue} is no longer polled: ${reason}.`, { queue }));
    for (const { reject } of waiters) reject(ended.signal.reason);
    waiters = [];
  }

  return {
    run,
    pollNow() {
      if (ended.signal.aborted) return Promise.reject(ended.signal.reason as Error);
      if (paused) return Promise.reject(new MailError("LIFECYCLE_PAUSED", `${queue} is paused; resume it first.`, { queue }));
      const done = new Promise<void>((resolve, reject) => waiters.push({ resolve, reject }));
      wake();
      return done;
    },
    wake,
    pause() {
      if (paused || ended.signal.aborted) return;
      paused = true;
      dispatcher.pause();
      staleness.pause();
      cadence.rest();
      for (const { reject } of waiters) reject(new MailError("LIFECYCLE_PAUSED", `${queue} was paused before the round began.`, { queue }));
      waiters = [];
      if (state !== "polling") enter("paused", "pause() was called");
    },
    resume() {
      if (!paused || ended.signal.aborted) return;
      paused = false;
      dispatcher.resume();
      staleness.resume();
      // A round that began before the pause is still under way otherwise.
      if (state === "paused") enter("idle", "resume() was called");
      wake();
    },
    stop,
    get state() {
      return state;
    },
    get isPaused() {
      return paused;
    },
    get why() {
      return why;
    },
    get advice() {
      return advice;
    },
    get lastRoundAt() {
      return lastRoundAt;
    },
    get isStale() {
      return staleness.isStale;
    },
  };
}

function whyOf({ code, message }: MailError): string {
  return `${code}: ${message}`;
}
