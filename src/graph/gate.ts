/**
 * The limits of one mailbox: at most `width` requests at once, a batch alone (its parts run four at a time on the
 * server, whatever their mailbox: Graph throttling limits), no more in ten minutes than Graph allows, and nothing at
 * all while Graph asked for a pause. A spent budget is a pause of our own, kept and told as Graph's are.
 *
 * Streams: bytes that a host reads at its own pace hold their place until they end, as Graph may count their request
 * until then. So that a slow host stops neither rounds nor marks, streams get half of the places at the most, the next
 * one waits for the end of another; and a batch takes the places that no stream holds, with as many parts at once.
 *
 * Invariants: no request starts before `barredUntil`; a call hangs for no longer pause than `longestWaitMs`; what is sent
 * has passed the governor last, and no pause has come since. The gate must not know what the requests are. A class, so
 * that ten thousand share its methods.
 */
import { type Clock, sleep } from "../base/clock.js";
import { type HeldUntil, leavingAfter } from "../base/held-until.js";
import { type Bar, barredError, longestWaitMs, Pause, spentCode, uploadedCode } from "./bar.js";
import { type Budget, createBudget, mailboxAllowance, uploadAllowance } from "./budget.js";
import type { Urgency } from "./fair-order.js";
import type { GateMemory } from "./gate-memory.js";
import type { Governor } from "./governor.js";
import { createPlaces, type Pass, type Places } from "./places.js";
import { StreamPlaces } from "./stream-places.js";

export interface GatePass {
  /** Takes all places that no stream holds. Default false. */
  readonly exclusive?: boolean;
  /** It goes on when the work has ended, see {@link HeldUntil}; at most half of the places go to such. Default false. */
  readonly streamed?: boolean;
  /** Default `"backlog"`. */
  readonly urgency?: Urgency | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Sending {
  /** Requests that it counts for: the parts of a batch and the batch itself. Default 1. */
  readonly cost?: number;
  /** As of {@link GatePass}. */
  readonly streamed?: boolean;
  /** Bytes of its body. Default 0. */
  readonly bytes?: number;
  readonly urgency?: Urgency | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Gate {
  /**
   * Runs `work` when there is room and no pause; an abort before it starts rejects at once with the signal's reason.
   * `most`: as many requests may run at once inside it, where streams leave an exclusive one less than the whole gate.
   * @throws MailError `GRAPH_THROTTLED` for a pause longer than {@link longestWaitMs}
   */
  run<T>(work: (most: number) => Promise<T>, pass?: GatePass, heldUntil?: HeldUntil<T>): Promise<T>;
  /**
   * Sends, when there is no pause of the mailbox or of all; for work that has its room already, once for each time it
   * sends. Throws as `run` does.
   */
  send<T>(work: () => Promise<T>, sending?: Sending, heldUntil?: HeldUntil<T>): Promise<T>;
  /** Graph asked for a pause: closes the gate until then; an earlier end than the present one changes nothing. */
  bar(bar: Bar): void;
  /** Closes the gate for a pause that was asked for before a restart. */
  keep(bar: Bar): void;
  /** Graph did as it was asked. */
  answered(): void;
  /** Resolves when nothing is inside: also what was given up has its answer, or is broken off. */
  empty(): Promise<void>;
  /** Epoch milliseconds until which the gate is closed; now or in the past when it is open. */
  readonly barredUntil: number;
  /** Whether it is closed because the application is. */
  readonly isBarredForAll: boolean;
  /** Refusals since the last success that asked for a pause and named no time; its calls count them. */
  unnamedCount: number;
  /** What the next gate of the mailbox is to know. */
  readonly memory: GateMemory;
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
  readonly governor: Governor;
  /**
   * Asked last before each sending, where the queue may be another process's by now. Default: it is not.
   * @throws what the sending is to fail with
   */
  readonly confirm?: (() => Promise<void>) | undefined;
  /** Told of each new bar. */
  readonly onBar?: (bar: Bar) => void;
  /** What the gate before this one knew. Default: nothing. */
  readonly memory?: GateMemory | undefined;
  /** Requests of the last ten minutes that were sent before this gate was made, those that `memory` has among them. Default 0. */
  readonly spentBefore?: number;
  /** Told of what was sent in the last ten minutes, after each twentieth of what Graph allows. */
  readonly onSpent?: (count: number) => void;
}

/** Requests from one telling of what was sent to the next. */
const toldAfter = mailboxAllowance.limit / 20;
/** Requests of a batch that the server runs at once (JSON batching, Outlook service). */
const batchWidth = 4;

/** One that wants in. */
class Visit implements Pass {
  readonly urgency: Urgency;
  /** Calls, batches and streams in turn. */
  readonly lane: "call" | "batch" | "stream";
  readonly signal: AbortSignal | undefined;
  /** Requests that may run at once inside. */
  most = Number.POSITIVE_INFINITY;
  readonly #width: number;
  readonly #streams: StreamPlaces;

  constructor({ exclusive = false, streamed = false, urgency = "backlog", signal }: GatePass, width: number, streams: StreamPlaces) {
    this.urgency = urgency;
    this.lane = streamed ? "stream" : exclusive ? "batch" : "call";
    this.signal = signal;
    this.#width = width;
    this.#streams = streams;
  }

  /** Of a batch, what the streams leave, which changes while it waits. */
  get weight(): number {
    return this.lane === "batch" ? Math.max(1, this.#width - this.#streams.held) : 1;
  }

  enter(): void {
    if (this.lane === "stream") this.#streams.entered();
    else if (this.#streams.held > 0) this.most = this.weight;
  }
}

function leavingFirst(leave: () => void): (error: unknown) => never {
  return (error) => {
    leave();
    throw error;
  };
}

/** Shared by all gates. */
const enterGate = (visit: Visit) => visit.enter();

export function createGate(options: GateOptions): Gate {
  return new MailboxGate(options);
}

class MailboxGate implements Gate {
  readonly #options: GateOptions;
  readonly #places: Places<Visit>;
  readonly #streams: StreamPlaces;
  readonly #budget: Budget;
  /** Empty until something is uploaded: queues without marks never do. */
  #uploads: Budget | undefined;
  readonly #pause: Pause;
  unnamedCount: number;
  /** Requests since what was spent was told last. */
  #untold = 0;
  #inside = 0;
  /** Called when nothing is; empty while nobody waits for that. */
  #whenEmpty: (() => void)[] | undefined;

  constructor(options: GateOptions) {
    const { clock, requestsPerTenMinutes, spentBefore = 0, memory } = options;
    this.#options = options;
    this.#places = createPlaces({ clock, width: options.width, onEnter: enterGate });
    this.#streams = new StreamPlaces(clock, options.width);
    this.#pause = new Pause(clock);
    this.#budget = createBudget(
      clock,
      requestsPerTenMinutes === undefined ? mailboxAllowance : { ...mailboxAllowance, limit: requestsPerTenMinutes },
    );
    if (memory) this.#budget.restore(memory.spent);
    if (memory && memory.uploaded.length > 0) this.#uploadBudget.restore(memory.uploaded);
    this.unnamedCount = memory?.unnamed ?? 0;
    // What was sent after the last telling is not known: as much as can be.
    const untold = spentBefore > 0 ? spentBefore + toldAfter - this.#budget.spent : 0;
    if (untold > 0) this.#budget.spend(untold);
  }

  async run<T>(work: (most: number) => Promise<T>, pass: GatePass = {}, heldUntil?: HeldUntil<T>): Promise<T> {
    const { signal } = pass;
    const visit = new Visit(pass, this.#options.width, this.#streams);
    const take = () => this.#places.take(visit);
    const leave = await (pass.streamed ? this.#streams.enter(visit, take) : take());
    this.#inside += 1;
    const exit = () => this.#left(leave);
    return leavingAfter(exit, heldUntil, async () => {
      await this.#untilOpen(signal);
      return work(visit.most);
    });
  }

  async send<T>(
    work: () => Promise<T>,
    { cost = 1, bytes = 0, streamed, urgency = "backlog", signal }: Sending = {},
    heldUntil?: HeldUntil<T>,
  ): Promise<T> {
    const { governor, queue, confirm } = this.#options;
    const weight = Math.min(batchWidth, Math.max(1, cost - 1));
    for (;;) {
      await this.#untilOpen(signal, cost, bytes);
      const leave = await governor.enter({ lane: this, weight, cost, urgency, queue, streamed, signal });
      if (confirm) await confirm().catch(leavingFirst(leave));
      // The wait for the place may have brought a pause.
      if (this.#pauseMs(cost, bytes) > 0) {
        leave();
        continue;
      }
      return leavingAfter(leave, heldUntil, () => {
        this.#spend(cost, bytes);
        return work();
      });
    }
  }

  bar(bar: Bar): void {
    this.#options.governor.answered(this, bar);
    this.keep(bar);
  }

  keep(bar: Bar): void {
    if (this.#pause.extend(bar)) this.#options.onBar?.(bar);
  }

  answered(): void {
    this.#options.governor.answered(this);
  }

  empty(): Promise<void> {
    if (this.#inside === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenEmpty = [...(this.#whenEmpty ?? []), resolve];
    });
  }

  #left(leave: () => void): void {
    this.#inside -= 1;
    leave();
    if (this.#inside > 0) return;
    for (const resolve of this.#whenEmpty ?? []) resolve();
    this.#whenEmpty = undefined;
  }

  get barredUntil(): number {
    return Math.max(this.#pause.bar.until, this.#options.governor.barredUntil);
  }

  get isBarredForAll(): boolean {
    return this.#options.governor.barredUntil > this.#options.clock.now();
  }

  get memory(): GateMemory {
    const { slices: spent } = this.#budget;
    return { at: this.#options.clock.now(), spent, uploaded: this.#uploads?.slices ?? [], unnamed: this.unnamedCount };
  }

  get #uploadBudget(): Budget {
    this.#uploads ??= createBudget(this.#options.clock, uploadAllowance);
    return this.#uploads;
  }

  #spend(cost: number, bytes: number): void {
    if (bytes > 0) this.#uploadBudget.spend(bytes);
    this.#budget.spend(cost);
    this.#untold += cost;
    if (this.#untold < toldAfter) return;
    this.#untold = 0;
    this.#options.onSpent?.(this.#budget.spent);
  }

  /** Milliseconds until nothing of the mailbox itself stands in the way. */
  #pauseMs(cost: number, bytes: number): number {
    const spentMs = cost > 0 ? this.#budget.waitMs(cost) : 0;
    const uploadedMs = bytes > 0 ? (this.#uploads?.waitMs(bytes) ?? 0) : 0;
    const now = this.#options.clock.now();
    if (spentMs > 0) this.keep({ until: now + spentMs, code: spentCode });
    if (uploadedMs > 0) this.keep({ until: now + uploadedMs, code: uploadedCode });
    return this.#pause.leftMs;
  }

  async #untilOpen(signal: AbortSignal | undefined, cost = 0, bytes = 0): Promise<void> {
    signal?.throwIfAborted();
    for (let waitMs = this.#pauseMs(cost, bytes); waitMs > 0; waitMs = this.#pauseMs(cost, bytes)) {
      const { queue, clock } = this.#options;
      if (waitMs > longestWaitMs) throw barredError(queue, this.#pause.bar);
      await sleep(clock, waitMs, signal);
    }
  }
}
