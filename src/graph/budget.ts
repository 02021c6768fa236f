/**
 * How many requests one mailbox gets: 10,000 in ten minutes for each application, the parts of a batch counted singly,
 * and the batch itself too, as the harsher reading (Graph throttling limits, Outlook service; JSON batching).
 *
 * What was sent is counted in slices of time, not one by one: an idle queue costs a few numbers. A slice counts until
 * all of it is ten minutes old, so that no ten minutes, wherever they begin, hold more than the limit.
 * The limit beside it, 150 MB of uploads in five minutes, is out of reach: 10,000 marks are under 10 MB.
 */
import type { Clock } from "../base/clock.js";

export interface Budget {
  /** Epoch milliseconds from which that many more may be sent; in the past when they may be now. */
  readyAt(count: number): number;
  /** Counts what is sent now. */
  spend(count: number): void;
}

/** Requests in ten minutes for one application and mailbox. */
export const mailboxLimit = 10_000;
const spanMs = 600_000;
const sliceMs = 30_000;

/** What was sent in one slice of time, which begins at a whole multiple of its length. */
interface Slice {
  readonly begunAt: number;
  count: number;
}

export function createBudget(clock: Clock, limit = mailboxLimit): Budget {
  /** Oldest first; those that no longer count are dropped when looked at. */
  let slices: Slice[] = [];
  return {
    readyAt(count) {
      const now = clock.now();
      slices = slices.filter(({ begunAt }) => endsAt(begunAt) > now);
      let spent = slices.reduce((sum, slice) => sum + slice.count, 0);
      let readyAt = 0;
      for (const slice of slices) {
        if (spent + count <= limit) break;
        spent -= slice.count;
        readyAt = endsAt(slice.begunAt);
      }
      return readyAt;
    },
    spend(count) {
      const begunAt = Math.floor(clock.now() / sliceMs) * sliceMs;
      const last = slices.at(-1);
      if (last?.begunAt === begunAt) last.count += count;
      else slices.push({ begunAt, count });
    },
  };
}

/** When what was sent in the slice counts no more. */
function endsAt(begunAt: number): number {
  return begunAt + sliceMs + spanMs;
}
