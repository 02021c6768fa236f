/** A clock that stands still until a test moves it; its timers run in order of their time. Knows nothing of what it times. */
import type { Clock } from "../../src/base/clock.js";

export interface ManualClock extends Clock {
  /** Moves the time and runs what falls due, letting promises settle after each timer. */
  advance(ms: number): Promise<void>;
  /** Jumps without running anything on the way, as for a process that was frozen; what is due then runs at the next `advance`. */
  freeze(ms: number): void;
  /** Sets the time of day forward, or back when negative, as its administrator does: what lasts is as long as before. */
  set(ms: number): void;
  /** Timers that have not run and were not cleared. */
  pending(): number;
  /** What `random()` gives; 0.5 until set. */
  chance: number;
}

// Taken at import: a test may fake the global one.
const realSetImmediate = setImmediate;
const nextTurn = () => new Promise<void>((resolve) => realSetImmediate(resolve));

/** Turns the event loop until the condition holds; the test's own time-out ends a wait that is in vain. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await nextTurn();
}

/** Lets promises settle that wait for nothing outside this process. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await nextTurn();
}

const defaultStart = Date.parse("2026-03-01T08:00:00Z");

/** @param isBusy says that something is under way that takes no time, however many turns of the event loop: time waits for it */
export function createManualClock(startAt = defaultStart, isBusy: () => boolean = () => false): ManualClock {
  let ticks = 0;
  /** What the time of day is ahead of the ticks. */
  let aheadMs = startAt;
  let timers: { readonly at: number; readonly run: () => void }[] = [];
  return {
    chance: 0.5,
    now: () => ticks + aheadMs,
    ticks: () => ticks,
    random() {
      return this.chance;
    },
    startTimer(run, delayMs) {
      const timer = { at: ticks + Math.max(0, delayMs), run };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    pending: () => timers.length,
    freeze(ms) {
      ticks += ms;
    },
    set(ms) {
      aheadMs += ms;
    },
    async advance(ms) {
      const end = ticks + ms;
      for (;;) {
        await settle();
        await until(() => !isBusy());
        const due = timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (!due) break;
        ticks = Math.max(ticks, due.at);
        timers = timers.filter((other) => other !== due);
        due.run();
      }
      ticks = end;
      await settle();
    },
  };
}
