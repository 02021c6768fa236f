/**
 * Looks again and again for turns whose process ended or froze, so that others take them; but not at once when the way to Redis is open
 * again. After a time without it every lock is over, and those that held them are to write first what their handlers decided meanwhile.
 */
import type { Clock } from "../base/clock.js";

export interface StalledTurns {
  /** At the beginning, and whenever the way is open again: the next look comes after {@link patienceMs}, and where it opens again and again after ten times that. */
  wait(): void;
  stop(): void;
}

export interface StalledTurnsOptions {
  readonly clock: Clock;
  readonly everyMs: number;
  look(): void;
}

/** A process is connected again within a second, and tries what it could not write once more within another half, milliseconds. */
export const patienceMs = 3_000;
/** A way that breaks and opens again and again puts a look off for so long, milliseconds. */
const longestPatienceMs = 30_000;

export function createStalledTurns({ clock, everyMs, look }: StalledTurnsOptions): StalledTurns {
  /** When the first of those came that put off the next look, in ticks; empty after a look. */
  let waitsSince: number | undefined;
  /** Clears the timer of the next look; empty before the first `wait` and after `stop`. */
  let stopTimer: (() => void) | undefined;

  function next(delayMs: number): void {
    stopTimer?.();
    stopTimer = clock.startTimer(() => {
      waitsSince = undefined;
      look();
      next(everyMs);
    }, delayMs);
  }

  return {
    wait() {
      const now = clock.ticks();
      waitsSince ??= now;
      next(Math.max(0, Math.min(patienceMs, waitsSince + longestPatienceMs - now)));
    },
    stop() {
      stopTimer?.();
      stopTimer = undefined;
    },
  };
}
