/** A store in trouble is asked again until it works: what is known to be done is never dropped for a full disk. */
import { backoffMs } from "../base/backoff.js";
import { type Clock, sleep } from "../base/clock.js";
import { MailError } from "../base/errors.js";

const backoff = { baseMs: 250, capMs: 10_000 };

/**
 * Repeats `write` while the store is unavailable.
 * @throws MailError anything but `STORE_UNAVAILABLE` (a lost queue above all), and that too once `signal` is aborted.
 */
export async function insisting<T>(write: () => Promise<T>, { clock, signal }: { clock: Clock; signal: AbortSignal }): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof MailError) || error.code !== "STORE_UNAVAILABLE" || signal.aborted) throw error;
      await sleep(clock, backoffMs(clock, failures, backoff), signal);
    }
  }
}
