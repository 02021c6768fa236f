/**
 * Delayed steps of one queue that end together: each forgets itself when it has run, `end` clears the rest and lets no
 * further one begin. They keep the process alive. Knows nothing of what it delays.
 */
import type { Clock } from "../base/clock.js";

export interface Delays {
  /** Runs `step` after `delayMs`, unless cleared before; the function returned clears it alone. */
  start(delayMs: number, step: () => void): () => void;
  clear(): void;
  end(): void;
  readonly count: number;
  /** Milliseconds until the first of them; infinite where there is none. */
  readonly firstInMs: number;
}

export function createDelays(clock: Clock): Delays {
  /** What clears each, and when it is due, in ticks; empty when none runs. */
  const timers = new Map<() => void, number>();
  let ended = false;

  function clear(): void {
    for (const stop of timers.keys()) stop();
    timers.clear();
  }

  return {
    start(delayMs, step) {
      if (ended) return () => undefined;
      const stop = clock.startTimer(() => {
        timers.delete(stop);
        step();
      }, delayMs);
      timers.set(stop, clock.ticks() + delayMs);
      return () => {
        stop();
        timers.delete(stop);
      };
    },
    clear,
    end() {
      ended = true;
      clear();
    },
    get count() {
      return timers.size;
    },
    get firstInMs() {
      let first = Number.POSITIVE_INFINITY;
      for (const dueAt of timers.values()) first = Math.min(first, dueAt);
      return Math.max(0, first - clock.ticks());
    },
  };
}
