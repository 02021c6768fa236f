/**
 * Feeds one queue's handler from its ledger.
 *
 * Invariants: an attempt is durable before the handler sees the message; at most `maxInFlight` are unsettled at once; a
 * message that waits, retries or is missing blocks no other (but its own conversation, once, for at most a minute).
 * The dispatcher must not know cursors and rounds: what it is given is already recorded.
 */
import { backoffMs } from "../base/backoff.js";
import type { Clock } from "../base/clock.js";
import { asMailError, MailError } from "../base/errors.js";
import type { JsonObject } from "../graph/wire.js";
import type { Mark } from "../mailbox/marker.js";
import { toMailMessage } from "../mailbox/message.js";
import type { Reading } from "../mailbox/reader.js";
import { createDelivery, type Delivery, type RunningDelivery, type Verdict } from "./delivery.js";
import type { EmitDeliveryEvent } from "./events.js";
import { insisting } from "./insist.js";
import type { Ledger } from "./ledger.js";
import type { OpenEntry } from "./ledger-record.js";
import { createLoader } from "./loader.js";
import { conversationOf, createWaitingRoom, type Loaded } from "./waiting-room.js";

export interface DispatcherOptions {
  /** The queue address as configured. */
  readonly queue: string;
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** Fetches messages by id, at most 20. */
  readonly read: (ids: readonly string[], signal: AbortSignal) => Promise<Reading[]>;
  /** Hands a delivery over: the handler's promise, or nothing where a listener settles. */
  readonly handOver: (delivery: Delivery) => Promise<unknown> | undefined;
  readonly emit: EmitDeliveryEvent;
  /** A settled or quarantined message has a mark to be made. */
  readonly onMark: (entry: OpenEntry) => void;
  /** The ledger refused or failed beyond hope: the queue cannot go on here. */
  readonly onFailure: (error: MailError) => void;
  readonly maxInFlight: number;
  readonly maxAttempts: number;
  readonly handlerTimeoutMs: number;
  readonly highWaterBytes: number;
  readonly conversationOrder: "hold" | "release";
  readonly afterAck: Mark | undefined;
  readonly onQuarantine: Mark | undefined;
}

export interface Dispatcher {
  /** Entries of the ledger that are to be delivered, with their content where it is at hand. */
  add(entries: readonly OpenEntry[], items?: ReadonlyMap<string, JsonObject>): void;
  pause(): void;
  resume(): void;
  /** Takes no new work, waits for what is in flight, at `deadlineMs` cuts the rest off (their attempts do not count). */
  stop(deadlineMs: number): Promise<void>;
  /** Ends at once without writing: the queue belongs to somebody else. */
  abandon(reason: MailError): void;
  readonly inFlightCount: number;
  /** Recorded and not in flight. */
  readonly waitingCount: number;
}

/** Fewer loaded messages than this let the next read begin. */
const readAhead = 20;
const retryBackoff = { baseMs: 5_000, capMs: 600_000 };
/** The longest that a failed message holds its conversation, milliseconds. */
const longestHoldMs = 60_000;

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { queue, ledger, clock, emit, maxInFlight } = options;
  const room = createWaitingRoom(options);
  const inFlight = new Set<RunningDelivery>();
  const ended = new AbortController();
  /** Timers of retrying entries; each clears itself, `stop` clears the rest. They count as waiting. */
  const timers = new Set<() => void>();
  /** Called when `inFlight` becomes empty; empty when nobody waits for that. */
  let drained: (() => void)[] = [];
  let paused = false;
  let starting = 0;
  const loader = createLoader({
    ledger,
    room,
    clock,
    later,
    signal: ended.signal,
    read: options.read,
    onGone: (entry) => emit("message:gone", { queue, id: entry.id }),
    onChange: pump,
    onFailure: failed,
  });

  function pump(): void {
    if (paused || ended.signal.aborted) return;
    const some = room.takeLoaded(maxInFlight - inFlight.size - starting);
    if (some.length > 0) void start(some);
    if (room.hasRoom && room.unloadedCount > 0 && room.loadedCount < Math.max(maxInFlight, readAhead)) loader.start();
  }

  /** Makes the attempts durable in one commit, then hands over. */
  async function start(some: readonly Loaded[]): Promise<void> {
    starting += some.length;
    try {
      const begun = await durable(() => ledger.begin(some.map((one) => ({ entry: one.entry, conversationId: conversationOf(one) }))));
      for (const [index, entry] of begun.entries()) handOver(entry, (some[index] as Loaded).item);
    } catch (error) {
      failed(error);
    } finally {
      starting -= some.length;
      tellDrained();
      pump();
    }
  }

  function handOver(entry: OpenEntry, item: JsonObject): void {
    if (ended.signal.aborted) return;
    const key = `${ledger.queueKey}/${entry.id}`;
    const running = createDelivery({
      queue,
      key,
      clock,
      attempt: entry.attempts,
      message: toMailMessage(entry.id, item, entry),
      handlerTimeoutMs: options.handlerTimeoutMs,
      settle: (verdict) => settle(entry, item, verdict).finally(() => leave(running)),
    });
    inFlight.add(running);
    let work: Promise<unknown> | undefined;
    try {
      work = options.handOver(running.delivery);
    } catch (error) {
      work = Promise.reject(error as Error);
    }
    work
      ?.then(
        () => running.end({ kind: "ack" }),
        (error: unknown) => running.end({ kind: "retry", error: describe(error) }),
      )
      .catch(failed);
  }

  function leave(running: RunningDelivery): void {
    inFlight.delete(running);
    tellDrained();
    pump();
  }

  function tellDrained(): void {
    if (inFlight.size > 0 || starting > 0) return;
    for (const tell of drained) tell();
    drained = [];
  }

  async function settle(entry: OpenEntry, item: JsonObject, verdict: Verdict): Promise<void> {
    const about = { queue, id: entry.id };
    const conversationId = entry.conversationId;
    if (verdict.kind === "retry" && entry.attempts < options.maxAttempts) {
      const nextAt = clock.now() + (verdict.afterMs ?? backoffMs(clock, entry.attempts, retryBackoff));
      const next = await durable(() => ledger.retry(entry, { notBeforeAt: nextAt, error: verdict.error }));
      emit("message:retrying", { ...about, attempt: entry.attempts, reason: verdict.error, nextAt });
      const holds = options.conversationOrder === "hold" && entry.attempts === 1;
      wait(next, item, holds ? conversationId : undefined);
      if (!holds) room.free(conversationId);
      return;
    }
    if (verdict.kind === "cut-off") {
      await durable(() => ledger.release(entry));
      return;
    }
    const acked = verdict.kind === "ack";
    const mark = acked ? options.afterAck : options.onQuarantine;
    const marking = await durable(() =>
      ledger.settle(entry, { outcome: acked ? "settled" : "quarantined", mark, ...(acked ? {} : { error: verdict.error }) }),
    );
    room.free(conversationId);
    if (verdict.kind === "ack") emit("message:settled", { ...about, attempt: entry.attempts });
    else emit("message:quarantined", { ...about, attempts: entry.attempts, reason: verdict.error });
    if (marking) options.onMark(marking);
  }

  /** Back to the room when its time has come; a held conversation goes on then, or after a minute. */
  function wait(entry: OpenEntry, item: JsonObject | undefined, held: string | undefined): void {
    const delayMs = (entry.notBeforeAt ?? 0) - clock.now();
    const short = delayMs <= longestHoldMs;
    later(delayMs, () => {
      room.add(entry, held !== undefined && short ? item : undefined);
      if (short) room.free(held);
    });
    if (held !== undefined && !short) later(longestHoldMs, () => room.free(held));
  }

  function later(delayMs: number, run: () => void): void {
    const stop = clock.startTimer(() => {
      timers.delete(stop);
      run();
      pump();
    }, delayMs);
    timers.add(stop);
  }

  function durable<T>(write: () => Promise<T>): Promise<T> {
    return insisting(write, { clock, signal: ended.signal });
  }

  function failed(error: unknown): void {
    if (!ended.signal.aborted) options.onFailure(asMailError(error, "STORE_UNAVAILABLE", `The ledger of ${queue} failed.`, { queue }));
  }

  function clear(): void {
    for (const stop of timers) stop();
    timers.clear();
  }

  return {
    add(entries, items) {
      const now = clock.now();
      for (const entry of entries) {
        const item = items?.get(entry.id);
        if (entry.state === "retrying" && (entry.notBeforeAt ?? 0) > now) wait(entry, undefined, undefined);
        else room.add(entry, item);
      }
      pump();
    },
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
      pump();
    },
    async stop(deadlineMs) {
      paused = true;
      clear();
      if (inFlight.size > 0 || starting > 0) {
        const empty = new Promise<void>((resolve) => drained.push(resolve));
        const stopTimer = clock.startTimer(() => cutOff(), deadlineMs);
        await empty;
        stopTimer();
      }
      ended.abort(stopped(queue));
    },
    abandon(reason) {
      ended.abort(reason);
      clear();
      for (const running of inFlight) {
        running.abort(reason);
        // Its settlement fails, and that is what the host's own calls to ack or retry get.
        running.end({ kind: "cut-off" }).catch(() => undefined);
      }
    },
    get inFlightCount() {
      return inFlight.size + starting;
    },
    get waitingCount() {
      return room.size + timers.size;
    },
  };

  function cutOff(): void {
    for (const running of inFlight) {
      running.abort(stopped(queue));
      running.end({ kind: "cut-off" }).catch(failed);
    }
  }
}

function stopped(queue: string): MailError {
  return new MailError(
    "LIFECYCLE_STOPPED",
    `The daemon stopped before the handler had finished; ${queue} delivers the message again at the next start.`,
    { queue },
  );
}

/** The host's error as a line for the ledger. */
function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : "the handler threw something that is no Error";
}
