/**
 * When a queue is looked at next: soon while mail arrives, later and later while none does, always with jitter so that
 * queues that began together drift apart.
 */
import { backoffMs } from "../base/backoff.js";
import type { Clock } from "../base/clock.js";

export interface Cadence {
  /** Milliseconds until the next round after one that went well. */
  afterRound(messages: number): number;
  /** Milliseconds until the next try after a failure. */
  afterFailure(): number;
  /** Failures in a row; 0 after a round that went well. */
  readonly failures: number;
}

export interface CadenceOptions {
  readonly clock: Clock;
  /** The longest wait between rounds, milliseconds. */
  readonly pollIntervalMs: number;
  /** The shortest, milliseconds. */
  readonly minPollIntervalMs: number;
}

/** The wait grows by this factor with each round that brought nothing. */
const growth = 1.5;
/** Share of the wait that is left to chance, within the bounds. */
const jitter = 0.1;
/** After failures in a row, of a queue or of one folder of it. */
export const failureBackoff = { baseMs: 2_000, capMs: 300_000 };

export function createCadence({ clock, pollIntervalMs, minPollIntervalMs }: CadenceOptions): Cadence {
  const shortest = Math.min(minPollIntervalMs, pollIntervalMs);
  let waitMs = pollIntervalMs;
  let failures = 0;
  return {
    afterRound(messages) {
      failures = 0;
      waitMs = messages > 0 ? shortest : Math.min(pollIntervalMs, waitMs * growth);
      const least = Math.max(shortest, waitMs * (1 - jitter));
      const most = Math.min(pollIntervalMs, least / (1 - jitter));
      return Math.round(least + clock.random() * (most - least));
    },
    afterFailure() {
      failures += 1;
      return Math.max(shortest, backoffMs(clock, failures, failureBackoff));
    },
    get failures() {
      return failures;
    },
  };
}
