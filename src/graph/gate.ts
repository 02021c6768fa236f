/**
 * The limits of one mailbox: at most `width` requests at once, a batch alone (its parts run four at a time on the
 * server, whatever their mailbox: Graph throttling limits), no more in ten minutes than Graph allows, and nothing at
 * all while Graph asked for a pause. A spent budget is a pause of our own, kept and told as Graph's are.
 *
 * Invariants: no request starts before `barredUntil`; a call hangs for no longer pause than `longestWaitMs`. The gate
 * must not know what the requests are.
 */
import PQueue from "p-queue";
import { type Clock, sleep } from "../base/clock.js";
import { MailError } from "../base/errors.js";
import { sharedWait } from "../base/shared-wait.js";
import { createBudget } from "./budget.js";

/** A pause longer than this, milliseconds, is the caller's to wait out: the call ends with an error that says until when, and the queue's state shows the wait. */
export const longestWaitMs = 15_000;

/** The code of a pause that Graph did not ask for: the requests of ten minutes are spent. */
export const spentCode = "MailboxBudgetSpent";

/** Why and until when no request of this mailbox is sent. */
export interface Bar {
  /** Epoch milliseconds. */
  readonly until: number;
  /** Graph's error code, or {@link spentCode}; for the operator. */
  readonly code: string;
}

export interface GatePass {
  /** Takes the whole gate. Default false. */
  readonly exclusive?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface Gate {
  /**
   * Runs `work` when there is room and no pause; an abort before it starts rejects at once with the signal's reason.
   * @throws MailError `GRAPH_THROTTLED` for a pause longer than {@link longestWaitMs}
   */
  run<T>(work: () => Promise<T>, pass?: GatePass): Promise<T>;
  /**
   * Sends, when there is no pause, what counts as so many requests; for work that has its room already, once for each
   * time it sends. Throws as `run` does.
   */
  send<T>(work: () => Promise<T>, sending?: { readonly cost?: number; readonly signal?: AbortSignal | undefined }): Promise<T>;
  /** Closes the gate until then; an earlier end than the present one changes nothing. */
  bar(bar: Bar): void;
  /** Epoch milliseconds until which the gate is closed; in the past when it is open. */
  readonly barredUntil: number;
}

/** What one mailbox may be asked for. */
export interface MailboxLimits {
  /** Requests at once, 1 to 4. */
  readonly width: number;
  /** Default 10,000, what Graph allows a mailbox. */
  readonly requestsPerTenMinutes?: number;
}

export interface GateOptions extends MailboxLimits {
  readonly clock: Clock;
  /** The queue address, for messages. */
  readonly queue: string;
  /** Told of each new bar. */
  readonly onBar?: (bar: Bar) => void;
}

export function createGate({ clock, queue, width, requestsPerTenMinutes, onBar }: GateOptions): Gate {
  const singles = new PQueue({ concurrency: width });
  /** One batch at a time; while it runs, no single is under way. */
  const exclusives = new PQueue({ concurrency: 1 });
  const budget = createBudget(clock, requestsPerTenMinutes);
  let barred: Bar = { until: 0, code: "" };

  function bar(next: Bar): void {
    if (next.until <= Math.max(barred.until, clock.now())) return;
    barred = next;
    onBar?.(next);
  }

  /** Runs the work when there is no pause; with a cost, when the budget allows that as well, and takes it. */
  async function whenOpen<T>(work: () => Promise<T>, signal: AbortSignal | undefined, cost = 0): Promise<T> {
    signal?.throwIfAborted();
    for (;;) {
      if (cost > 0) bar({ until: budget.readyAt(cost), code: spentCode });
      const waitMs = barred.until - clock.now();
      if (waitMs <= 0) break;
      if (waitMs > longestWaitMs) throw barredError(queue, barred);
      await sleep(clock, waitMs, signal);
    }
    if (cost > 0) budget.spend(cost);
    return work();
  }

  async function alone<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    singles.pause();
    try {
      await sharedWait(singles.onPendingZero(), signal);
      return await whenOpen(work, signal);
    } finally {
      singles.start();
    }
  }

  return {
    run: (work, { exclusive = false, signal } = {}) =>
      exclusive ? placed(exclusives, () => alone(work, signal), signal) : placed(singles, () => whenOpen(work, signal), signal),
    send: (work, { cost = 1, signal } = {}) => whenOpen(work, signal, cost),
    bar,
    get barredUntil() {
      return barred.until;
    },
  };
}

/** Runs the work in its turn. p-queue hears of an abort only until then: later it would give the place away under the work. */
async function placed<T>(places: PQueue, work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return places.add(work);
  signal.throwIfAborted();
  const waiting = new AbortController();
  const leave = () => waiting.abort(signal.reason);
  signal.addEventListener("abort", leave, { once: true });
  const begin = () => {
    signal.removeEventListener("abort", leave);
    return work();
  };
  return places.add(begin, { signal: waiting.signal });
}

function barredError(queue: string, { until, code }: Bar): MailError {
  const when = new Date(until).toISOString();
  const message =
    code === spentCode
      ? `${queue} has had all the requests that Graph allows a mailbox in ten minutes; the next is sent at ${when}.`
      : `Graph wants no request of ${queue} before ${when} (${code}).`;
  return new MailError("GRAPH_THROTTLED", message, { queue, notBeforeAt: until, serviceCode: code });
}
