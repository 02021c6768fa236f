/**
 * What a mailbox was asked in the last ten minutes, kept so that a restart does not begin to count anew.
 *
 * Invariant: of no use to anybody but the next start, so nobody waits for its record, and a store in trouble, which tells
 * that itself, costs nothing.
 */
import type { Clock } from "../base/clock.js";
import { asMailError, type MailError } from "../base/errors.js";
import type { Ledger } from "../delivery/ledger.js";
import { mailboxAllowance } from "../graph/budget.js";
import type { Key } from "../state/store.js";
import { isUnavailable } from "../state/watched-store.js";

export interface SpentRecordOptions {
  /** The queue address as configured. */
  readonly queue: string;
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** Nothing is written any more once it is aborted. */
  readonly signal: AbortSignal;
  readonly onFailure: (error: MailError) => void;
}

/** Milliseconds that it may wait to be written with something else. */
const withinMs = 1_000;

export function spentKey(queueKey: string): Key {
  return [queueKey, "spent"];
}

export function recordSpent(count: number, { queue, ledger, clock, signal, onFailure }: SpentRecordOptions): void {
  const put = { key: spentKey(ledger.queueKey), value: { at: clock.now(), count } };
  ledger.write({ puts: [put], withinMs }).catch((error: unknown) => {
    if (signal.aborted || isUnavailable(error)) return;
    onFailure(asMailError(error, "STORE_UNAVAILABLE", `The ledger of ${queue} failed.`, { queue }));
  });
}

/**
 * Requests that counted when they were recorded and still do, all as if they had just been sent; none after ten minutes,
 * under a clock that was ahead, or where what the gate left at `since`, epoch milliseconds, has them already.
 */
export function readSpent(value: unknown, now: number, since = Number.NEGATIVE_INFINITY): number {
  const { at, count } = Object(value) as { at?: unknown; count?: unknown };
  const counts =
    typeof at === "number" && typeof count === "number" && count > 0 && at > since && at <= now && now - at < mailboxAllowance.spanMs;
  return counts ? Math.min(count, mailboxAllowance.limit) : 0;
}
