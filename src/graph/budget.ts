/**
 * How many requests may be sent in any span of time, wherever it begins. What was sent is counted in slices of time, not
 * one by one: an idle queue costs a few numbers. A slice counts until all of it is a whole span old, so that no span
 * holds more than the limit.
 */
import type { Clock } from "../base/clock.js";

export interface Budget {
  /** Epoch milliseconds from which that many more may be sent; in the past when they may be now. */
  readyAt(count: number): number;
  /** Counts what is sent now. */
  spend(count: number): void;
  /** What counts now. */
  readonly spent: number;
}

export interface Allowance {
  /** Requests in one span. */
  readonly limit: number;
  readonly spanMs: number;
}

/** One mailbox and application, the parts of batches counted singly (Graph throttling limits, Outlook service; JSON batching). */
export const mailboxAllowance: Allowance = { limit: 10_000, spanMs: 600_000 };
/** One application over all its tenants and mailboxes (Graph throttling limits, global limit). */
export const applicationAllowance: Allowance = { limit: 130_000, spanMs: 10_000 };

const slicesToSpan = 20;

/** What was sent in one slice of time, which begins at a whole multiple of its length. */
interface Slice {
  readonly begunAt: number;
  count: number;
}

export function createBudget(clock: Clock, { limit, spanMs }: Allowance): Budget {
  const sliceMs = spanMs / slicesToSpan;
  /** Oldest first; those that no longer count are dropped when looked at. */
  let slices: Slice[] = [];

  /** When what was sent in the slice counts no more. */
  function endsAt({ begunAt }: Slice): number {
    return begunAt + sliceMs + spanMs;
  }

  function sum(): number {
    const now = clock.now();
    if (slices[0] && endsAt(slices[0]) <= now) slices = slices.filter((slice) => endsAt(slice) > now);
    return slices.reduce((total, slice) => total + slice.count, 0);
  }

  return {
    readyAt(count) {
      let spent = sum();
      let readyAt = 0;
      for (const slice of slices) {
        if (spent + count <= limit) break;
        spent -= slice.count;
        readyAt = endsAt(slice);
      }
      return readyAt;
    },
    spend(count) {
      const begunAt = Math.floor(clock.now() / sliceMs) * sliceMs;
      const last = slices.at(-1);
      if (last?.begunAt === begunAt) last.count += count;
      else slices.push({ begunAt, count });
    },
    get spent() {
      return sum();
    },
  };
}
