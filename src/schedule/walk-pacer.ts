/**
 * Spreads walks that begin over again: when Graph forgets the cursors of a whole tenant at once, a few folders are
 * walked at once and the others one after another; meanwhile they are listed. One pacer for all queues of a daemon.
 */
import type { Clock } from "../base/clock.js";

export interface WalkPacer {
  /** Milliseconds until the walk that asks may begin; 0 for now. Each call takes a place. */
  reserve(): number;
}

/** Walks that may begin at once. */
const burst = 20;
/** Milliseconds between the beginnings of those that follow. */
const gapMs = 200;

export function createWalkPacer(clock: Clock): WalkPacer {
  /** Epoch milliseconds at which all places are free again. */
  let freeAt = 0;
  return {
    reserve() {
      const now = clock.now();
      freeAt = Math.max(freeAt, now) + gapMs;
      return Math.max(0, freeAt - now - burst * gapMs);
    },
  };
}
