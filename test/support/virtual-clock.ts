/**
 * Virtual time for several simulated processes: it stands still until a test moves it, timer by timer, in order of
 * their times. A process's timers can be held (a freeze) and dropped (a kill) without touching those of the others.
 * Knows nothing of what it times.
 */
import type { Clock } from "../../src/base/clock.js";

/** The clock of one process. */
export interface ProcessClock extends Clock {
  /** Its timers stop running; what falls due meanwhile runs after `release`. */
  hold(): void;
  release(): void;
  /** Its timers are gone, and none can be started any more. */
  drop(): void;
  /** Timers that have not run and were not cleared. */
  readonly pendingCount: number;
}

export interface VirtualClock {
  now(): number;
  /** A clock for one more process; `random` gives it its chances. */
  process(random: () => number): ProcessClock;
  /** Moves the time to the next timer that is due by `until` and runs it; without one moves to `until` and gives false. */
  step(until: number): boolean;
}

interface Timer {
  readonly at: number;
  readonly run: () => void;
}

interface Owner {
  /** In the order in which they were started. */
  readonly timers: Set<Timer>;
  state: "running" | "held" | "dropped";
}

export function createVirtualClock(startAt = Date.parse("2026-03-01T08:00:00Z")): VirtualClock {
  let now = startAt;
  const owners: Owner[] = [];

  /** The running timer that is due first; of several the oldest. */
  function earliest(): { readonly owner: Owner; readonly timer: Timer } | undefined {
    let first: { readonly owner: Owner; readonly timer: Timer } | undefined;
    for (const owner of owners) {
      if (owner.state !== "running") continue;
      for (const timer of owner.timers) if (!first || timer.at < first.timer.at) first = { owner, timer };
    }
    return first;
  }

  return {
    now: () => now,
    process(random) {
      const owner: Owner = { timers: new Set(), state: "running" };
      owners.push(owner);
      return {
        now: () => now,
        ticks: () => now - startAt,
        random,
        startTimer(run, delayMs) {
          const timer = { at: now + Math.max(0, delayMs), run };
          if (owner.state !== "dropped") owner.timers.add(timer);
          return () => void owner.timers.delete(timer);
        },
        hold() {
          if (owner.state === "running") owner.state = "held";
        },
        release() {
          if (owner.state === "held") owner.state = "running";
        },
        drop() {
          owner.state = "dropped";
          owner.timers.clear();
        },
        get pendingCount() {
          return owner.timers.size;
        },
      };
    },
    step(until) {
      const first = earliest();
      if (!first || first.timer.at > until) {
        now = Math.max(now, until);
        return false;
      }
      now = Math.max(now, first.timer.at);
      first.owner.timers.delete(first.timer);
      first.timer.run();
      return true;
    },
  };
}
