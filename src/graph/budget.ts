/**
 * How many requests, or bytes, may be sent in any span of time, wherever it begins. What was sent is counted in slices of time, not
 * one by one: an idle queue costs a few numbers. A slice counts until all of it is a whole span old, so that no span
 * holds more than the limit. A class, so that ten thousand share its methods.
 */
import type { Clock } from "../base/clock.js";

export interface Budget {
  /** Milliseconds until that many more may be sent; 0 when they may be now. */
  waitMs(count: number): number;
  /** Counts what is sent now. */
  spend(count: number): void;
  /** What counts now. */
  readonly spent: number;
}

export interface Allowance {
  /** Requests, or bytes, in one span. */
  readonly limit: number;
  readonly spanMs: number;
}

/** One mailbox and application, the parts of batches counted singly (Graph throttling limits, Outlook service; JSON batching). */
export const mailboxAllowance: Allowance = { limit: 10_000, spanMs: 600_000 };
/** Bytes that are uploaded to one mailbox by one application (the same page). */
export const uploadAllowance: Allowance = { limit: 150_000_000, spanMs: 300_000 };
/** One application over all its tenants and mailboxes (Graph throttling limits, global limit). */
export const applicationAllowance: Allowance = { limit: 130_000, spanMs: 10_000 };

const slicesToSpan = 20;

/** What was sent in one slice of time. */
interface Slice {
  /** Lengths of a slice to its beginning, by the clock's ticks. */
  readonly at: number;
  count: number;
}

export function createBudget(clock: Clock, allowance: Allowance): Budget {
  return new SlicedBudget(clock, allowance);
}

class SlicedBudget implements Budget {
  readonly #clock: Clock;
  readonly #allowance: Allowance;
  /** Oldest first; those that no longer count are dropped when looked at. */
  #slices: Slice[] = [];

  constructor(clock: Clock, allowance: Allowance) {
    this.#clock = clock;
    this.#allowance = allowance;
  }

  get #sliceMs(): number {
    return this.#allowance.spanMs / slicesToSpan;
  }

  /** When what was sent in the slice counts no more, in ticks. */
  #endsAt({ at }: Slice): number {
    return (at + 1) * this.#sliceMs + this.#allowance.spanMs;
  }

  waitMs(count: number): number {
    let { spent } = this;
    let waitMs = 0;
    for (const slice of this.#slices) {
      if (spent + count <= this.#allowance.limit) break;
      spent -= slice.count;
      waitMs = this.#endsAt(slice) - this.#clock.ticks();
    }
    return waitMs;
  }

  spend(count: number): void {
    const at = Math.floor(this.#clock.ticks() / this.#sliceMs);
    const last = this.#slices.at(-1);
    if (last?.at === at) last.count += count;
    else this.#slices.push({ at, count });
  }

  get spent(): number {
    const now = this.#clock.ticks();
    const [oldest] = this.#slices;
    if (oldest && this.#endsAt(oldest) <= now) this.#slices = this.#slices.filter((slice) => this.#endsAt(slice) > now);
    return this.#slices.reduce((total, slice) => total + slice.count, 0);
  }
}
