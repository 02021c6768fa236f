/**
 * Whether a queue's oldest undelivered message has waited for too long: told once, and again that it is over.
 *
 * - watching: a timer runs while something is undelivered, for the moment at which the oldest would be late; none runs in
 *   an empty queue, until a look finds something again.
 * - late: told; a timer looks again whether it is over.
 * - resting: paused; no timer runs, nothing is told. What was late before is told to be over after the pause, when it is.
 * - stopped: nothing runs, nothing is told, never left.
 *
 * After the beginning and after a pause the deliveries get a moment first, however old the messages are. A timer keeps no
 * process alive. It must not know why nothing is delivered. A class, so that ten thousand share its methods.
 */
import type { Clock } from "../base/clock.js";
import type { Undelivered } from "../delivery/oldest-undelivered.js";

export interface Lateness {
  /** Something may be undelivered now that was not before: costs nothing while a timer runs. */
  look(): void;
  pause(): void;
  resume(): void;
  /** Clears the timer for good. */
  stop(): void;
  readonly isLate: boolean;
  /** For the next of its kind. */
  readonly noted: NotedLateness;
}

/** Epoch milliseconds. */
export interface NotedLateness {
  /** Before then nothing is told late. */
  readonly graceUntil: number;
  /** When the limit was passed; empty unless that was told and is not over. */
  readonly lateSince?: number | undefined;
}

export interface LatenessOptions {
  readonly clock: Clock;
  /** The longest that a message may be undelivered, milliseconds; 0: nothing is ever late. */
  readonly lateAfterMs: number;
  readonly oldest: () => Undelivered | undefined;
  /** Gets the milliseconds that the oldest is undelivered. */
  readonly onLate: (oldest: Undelivered, forMs: number) => void;
  /** Gets the milliseconds since the limit was passed. */
  readonly onOver: (forMs: number) => void;
  /** What one before it had noted. Default: nothing. */
  readonly noted?: NotedLateness | undefined;
}

/** Milliseconds that deliveries get at the most before anything is told late, after the beginning and after a pause. */
const graceMs = 60_000;
/** Milliseconds from look to look at the most while it is late. */
const relookMs = 30_000;

/** Until when nothing is told late after a beginning or a resuming at `from`; epoch milliseconds. */
export function graceEnd(from: number, lateAfterMs: number): number {
  return from + Math.min(lateAfterMs, graceMs);
}

export function createLateness(options: LatenessOptions): Lateness {
  return new QueueLateness(options);
}

class QueueLateness implements Lateness {
  readonly #options: LatenessOptions;
  #state: "watching" | "resting" | "stopped" = "watching";
  /** Epoch milliseconds before which nothing is told late. */
  #graceUntil: number;
  /** Epoch milliseconds at which the limit was passed; empty unless that was told and is not over. */
  #lateSince: number | undefined;
  /** Empty unless a timer runs. */
  #stopTimer: (() => void) | undefined;

  constructor(options: LatenessOptions) {
    this.#options = options;
    this.#graceUntil = options.noted?.graceUntil ?? this.#graceEnd();
    this.#lateSince = options.noted?.lateSince;
  }

  look(): void {
    if (this.#state !== "watching" || this.#stopTimer || this.#options.lateAfterMs === 0) return;
    const { clock, lateAfterMs, oldest, onLate } = this.#options;
    const now = clock.now();
    const first = oldest();
    const lateAt = first ? first.since + lateAfterMs : Number.POSITIVE_INFINITY;
    if (this.#lateSince !== undefined && lateAt > now) this.#over(now);
    if (!first) return;
    if (this.#lateSince !== undefined) return this.#lookIn(Math.min(lateAfterMs, relookMs));
    const dueAt = Math.max(lateAt, this.#graceUntil);
    if (dueAt > now) return this.#lookIn(dueAt - now);
    this.#lateSince = lateAt;
    this.#lookIn(Math.min(lateAfterMs, relookMs));
    onLate(first, now - first.since);
  }

  pause(): void {
    if (this.#state === "stopped") return;
    this.#state = "resting";
    this.#clearTimer();
  }

  resume(): void {
    if (this.#state !== "resting") return;
    this.#state = "watching";
    this.#graceUntil = this.#graceEnd();
    this.look();
  }

  stop(): void {
    this.#state = "stopped";
    this.#clearTimer();
  }

  get isLate(): boolean {
    return this.#lateSince !== undefined;
  }

  get noted(): NotedLateness {
    return { graceUntil: this.#graceUntil, lateSince: this.#lateSince };
  }

  #graceEnd(): number {
    return graceEnd(this.#options.clock.now(), this.#options.lateAfterMs);
  }

  #over(now: number): void {
    const forMs = now - (this.#lateSince as number);
    this.#lateSince = undefined;
    this.#options.onOver(forMs);
  }

  #lookIn(ms: number): void {
    const run = () => {
      this.#stopTimer = undefined;
      this.look();
    };
    this.#stopTimer = this.#options.clock.startTimer(run, ms, { background: true });
  }

  #clearTimer(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }
}
