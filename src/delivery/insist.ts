/** A store in trouble is asked again until it works: what is known to be done is never dropped for a full disk. */
import { backoffMs } from "../base/backoff.js";
import { type Clock, sleep } from "../base/clock.js";
import { sharedWait } from "../base/shared-wait.js";
import { isUnavailable } from "../state/watched-store.js";

export interface Insisting {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The longest wait between two tries, milliseconds. Default 10,000. */
  readonly mostMs?: number | undefined;
}

const baseMs = 250;

/**
 * Repeats `write` while the store is unavailable. An abort ends the wait, also for a write under way, whose outcome is
 * then not known; once aborted, nothing is written any more.
 * @throws MailError anything but `STORE_UNAVAILABLE` (a lost queue above all); the signal's reason after an abort.
 */
export async function insisting<T>(write: () => Promise<T>, { clock, signal, mostMs = 10_000 }: Insisting): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    signal.throwIfAborted();
    try {
      return await sharedWait(write(), signal);
    } catch (error) {
      unlessAway(error);
      await sleep(clock, backoffMs(clock, failures, { baseMs, capMs: mostMs }), signal);
    }
  }
}

/** For what can be left until the store, which tells its trouble itself, is well again. @throws `error`, unless it is that trouble */
export function unlessAway(error: unknown): undefined {
  if (!isUnavailable(error)) throw error;
  return undefined;
}
