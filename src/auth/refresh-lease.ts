/**
 * One refresh of an account at a time over all processes that share a vault: whoever is about to ask Entra leaves a note
 * that it does, and the others wait for what it brings.
 *
 * It saves requests and promises nothing: a note that its writer did not live to take away is passed over when its time is
 * up, and what keeps the vault whole is that each record is written over the version it was made from.
 */
import { randomUUID } from "node:crypto";
import { type Clock, sleep } from "../base/clock.js";
import type { Key, Store } from "../state/store.js";
import { isUnavailable } from "../state/watched-store.js";
import { accountKey } from "./sealed-store.js";

export interface RefreshLease {
  /** Does the work once nobody else is at it; `undefined`, with nothing done, when the vault's record has become another meanwhile. @throws MailError `STORE_…`; the signal's reason */
  hold<T>(
    account: string,
    work: () => Promise<T>,
    options: { readonly version: number; readonly signal: AbortSignal },
  ): Promise<T | undefined>;
}

export interface RefreshLeaseOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** The version of the account's record. */
  readonly version: (account: string) => Promise<number | null>;
}

/** Longer than a request to Entra takes, milliseconds. */
const leaseMs = 40_000;
const lookMs = 200;

export function createRefreshLease({ store, clock, version }: RefreshLeaseOptions): RefreshLease {
  return {
    async hold(account, work, { version: made, signal }) {
      const key: Key = ["refresh-lease", accountKey(account)];
      for (;;) {
        const standing = await store.get(key);
        const until = (standing?.value as { readonly until?: unknown } | undefined)?.until;
        // One that lies further ahead is none of a clock that is a little ahead of this one: it was written by a wrong clock.
        const isFree = typeof until !== "number" || until <= clock.now() || until > clock.now() + 2 * leaseMs;
        if (isFree) {
          const value = { until: clock.now() + leaseMs, holder: randomUUID() };
          const taken = await store.commit({ checks: [{ key, version: standing?.version ?? null }], puts: [{ key, value }] });
          if (!taken.ok) continue;
          try {
            // What the one before brought is there by now.
            return (await version(account)) === made ? await work() : undefined;
          } finally {
            await store.commit({ checks: [{ key, version: taken.version }], deletes: [key] }).catch(unlessUnavailable);
          }
        }
        if ((await version(account)) !== made) return undefined;
        await sleep(clock, lookMs, signal);
      }
    },
  };
}

/** The note then ends by itself. @throws `error`, unless the store is away */
function unlessUnavailable(error: unknown): undefined {
  if (!isUnavailable(error)) throw error;
  return undefined;
}
