/**
 * Whether a queue has gone too long without a complete round: told once, and again that it is over.
 *
 * - fresh: a timer runs, which keeps no process alive; a round only notes its time, and the timer looks at that.
 * - stale: told; no timer runs. A round ends it, and is told.
 * - resting: paused; no timer runs. The time counts from the resuming; a staleness told before is still told to be over.
 * - stopped: nothing runs, nothing is told, never left.
 *
 * It must not know why there is no round. A class, so that ten thousand share its methods.
 */
import type { Clock } from "../base/clock.js";

export interface Staleness {
  /** A round is complete. */
  completed(): void;
  pause(): void;
  resume(): void;
  /** Clears the timer for good. */
  stop(): void;
  readonly isStale: boolean;
  /** For the next of its kind. */
  readonly noted: NotedStaleness;
}

/** Epoch milliseconds. */
export interface NotedStaleness {
  /** Since when there is no complete round, as far as it counts. */
  readonly roundlessSince: number;
  /** Since when, for a staleness that was told and is not over. */
  readonly staleSince?: number | undefined;
}

export interface StalenessOptions {
  readonly clock: Clock;
  /** The longest time without a complete round, milliseconds. */
  readonly staleAfterMs: number;
  /** Gets the milliseconds without a complete round, a pause left out. */
  readonly onStale: (forMs: number) => void;
  readonly onRecovered: (forMs: number) => void;
  /** What one before it had noted. Default: the time counts from now. */
  readonly noted?: NotedStaleness | undefined;
}

export function createStaleness(options: StalenessOptions): Staleness {
  return new QueueStaleness(options);
}

class QueueStaleness implements Staleness {
  readonly #options: StalenessOptions;
  #state: "fresh" | "stale" | "resting" | "stopped" = "fresh";
  /** Since when there is no round, as far as it counts. */
  #since: number;
  /** Since when, for the staleness that was told last; empty once it is over. */
  #toldSince: number | undefined;
  #stopTimer: () => void = () => undefined;

  constructor(options: StalenessOptions) {
    this.#options = options;
    this.#since = options.noted?.roundlessSince ?? options.clock.now();
    this.#toldSince = options.noted?.staleSince;
    if (this.#toldSince === undefined) this.#stopTimer = this.#startTimer();
    else this.#state = "stale";
  }

  #startTimer(): () => void {
    const { clock, staleAfterMs } = this.#options;
    return clock.startTimer(() => this.#look(), this.#since + staleAfterMs - clock.now(), { background: true });
  }

  #look(): void {
    const { clock, staleAfterMs, onStale } = this.#options;
    const forMs = clock.now() - this.#since;
    if (forMs < staleAfterMs) {
      this.#stopTimer = this.#startTimer();
      return;
    }
    this.#state = "stale";
    this.#toldSince ??= this.#since;
    onStale(forMs);
  }

  completed(): void {
    this.#since = this.#options.clock.now();
    if (this.#state === "stale") {
      this.#state = "fresh";
      this.#stopTimer = this.#startTimer();
    }
    if (this.#toldSince === undefined || this.#state === "stopped") return;
    const forMs = this.#since - this.#toldSince;
    this.#toldSince = undefined;
    this.#options.onRecovered(forMs);
  }

  pause(): void {
    if (this.#state === "stopped") return;
    this.#state = "resting";
    this.#stopTimer();
  }

  resume(): void {
    if (this.#state !== "resting") return;
    this.#state = "fresh";
    this.#since = this.#options.clock.now();
    this.#stopTimer = this.#startTimer();
  }

  stop(): void {
    this.#state = "stopped";
    this.#stopTimer();
  }

  get isStale(): boolean {
    return this.#state === "stale";
  }

  get noted(): NotedStaleness {
    return { roundlessSince: this.#since, staleSince: this.#toldSince };
  }
}
