/** Which message of a queue has waited longest for its end. */
import type { OpenEntry } from "./ledger-record.js";

export interface Undelivered {
  readonly entry: OpenEntry;
  /** Epoch milliseconds since which it is to be delivered: it was found then, or replayed. */
  readonly since: number;
}

/** The oldest that is neither settled nor in quarantine nor gone; one that only waits for its mark is delivered. */
export function oldestUndelivered(entries: Iterable<OpenEntry>): Undelivered | undefined {
  let oldest: OpenEntry | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    const since = entry.replayedAt ?? entry.foundAt;
    if (entry.state === "marking" || since >= least) continue;
    least = since;
    oldest = entry;
  }
  return oldest && { entry: oldest, since: least };
}
