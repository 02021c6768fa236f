/**
 * Feeds one queue's handler from its ledger.
 *
 * Invariants: an attempt is durable before the handler sees the message; at most `maxInFlight` are unsettled at once; a
 * message that waits, retries or is missing blocks no other (but its own conversation, once, for at most a minute).
 * The dispatcher must not know cursors and rounds: what it is given is already recorded.
 */
import { setMaxListeners } from "node:events";
import { backoffMs } from "../base/backoff.js";
import type { Clock } from "../base/clock.js";
import { asMailError, MailError } from "../base/errors.js";
import type { JsonObject } from "../graph/wire.js";
import type { Mark } from "../mailbox/marker.js";
import { toMailMessage } from "../mailbox/message.js";
import { createDelays } from "./delays.js";
import { createDelivery, type Delivery, errorText, type RunningDelivery, type Verdict } from "./delivery.js";
import type { EmitDeliveryEvent } from "./events.js";
import type { IfChangedElsewhere } from "./foreign.js";
import { createInFlight } from "./in-flight.js";
import { insisting } from "./insist.js";
import type { Ledger } from "./ledger.js";
import type { OpenEntry } from "./ledger-record.js";
import { createLoader, type MailboxReading } from "./loader.js";
import { conversationOf, createWaitingRoom, type Loaded } from "./waiting-room.js";

export interface DispatcherOptions extends MailboxReading {
  /** The queue address as configured. */
  readonly queue: string;
  readonly ledger: Ledger;
  readonly clock: Clock;
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
  readonly ifChangedElsewhere: IfChangedElsewhere;
  readonly afterAck: Mark | undefined;
  readonly onQuarantine: Mark | undefined;
}

export interface Dispatcher {
  /** Entries of the ledger that are to be delivered, with their content where it is at hand. */
  add(entries: readonly OpenEntry[], items?: ReadonlyMap<string, JsonObject>): void;
  pause(): void;
  resume(): void;
  /**
   * Takes no new work, waits for what is in flight, at `deadlineMs` cuts the rest off (their attempts do not count).
   * A store that does not take that either is given up a little later; the next start then counts a crash.
   */
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
/** Milliseconds after a stop's deadline for the store to take what was cut off. */
const graceMs = 1_000;

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  const { queue, ledger, clock, emit, maxInFlight } = options;
  const room = createWaitingRoom(options);
  const inFlight = createInFlight();
  const ended = new AbortController();
  setMaxListeners(0, ended.signal); // Each write in trouble listens; Node takes more than ten for a leak.
  const delays = createDelays(clock);
  /** Nothing is handed over: a pause, or a stop past its deadline. */
  let paused = false;
  let stopping = false;
  /** Entries that were added and are neither settled nor gone. */
  let openCount = 0;
  const loader = createLoader({
    ...options,
    room,
    later,
    signal: ended.signal,
    onClosed() {
      openCount -= 1;
    },
    onChange: pump,
    onFailure: failed,
  });

  function pump(): void {
    if (paused || stopping || ended.signal.aborted) return;
    const some = room.takeLoaded(maxInFlight - inFlight.count);
    if (some.length > 0) void start(some);
    if (room.roomFor > 0 && room.unloadedCount > 0 && room.loadedCount < Math.max(maxInFlight, readAhead)) loader.start();
  }

  /** Makes the attempts durable in one commit, then hands over. */
  async function start(some: readonly Loaded[]): Promise<void> {
    inFlight.reserve(some.length);
    let left = some;
    try {
      const begun = await durable(() => ledger.begin(some.map((one) => ({ entry: one.entry, conversationId: conversationOf(one) }))));
      for (const entry of begun) {
        if (paused || ended.signal.aborted) break;
        const [{ item }, ...others] = left as [Loaded, ...Loaded[]];
        left = others;
        handOver(entry, item);
      }
      if (left.length > 0) await takeBack(begun.slice(-left.length), left);
    } catch (error) {
      failed(error);
    } finally {
      inFlight.giveBack(left.length);
      pump();
    }
  }

  /** A pause or a stop's deadline came while the attempts became durable: they do not count. */
  async function takeBack(begun: readonly OpenEntry[], some: readonly Loaded[]): Promise<void> {
    const released = await durable(() => Promise.all(begun.map((entry) => ledger.release(entry))));
    for (const [index, entry] of released.entries()) {
      room.add(entry, (some[index] as Loaded).item);
      room.free(entry.conversationId);
    }
  }

  function handOver(entry: OpenEntry, item: JsonObject): void {
    const key = `${ledger.queueKey}/${entry.id}`;
    const running: RunningDelivery = createDelivery({
      queue,
      key,
      clock,
      attempt: entry.attempts,
      message: toMailMessage(entry.id, item, entry),
      handlerTimeoutMs: options.handlerTimeoutMs,
      settle: (verdict) =>
        settle(entry, item, verdict)
          .catch((error: unknown) => {
            failed(error);
            throw unsettled(entry, error);
          })
          .finally(() => {
            inFlight.leave(running);
            pump();
          }),
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
        (error: unknown) => running.end({ kind: "retry", error: errorText(error) }),
      )
      .catch(() => undefined); // Told already, by the settlement itself.
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
    openCount -= 1;
    room.free(conversationId);
    if (verdict.kind === "ack") emit("message:settled", { ...about, attempt: entry.attempts });
    else emit("message:quarantined", { ...about, attempts: entry.attempts, reason: verdict.error });
    if (marking) options.onMark(marking);
  }

  /** Back to the room when its time has come; a held conversation goes on then, or after a minute. */
  function wait(entry: OpenEntry, item: JsonObject | undefined, held: string | undefined): void {
    const delayMs = (entry.notBeforeAt ?? 0) - clock.now();
    const short = delayMs <= longestHoldMs;
    const kept = item && held !== undefined && short ? room.keep(entry, item) : undefined;
    later(delayMs, () => {
      if (kept) room.putBack(kept);
      else room.add(entry);
      if (short) room.free(held);
    });
    if (held !== undefined && !short) later(longestHoldMs, () => room.free(held));
  }

  function later(delayMs: number, step: () => void): void {
    delays.start(delayMs, () => {
      step();
      pump();
    });
  }

  function durable<T>(write: () => Promise<T>): Promise<T> {
    return insisting(write, { clock, signal: ended.signal });
  }

  function failed(error: unknown): void {
    if (!ended.signal.aborted) options.onFailure(asMailError(error, "STORE_UNAVAILABLE", `The ledger of ${queue} failed.`, { queue }));
  }

  function end(reason: MailError): void {
    ended.abort(reason);
    delays.end();
  }

  function unsettled({ id }: OpenEntry, cause: unknown): MailError {
    if (cause instanceof MailError && cause.code === "LIFECYCLE_LOST_QUEUE") return cause;
    const message = `The end of the delivery of ${id} could not be recorded: ${queue} is not delivered by this process any more.`;
    return new MailError("LIFECYCLE_LOST_QUEUE", message, { queue, messageId: id, cause });
  }

  return {
    add(entries, items) {
      const now = clock.now();
      openCount += entries.length;
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
      stopping = true;
      let stopTimer = clock.startTimer(() => {
        paused = true;
        inFlight.cutOff(stopped(queue));
        stopTimer = clock.startTimer(() => end(stopped(queue)), graceMs);
      }, deadlineMs);
      await inFlight.empty();
      stopTimer();
      end(stopped(queue));
    },
    abandon(reason) {
      end(reason);
      // Nothing is written any more: their settlement fails, and that is what the host's own calls to ack or retry get.
      inFlight.cutOff(reason);
    },
    get inFlightCount() {
      return inFlight.count;
    },
    get waitingCount() {
      return openCount - inFlight.count;
    },
  };
}

function stopped(queue: string): MailError {
  return new MailError(
    "LIFECYCLE_STOPPED",
    `The daemon stopped before the handler had finished; ${queue} delivers the message again at the next start.`,
    { queue },
  );
}
