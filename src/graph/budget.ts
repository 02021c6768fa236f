/**
 * How many requests, or bytes, may be sent in any span of time, wherever it begins. What was sent is counted in slices of time, not
 * one by one: an idle queue costs a few numbers. A slice begins with the first that is sent in it, and counts until all of it
 * is a whole span old, so that no span holds more than the limit. A class, so that ten thousand share its methods.
 */
import type { Clock } from "../base/clock.js";

export interface Budget {
  /** Milliseconds until that many more may be sent; 0 when they may be now. */
  waitMs(count: number): number;
  /** Counts what is sent now. */
  spend(count: number): void;
  /** What counts now. */
  readonly spent: number;
  /** The same, to be counted by another. */
  readonly slices: readonly KeptSlice[];
  /** Counts what another counted before this one spent anything. */
  restore(slices: readonly KeptSlice[]): void;
}

/** What was sent in one slice of time, and the epoch milliseconds at which it counts no more. */
export type KeptSlice = [until: number, count: number];

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
  /** When it counts no more, in the clock's ticks. */
  readonly endsAt: number;
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

  /** Milliseconds for which a slice counts that begins now. */
  get #countsMs(): number {
    return this.#allowance.spanMs / slicesToSpan + this.#allowance.spanMs;
  }

  waitMs(count: number): number {
    let { spent } = this;
    let waitMs = 0;
    for (const slice of this.#slices) {
      if (spent + count <= this.#allowance.limit) break;
      spent -= slice.count;
      waitMs = slice.endsAt - this.#clock.ticks();
    }
    return waitMs;
  }

  spend(count: number): void {
    const now = this.#clock.ticks();
    const last = this.#slices.at(-1);
    if (last && now < last.endsAt - this.#allowance.spanMs) last.count += count;
    else this.#slices.push({ endsAt: now + this.#countsMs, count });
  }

  get spent(): number {
    const now = this.#clock.ticks();
    const [oldest] = this.#slices;
    if (oldest && oldest.endsAt <= now) this.#slices = this.#slices.filter(({ endsAt }) => endsAt > now);
    return this.#slices.reduce((total, slice) => total + slice.count, 0);
  }

  get slices(): readonly KeptSlice[] {
    const aheadMs = this.#clock.now() - this.#clock.ticks();
    return this.spent === 0 ? [] : this.#slices.map(({ endsAt, count }): KeptSlice => [endsAt + aheadMs, count]);
  }

  restore(slices: readonly KeptSlice[]): void {
    const [now, ticks] = [this.#clock.now(), this.#clock.ticks()];
    // A clock that was ahead, of this machine or another, makes nothing count for longer than what is sent now.
    const restored = slices.map(([until, count]) => ({ endsAt: ticks + Math.min(until - now, this.#countsMs), count }));
    this.#slices = restored.filter(({ endsAt }) => endsAt > ticks);
  }
}
