/**
 * Spreads what would begin at the same time over all queues of a daemon: a few begin at once and the others one after
 * another. Walks over again, when Graph forgets the cursors of a whole tenant (meanwhile the folders are listed); the
 * first rounds after a start.
 */
import type { Clock } from "../base/clock.js";

export interface Pacer {
  /** Milliseconds until the one that asks may begin; 0 for now. Each call takes a place. */
  reserve(): number;
}

export interface PacerOptions {
  readonly clock: Clock;
  /** How many may begin at once. */
  readonly burst: number;
  /** Milliseconds between the beginnings of those that follow. */
  readonly gapMs: number;
}

/** One for all walks over again of a daemon. */
export function createWalkPacer(clock: Clock): Pacer {
  return createPacer({ clock, burst: 20, gapMs: 200 });
}

/** One for the first rounds of all queues of a daemon: 10,000 of them in half a minute, which is the default interval. */
export function createStartPacer(clock: Clock): Pacer {
  return createPacer({ clock, burst: 64, gapMs: 3 });
}

function createPacer({ clock, burst, gapMs }: PacerOptions): Pacer {
  /** When all places are free again, in the clock's ticks. */
  let freeAt = 0;
  return {
    reserve() {
      const now = clock.ticks();
      freeAt = Math.max(freeAt, now) + gapMs;
      return Math.max(0, freeAt - now - burst * gapMs);
    },
  };
}
