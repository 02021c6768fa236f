/**
 * The limits of one mailbox: at most `width` requests at once, a batch alone (its parts run four at a time on the
 * server, whatever their mailbox: Graph throttling limits), no more in ten minutes than Graph allows, and nothing at
 * all while Graph asked for a pause. A spent budget is a pause of our own, kept and told as Graph's are.
 *
 * Invariants: no request starts before `barredUntil`; a call hangs for no longer pause than `longestWaitMs`; what is sent
 * has passed the governor last, and no pause has come since. The gate must not know what the requests are. A class, so
 * that ten thousand share its methods.
 */
import { type Clock, sleep } from "../base/clock.js";
import { type Bar, barredError, longestWaitMs, Pause, spentCode } from "./bar.js";
import { type Budget, createBudget, mailboxAllowance } from "./budget.js";
import type { Urgency } from "./fair-order.js";
import type { Governor } from "./governor.js";
import { createPlaces, type Pass, type Places } from "./places.js";

export interface GatePass {
  /** Takes the whole gate. Default false. */
  readonly exclusive?: boolean;
  /** Default `"backlog"`. */
  readonly urgency?: Urgency | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Sending {
  /** Requests that it counts for: the parts of a batch and the batch itself. Default 1. */
  readonly cost?: number;
  readonly urgency?: Urgency | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Gate {
  /**
   * Runs `work` when there is room and no pause; an abort before it starts rejects at once with the signal's reason.
   * @throws MailError `GRAPH_THROTTLED` for a pause longer than {@link longestWaitMs}
   */
  run<T>(work: () => Promise<T>, pass?: GatePass): Promise<T>;
  /**
   * Sends, when there is no pause of the mailbox or of all; for work that has its room already, once for each time it
   * sends. Throws as `run` does.
   */
  send<T>(work: () => Promise<T>, sending?: Sending): Promise<T>;
  /** Graph asked for a pause: closes the gate until then; an earlier end than the present one changes nothing. */
  bar(bar: Bar): void;
  /** Closes the gate for a pause that was asked for before a restart. */
  keep(bar: Bar): void;
  /** Graph did as it was asked. */
  answered(): void;
  /** Epoch milliseconds until which the gate is closed; now or in the past when it is open. */
  readonly barredUntil: number;
  /** Whether it is closed because the application is. */
  readonly isBarredForAll: boolean;
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
  /** Told of each new bar. */
  readonly onBar?: (bar: Bar) => void;
  /** Requests of the last ten minutes that were sent before this gate was made. Default 0. */
  readonly spentBefore?: number;
  /** Told of what was sent in the last ten minutes, whenever it is another twentieth of what Graph allows. */
  readonly onSpent?: (count: number) => void;
}

/** Requests from one telling of what was sent to the next. */
const toldAfter = mailboxAllowance.limit / 20;
/** Requests of a batch that the server runs at once (JSON batching, Outlook service). */
const batchWidth = 4;

export function createGate(options: GateOptions): Gate {
  return new MailboxGate(options);
}

class MailboxGate implements Gate {
  readonly #options: GateOptions;
  readonly #places: Places<Pass>;
  readonly #budget: Budget;
  readonly #pause: Pause;

  constructor(options: GateOptions) {
    const { clock, requestsPerTenMinutes, spentBefore = 0 } = options;
    this.#options = options;
    this.#places = createPlaces(options);
    this.#pause = new Pause(clock);
    this.#budget = createBudget(
      clock,
      requestsPerTenMinutes === undefined ? mailboxAllowance : { ...mailboxAllowance, limit: requestsPerTenMinutes },
    );
    // What was sent after the last telling is not known: as much as can be.
    if (spentBefore > 0) this.#budget.spend(spentBefore + toldAfter);
  }

  async run<T>(work: () => Promise<T>, { exclusive = false, urgency = "backlog", signal }: GatePass = {}): Promise<T> {
    const leave = await this.#places.take({ weight: exclusive ? this.#options.width : 1, lane: exclusive, urgency, signal });
    try {
      await this.#untilOpen(0, signal);
      return await work();
    } finally {
      leave();
    }
  }

  async send<T>(work: () => Promise<T>, { cost = 1, urgency = "backlog", signal }: Sending = {}): Promise<T> {
    const { governor, queue } = this.#options;
    for (;;) {
      await this.#untilOpen(cost, signal);
      const leave = await governor.enter({ lane: this, weight: cost > 1 ? batchWidth : 1, cost, urgency, queue, signal });
      try {
        // The wait for the place may have brought a pause.
        if (this.#pauseMs(cost) > 0) continue;
        this.#spend(cost);
        return await work();
      } finally {
        leave();
      }
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

  get barredUntil(): number {
    return Math.max(this.#pause.bar.until, this.#options.governor.barredUntil);
  }

  get isBarredForAll(): boolean {
    return this.#options.governor.barredUntil > this.#options.clock.now();
  }

  #spend(cost: number): void {
    const before = this.#budget.spent;
    this.#budget.spend(cost);
    if (Math.floor((before + cost) / toldAfter) > Math.floor(before / toldAfter)) this.#options.onSpent?.(before + cost);
  }

  /** Milliseconds until nothing of the mailbox itself stands in the way. */
  #pauseMs(cost: number): number {
    const spentMs = cost > 0 ? this.#budget.waitMs(cost) : 0;
    if (spentMs > 0) this.keep({ until: this.#options.clock.now() + spentMs, code: spentCode });
    return this.#pause.leftMs;
  }

  async #untilOpen(cost: number, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    for (let waitMs = this.#pauseMs(cost); waitMs > 0; waitMs = this.#pauseMs(cost)) {
      const { queue, clock } = this.#options;
      if (waitMs > longestWaitMs) throw barredError(queue, this.#pause.bar);
      await sleep(clock, waitMs, signal);
    }
  }
}
