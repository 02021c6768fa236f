/** Exponential back-off with full jitter on its upper half: never shorter than half the step, never longer than the cap. */
import type { Clock } from "./clock.js";

export interface BackoffOptions {
  /** Milliseconds of the first step. */
  readonly baseMs: number;
  /** The longest step in milliseconds. */
  readonly capMs: number;
}

/** Milliseconds to wait after failure number `failures` (1-based). */
export function backoffMs(clock: Clock, failures: number, { baseMs, capMs }: BackoffOptions): number {
  const step = Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(step / 2 + (clock.random() * step) / 2);
}
