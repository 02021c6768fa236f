/** Waiting for work no longer than a time; the work goes on without us. */
import type { Clock } from "./clock.js";

/** The work's outcome, or nothing when it did not come within so many milliseconds. Rejects as the work does, in that time. */
export function inTime<T>(clock: Clock, mostMs: number, work: Promise<T>): Promise<{ readonly value: T } | undefined> {
  return new Promise((resolve, reject) => {
    const stopTimer = clock.startTimer(() => resolve(undefined), mostMs);
    work.then((value) => resolve({ value }), reject).finally(stopTimer);
  });
}
