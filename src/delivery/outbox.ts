/**
 * The marks of one queue on their way to the server: many leave together, after at most a short wait.
 *
 * Invariants: an order lies in the ledger until it is done, so it survives everything; one batch is out at a time, and
 * where there are many orders one more waits for its place behind it, so that marks go before other work; an order
 * that can never succeed is told and let go, and blocks nothing, also where it spoils the whole batch; a message counts
 * as vanished only while the mailbox itself is there; of an order that was dropped nothing is told or recorded.
 */
import { setMaxListeners } from "node:events";
import { backoffMs } from "../base/backoff.js";
import type { Clock } from "../base/clock.js";
import { asMailError, MailError } from "../base/errors.js";
import { sharedWait } from "../base/shared-wait.js";
import { pauseMs } from "../graph/retry.js";
import type { MarkOrder, MarkResult } from "../mailbox/marker.js";
import { createDelays } from "./delays.js";
import type { EmitDeliveryEvent } from "./events.js";
import { insisting } from "./insist.js";
import type { Ledger } from "./ledger.js";
import type { OpenEntry } from "./ledger-record.js";
import { judgeMark } from "./mark-verdict.js";

export interface OutboxOptions {
  /** The queue address as configured. */
  readonly queue: string;
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** Carries out at most 20 orders. */
  readonly apply: (orders: readonly MarkOrder[], signal: AbortSignal) => Promise<MarkResult[]>;
  /** Whether Graph gives the mailbox itself: otherwise a 404 says nothing about a message. */
  readonly mailboxAnswers: (signal: AbortSignal) => Promise<boolean>;
  readonly emit: EmitDeliveryEvent;
  readonly onFailure: (error: MailError) => void;
  /** What an outbox before it knew. Default: nothing. */
  readonly kept?: KeptMarks | undefined;
}

/** What an outbox knows beyond the ledger. Times are epoch milliseconds. */
export interface KeptMarks {
  /** Batches that failed in a row, and when the next may go. */
  readonly failures: number;
  readonly notBeforeAt: number;
  /** Refused orders, as many as a record may hold. */
  readonly refused: readonly { readonly id: string; readonly count: number; readonly askAt: number }[];
}

export interface Outbox {
  add(entry: OpenEntry): void;
  /** Lets go of the message's order without a word. If it is under way it may still be carried out, which counts no more. */
  drop(id: string): void;
  /** Sends what is waiting and resolves when it is out or cannot go now; at most `deadlineMs`. What is left stays in the ledger. */
  stop(deadlineMs: number): Promise<void>;
  /** Ends at once. */
  abandon(reason: MailError): void;
  /** Not known to be made: those under way count as well. */
  readonly waitingCount: number;
  /** Milliseconds until one of these is to be sent: 0 while it is, or is under way; infinite where there is none. */
  readonly firstInMs: number;
  readonly kept: KeptMarks;
  /** Nothing waits, is under way or is being recorded. */
  readonly isEmpty: boolean;
}

interface Flight {
  /** Until the results are recorded; those dropped meanwhile are not among them. */
  readonly orders: Set<OpenEntry>;
  /** Never rejects. */
  readonly done: Promise<void>;
}

const batch = 20;
/** Batches that are out or wait for their place. */
const atOnce = 2;
/** Milliseconds that the first mark waits for company. */
const gatherMs = 100;
const backoff = { baseMs: 2_000, capMs: 300_000 };
/** Refused orders that are kept for an outbox after it. */
const mostKept = 200;

export function createOutbox({ queue, ledger, clock, apply, mailboxAnswers, emit, onFailure, kept: before }: OutboxOptions): Outbox {
  const waiting: OpenEntry[] = [];
  const ended = new AbortController();
  setMaxListeners(0, ended.signal); // Each write in trouble listens; Node takes more than ten for a leak.
  /** Clears the timer of the next batch; empty when none runs. */
  let stopTimer: (() => void) | undefined;
  /** Refused orders. */
  const delayed = createDelays(clock);
  /** By message id, what clears a refused order's delay; gone when that is over. */
  const clears = new Map<string, () => void>();
  /** Records of marks made that are not durable yet; each leaves when it is. */
  const writes = new Set<Promise<void>>();
  /** Batches that are out or wait for their place. */
  const flights = new Set<Flight>();
  /** By message id, refusals in a row since the start, and the marks made until the last; what is done with has none. */
  const refusals = new Map<string, { readonly count: number; readonly madeBefore: number; readonly askAt: number }>(
    before?.refused.map(({ id, count, askAt }) => [id, { count, madeBefore: 0, askAt: believed(askAt) }]),
  );
  /** Marks made since the start. */
  let made = 0;
  /** Batches that failed in a row, and when the next may go, epoch milliseconds. */
  let [failures, notBeforeAt] = [before?.failures ?? 0, believed(before?.notBeforeAt ?? 0)];
  /** Empty until the outbox is stopped. */
  let draining: Promise<void> | undefined;

  /** Another machine's clock may be ahead; a pause that is longer is the gate's to keep. */
  function believed(at: number): number {
    return Math.min(at, clock.now() + backoff.capMs);
  }

  function schedule(): void {
    if (ended.signal.aborted || waiting.length === 0) return;
    const isFull = waiting.length >= batch;
    if (flights.size > 0 && !(isFull && flights.size < atOnce && failures === 0)) return;
    const restMs = notBeforeAt - clock.now();
    if ((isFull && restMs <= 0) || draining) return launch();
    stopTimer ??= clock.startTimer(launch, Math.max(gatherMs, restMs));
  }

  function launch(): void {
    stopTimer?.();
    stopTimer = undefined;
    const entries = waiting.splice(0, batch);
    const orders = new Set(entries);
    const done = send(entries, orders)
      .catch(failed)
      .finally(() => {
        flights.delete(flight);
        if (!draining) schedule();
      });
    const flight = { orders, done };
    flights.add(flight);
    if (!draining) schedule();
  }

  async function send(entries: readonly OpenEntry[], underWay: Set<OpenEntry>): Promise<void> {
    let results: MarkResult[];
    try {
      const orders = entries.map(({ id, mark }) => ({ id, mark: mark ?? {} }));
      results = await sharedWait(applyHalving(orders), ended.signal);
      failures = 0;
    } catch (error) {
      waiting.unshift(...underWay);
      underWay.clear();
      if (ended.signal.aborted || draining) return;
      failures += 1;
      notBeforeAt = clock.now() + Math.max(pauseMs(error, clock), backoffMs(clock, failures, backoff));
      return;
    }
    await record(entries, results, underWay);
  }

  /** One order can spoil the request for all: such a batch is halved until it has the refusal to itself. */
  async function applyHalving(orders: readonly MarkOrder[]): Promise<MarkResult[]> {
    try {
      return await apply(orders, ended.signal);
    } catch (error) {
      if (ended.signal.aborted || !(error instanceof MailError) || error.scope !== "call") throw error;
      if (orders.length === 1) return [{ done: false, error, asWhole: true }];
      const middle = Math.ceil(orders.length / 2);
      return [...(await applyHalving(orders.slice(0, middle))), ...(await applyHalving(orders.slice(middle)))];
    }
  }

  async function record(
    entries: readonly OpenEntry[],
    results: readonly (MarkResult | undefined)[],
    underWay: Set<OpenEntry>,
  ): Promise<void> {
    const finished: { entry: OpenEntry; error?: string; vanished?: true }[] = [];
    made += results.filter((result) => result?.done && !result.vanished).length;
    /** Asked once for all that is missing; empty until then. */
    let isThere: boolean | undefined;
    for (const [index, entry] of entries.entries()) {
      if (!underWay.has(entry)) continue;
      const result = results[index];
      const verdict = judgeMark(result, entry, made > (refusals.get(entry.id)?.madeBefore ?? made));
      if (verdict === "believed") isThere ??= await sharedWait(mailboxAnswers(ended.signal), ended.signal);
      if (verdict === "done") finished.push({ entry });
      else if (verdict === "believed" && isThere)
        finished.push({ entry, ...(entry.mark?.delete === "permanently" ? {} : { vanished: true }) });
      else if (verdict === "failed" && result?.done === false) finished.push({ entry, error: result.error.message });
      else {
        const next = verdict === "counted" ? await durable(() => ledger.markFailed(entry)) : entry;
        if (underWay.delete(entry)) again(next);
      }
    }
    const known = finished.filter(({ entry }) => underWay.delete(entry));
    // Told before it is durable: a mark made twice does no harm.
    for (const { entry, error, vanished } of known) {
      refusals.delete(entry.id);
      if (error !== undefined) emit("message:mark-failed", { queue, id: entry.id, reason: error });
      else emit("message:marked", { queue, id: entry.id, outcome: entry.outcome ?? "settled", ...(vanished ? { vanished } : {}) });
    }
    // That write waits for company; the next batch does not wait for it.
    if (known.length > 0) keep(durable(() => ledger.marked(known)));
  }

  /** A refused order waits by itself, longer each time: the others go on. */
  function again(entry: OpenEntry): void {
    const count = (refusals.get(entry.id)?.count ?? entry.markAttempts ?? 0) + 1;
    const delayMs = backoffMs(clock, count, backoff);
    refusals.set(entry.id, { count, madeBefore: made, askAt: clock.now() + delayMs });
    delay(entry, delayMs);
  }

  function delay(entry: OpenEntry, delayMs: number): void {
    const clear = delayed.start(delayMs, () => {
      clears.delete(entry.id);
      waiting.push(entry);
      schedule();
    });
    clears.set(entry.id, clear);
  }

  function keep(write: Promise<void>): void {
    const kept: Promise<void> = write.catch(failed).finally(() => writes.delete(kept));
    writes.add(kept);
  }

  function failed(error: unknown): void {
    if (ended.signal.aborted) return;
    onFailure(asMailError(error, "STORE_UNAVAILABLE", `The ledger of ${queue} failed.`, { queue }));
  }

  function end(reason: MailError): void {
    ended.abort(reason);
    stopTimer?.();
    delayed.end();
  }

  async function drain(): Promise<void> {
    await landed();
    // Without a rest: there may be no later.
    for (let before = Number.POSITIVE_INFINITY; waiting.length > 0 && waiting.length < before && !ended.signal.aborted; ) {
      before = waiting.length;
      launch();
      await landed();
    }
    await Promise.all(writes);
    end(stoppedReason());
  }

  async function landed(): Promise<void> {
    await Promise.all([...flights].map(({ done }) => done));
  }

  function underWayCount(): number {
    return [...flights].reduce((sum, { orders }) => sum + orders.size, 0);
  }

  function durable<T>(write: () => Promise<T>): Promise<T> {
    return insisting(write, { clock, signal: ended.signal });
  }

  return {
    add(entry) {
      const askInMs = (refusals.get(entry.id)?.askAt ?? 0) - clock.now();
      if (askInMs > 0) return delay(entry, askInMs);
      waiting.push(entry);
      schedule();
    },
    drop(id) {
      const at = waiting.findIndex((entry) => entry.id === id);
      if (at >= 0) waiting.splice(at, 1);
      for (const { orders } of flights) for (const entry of orders) if (entry.id === id) orders.delete(entry);
      clears.get(id)?.();
      clears.delete(id);
      refusals.delete(id);
    },
    async stop(deadlineMs) {
      const stopDeadline = clock.startTimer(() => end(stoppedReason()), deadlineMs);
      draining ??= drain();
      await draining;
      stopDeadline();
    },
    abandon: end,
    get firstInMs() {
      if (flights.size + writes.size > 0) return 0;
      return Math.min(waiting.length === 0 ? Number.POSITIVE_INFINITY : Math.max(0, notBeforeAt - clock.now()), delayed.firstInMs);
    },
    get kept() {
      const refused = [...refusals].filter(([id]) => clears.has(id)).slice(0, mostKept);
      return { failures, notBeforeAt, refused: refused.map(([id, { count, askAt }]) => ({ id, count, askAt })) };
    },
    get waitingCount() {
      return waiting.length + underWayCount() + delayed.count;
    },
    get isEmpty() {
      return waiting.length + delayed.count + writes.size + flights.size === 0 && !stopTimer;
    },
  };

  function stoppedReason(): MailError {
    return new MailError("LIFECYCLE_STOPPED", `The marks of ${queue} that are left go out at the next start.`, { queue });
  }
}
