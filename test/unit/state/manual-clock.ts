/** A clock that stands still until the test moves it; timers run in the order of their times, each followed by all that is ready to run. */
import type { Clock } from "../../../src/base/clock.js";

export interface ManualClock extends Clock {
  /** Moves on, running what becomes due on the way. */
  advance(byMs: number): Promise<void>;
  /** Jumps without running anything on the way, as for a process that was frozen; what is due then runs at the next `advance`. */
  freeze(forMs: number): void;
  /** Timers that wait, background ones included. */
  timerCount(): number;
}

const realSetImmediate = setImmediate;
const settle = () => new Promise<void>((resolve) => realSetImmediate(resolve));

export function manualClock(): ManualClock {
  let now = 1_000_000;
  /** Empty when nothing waits. */
  const timers = new Set<{ readonly dueAt: number; readonly run: () => void }>();
  const earliest = () => [...timers].sort((a, b) => a.dueAt - b.dueAt)[0];
  return {
    now: () => now,
    random: () => 0.5,
    startTimer(run, delayMs) {
      const timer = { dueAt: now + delayMs, run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    async advance(byMs) {
      const until = now + byMs;
      await settle();
      for (let timer = earliest(); timer && timer.dueAt <= until; timer = earliest()) {
        timers.delete(timer);
        now = Math.max(now, timer.dueAt);
        timer.run();
        await settle();
      }
      now = until;
    },
    freeze(forMs) {
      now += forMs;
    },
    timerCount: () => timers.size,
  };
}
