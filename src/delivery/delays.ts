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
}

export function createDelays(clock: Clock): Delays {
  /** Clears each; empty when none runs. */
  const timers = new Set<() => void>();
  let ended = false;

  function clear(): void {
    for (const stop of timers) stop();
    timers.clear();
  }

  return {
    start(delayMs, step) {
      if (ended) return () => undefined;
      const stop = clock.startTimer(() => {
        timers.delete(stop);
        step();
      }, delayMs);
      timers.add(stop);
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
  };
}
