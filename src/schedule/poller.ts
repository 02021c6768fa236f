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
 * Invariant: one turn at a time (the scheduler's promise); every change of state is told once, with its why. A class, so that
 * ten thousand queues share its methods.
 */
import { type Advice, adviceOf } from "../auth/advice.js";
import { asMailError, MailError, type MailErrorCode } from "../base/errors.js";
import { afterFailure } from "./after-failure.js";
import { type Cadence, createCadence } from "./cadence.js";
import type { QueueState } from "./events.js";
import { pausedError, toldOf, whyOf } from "./failure.js";
import type { Poller, PollerMemory, PollerOptions } from "./poller-contract.js";
import { createStaleness, type Staleness } from "./staleness.js";
import type { TurnResult } from "./turn.js";

export type { Poller, PollerMemory, PollerOptions } from "./poller-contract.js";

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Milliseconds, at least, between looks whether the store works again; at most twice as many. */
const standByMs = 2_000;

const tooManyWait = "as many messages wait for their delivery as `highWaterMessages` allows; the round goes on when there are fewer";

/** Nobody can do anything about it, or need not. */
const nothing: Advice = {};
const nobody: readonly Waiter[] = [];

export function createPoller(options: PollerOptions): Poller {
  return new QueuePoller(options);
}

class QueuePoller implements Poller {
  readonly #options: PollerOptions;
  readonly #cadence: Cadence;
  readonly #staleness: Staleness;
  #state: QueueState = "starting";
  #why = "the daemon started";
  /** Empty unless somebody can do something about the state. */
  #advice: Advice = nothing;
  #lastRoundAt: number | undefined;
  /** What the last turn failed with; empty after one that went well. */
  #failure: MailError | undefined;
  /** Those who wait for a round that begins after they asked; empty between such calls. */
  #waiters = nobody;
  /** Cuts off the turn under way; empty between turns. */
  #turn: AbortController | undefined;
  /** Ends the watch for a sign-in; empty while none is watched for. */
  #watch: AbortController | undefined;
  #paused = false;
  /** Why it was stopped; empty before. */
  #ended: MailError | undefined;

  constructor(options: PollerOptions) {
    const { session, clock, pace, memory } = options;
    const { settings } = session;
    this.#options = options;
    this.#cadence = createCadence({ clock, ...settings, requests: settings.folders.length, pace, learnt: memory?.cadence });
    this.#staleness = createStaleness({
      clock,
      staleAfterMs: settings.staleAfterMs,
      noted: memory,
      onStale: (forMs) => this.#tellStale(forMs),
      onRecovered: (staleForMs) => options.emit("queue:recovered", { queue: settings.address, staleForMs }),
    });
    if (!memory) return;
    this.#state = memory.state;
    this.#why = memory.why;
    this.#lastRoundAt = memory.lastRoundAt;
  }

  async run(): Promise<number> {
    if (this.#ended || this.#paused) return Number.POSITIVE_INFINITY;
    const { session, clock, turn, storeTrouble } = this.#options;
    const asked = this.#takeWaiters();
    const trouble = storeTrouble();
    if (trouble) {
      for (const { reject } of asked) reject(trouble);
      return this.#standBy(trouble);
    }
    for (const folders of asked.length > 0 ? [session.missing, session.watched] : []) folders.lookAgain();
    this.#turn = new AbortController();
    const { signal } = this.#turn;
    this.#enter("polling", "a round began");
    const begunAt = clock.ticks();
    try {
      const result = await turn({ urgency: asked.length > 0 ? "urgent" : "backlog", signal });
      // Also of a round that goes on later: it may wait for a handler that waits here.
      for (const { resolve, reject } of asked) result.missing ? reject(result.missing) : resolve();
      return this.#complete(result, begunAt);
    } catch (error) {
      for (const { reject } of asked) reject(error);
      return this.#ended
        ? Number.POSITIVE_INFINITY
        : this.#afterFailure(asMailError(error, "GRAPH_UNAVAILABLE", `A turn of ${this.#queue} failed.`, { queue: this.#queue }));
    } finally {
      this.#turn = undefined;
    }
  }

  pollNow(): Promise<void> {
    if (this.#ended) return Promise.reject(this.#ended);
    if (this.#paused) return Promise.reject(pausedError(this.#queue));
    const done = new Promise<void>((resolve, reject) => {
      this.#waiters = [...this.#waiters, { resolve, reject }];
    });
    this.wake();
    return done;
  }

  wake(): void {
    this.#options.wake();
  }

  pause(): void {
    if (this.#paused || this.#ended) return;
    const queue = this.#queue;
    this.#paused = true;
    this.#options.session.dispatcher.pause();
    this.#staleness.pause();
    this.#cadence.rest();
    const reason = new MailError("LIFECYCLE_PAUSED", `${queue} was paused before the round began.`, { queue });
    for (const { reject } of this.#takeWaiters()) reject(reason);
    if (this.#state !== "polling") this.#enter("paused", "pause() was called");
  }

  resume(): void {
    if (!this.#paused || this.#ended) return;
    this.#paused = false;
    this.#options.session.dispatcher.resume();
    this.#staleness.resume();
    // A round that began before the pause is still under way otherwise.
    if (this.#state === "paused") this.#enter("idle", "resume() was called");
    this.wake();
  }

  stop(why: string): void {
    this.#enter("stopped", why);
    this.#staleness.stop();
    this.#cadence.rest();
    this.#ended ??= new MailError("LIFECYCLE_STOPPED", `${this.#queue} is no longer polled: ${why}.`, { queue: this.#queue });
    this.#turn?.abort(this.#ended);
    this.#watch?.abort(this.#ended);
    for (const { reject } of this.#takeWaiters()) reject(this.#ended);
  }

  get state(): QueueState {
    return this.#state;
  }

  get isPaused(): boolean {
    return this.#paused;
  }

  get why(): string {
    return this.#why;
  }

  get advice(): Advice {
    return this.#advice;
  }

  get lastRoundAt(): number | undefined {
    return this.#lastRoundAt;
  }

  get isStale(): boolean {
    return this.#staleness.isStale;
  }

  get memory(): PollerMemory {
    const { learnt: cadence } = this.#cadence;
    return { state: this.#state, why: this.#why, lastRoundAt: this.#lastRoundAt, cadence, ...this.#staleness.noted };
  }

  get #queue(): string {
    return this.#options.session.settings.address;
  }

  #takeWaiters(): readonly Waiter[] {
    const waiters = this.#waiters;
    this.#waiters = nobody;
    return waiters;
  }

  #tellStale(staleForMs: number): void {
    const [failure, lastRoundAt, state] = [this.#failure, this.#lastRoundAt, this.#state];
    const cause = failure ? { why: whyOf(failure), ...adviceOf(failure) } : { why: this.#why, ...this.#advice };
    const last = lastRoundAt === undefined ? {} : { lastRoundAt };
    this.#options.emit("queue:stale", { queue: this.#queue, ...last, staleForMs, state, ...cause });
  }

  #enter(to: QueueState, why: string, advice: Advice = nothing): void {
    const from = this.#state;
    if (from === "stopped") return;
    this.#why = why;
    this.#advice = advice;
    if (from === to) return;
    this.#state = to;
    this.#options.emit("queue:state", { queue: this.#queue, from, to, why, ...advice });
  }

  /** No page is asked for that could not be recorded; the daemon tells that once for all queues. */
  #standBy(trouble: MailError): number {
    this.#failure = trouble;
    this.#settle("idle", whyOf(trouble), adviceOf(trouble));
    return standByMs * (1 + this.#options.clock.random());
  }

  /** Without all its folders a round is none that ends a staleness: mail of the missing one may wait unseen. */
  #complete({ pages, messages, lagMs, more, listed, missing, unfinished }: TurnResult, begunAt: number): number {
    const { session, clock, emit } = this.#options;
    if (!missing && !unfinished) this.#lastRoundAt = clock.now();
    this.#failure = missing;
    const planned = this.#cadence.afterRound({ begunAt, messages, requests: session.watched.all.length });
    if (this.#ended || this.#paused) this.#cadence.rest();
    const nextInMs = more || unfinished ? Math.min(planned, session.settings.minPollIntervalMs) : planned;
    const { counter } = session.mailbox;
    const { requests, parts: batchParts } = counter;
    counter.requests = 0;
    counter.parts = 0;
    const why = missing ? whyOf(missing) : unfinished ? tooManyWait : (listed?.message ?? "the round is complete");
    if (!this.#ended) this.#settle("idle", why, adviceOf(missing ?? listed));
    const lag = lagMs === undefined ? {} : { lagMs };
    emit("queue:polled", { queue: this.#queue, requests, batchParts, pages, messages, ...lag, nextInMs });
    if (!missing && !unfinished) this.#staleness.completed();
    return nextInMs;
  }

  /** The state after a turn, unless somebody paused the queue during it. */
  #settle(to: QueueState, reason: string, what?: Advice): void {
    if (this.#paused) this.#enter("paused", "pause() was called");
    else this.#enter(to, reason, what);
  }

  #afterFailure(error: MailError): number {
    if (error.code === "LIFECYCLE_LOST_QUEUE") {
      this.#options.onLost(error);
      return Number.POSITIVE_INFINITY;
    }
    const backoff = this.#cadence.afterFailure();
    this.#failure = error;
    const { session, clock } = this.#options;
    const { state, nextInMs } = afterFailure(error, { session, clock, backoff, failures: this.#cadence.failures });
    this.#options.emit("queue:failed", { queue: this.#queue, ...toldOf(error), failures: this.#cadence.failures, nextInMs });
    this.#settle(state, whyOf(error), adviceOf(error));
    if (nextInMs === Number.POSITIVE_INFINITY) this.#watchOn();
    return nextInMs;
  }

  /** One watch at a time; ends with the sign-in or with the queue. */
  #watchOn(): void {
    if (this.#watch || this.#ended) return;
    const watch = new AbortController();
    this.#watch = watch;
    this.#options
      .watchForSignIn(watch.signal)
      .finally(() => {
        this.#watch = undefined;
      })
      .then(() => this.wake())
      .catch((error: unknown) => {
        if (this.#ended) return;
        const { failures } = this.#cadence;
        this.#options.emit("queue:failed", { queue: this.#queue, ...this.#plain(error), failures, nextInMs: Number.POSITIVE_INFINITY });
      });
  }

  #plain(error: unknown): { code: MailErrorCode; reason: string } {
    const { code, message } = asMailError(error, "STORE_UNAVAILABLE", `The sign-in of ${this.#queue} cannot be watched for.`);
    return { code, reason: message };
  }
}
