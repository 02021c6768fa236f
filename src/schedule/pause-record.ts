/** Keeps the newest pause that Graph asked for in the store, so that a restart keeps to it, however long the store is in trouble. */
import type { Clock } from "../base/clock.js";
import { asMailError, type MailError } from "../base/errors.js";
import { insisting } from "../delivery/insist.js";
import { type Bar, readBar } from "../graph/bar.js";
import type { Key, Store } from "../state/store.js";

export interface PauseRecordOptions {
  readonly clock: Clock;
  /** Whose pause it is, for the error. */
  readonly of: string;
  readonly queue?: string;
  /** Ends what is being tried. */
  readonly signal: AbortSignal;
  readonly write: (pause: { readonly until: number; readonly code: string }) => Promise<unknown>;
  /** The store refuses to record it, for good. */
  readonly onFailure: (error: MailError) => void;
}

/** Where the pause of a queue's mailbox lies. */
export function barKeyOf(queueKey: string): Key {
  return [queueKey, "bar"];
}

/**
 * What is to be called with each pause; it resolves when nothing is tried any more. Of several that wait for the store the
 * newest is written, whoever's turn it is.
 */
export function pauseRecord({ clock, of, queue, signal, write, onFailure }: PauseRecordOptions): (pause: Bar) => Promise<void> {
  let newest: Bar;
  return async (pause) => {
    newest = pause;
    await insisting(() => write({ ...newest }), { clock, signal }).catch((error: unknown) => {
      if (signal.aborted) return;
      onFailure(asMailError(error, "STORE_UNAVAILABLE", `The pause of ${of} could not be recorded.`, queue === undefined ? {} : { queue }));
    });
  };
}

/** Writes a pause unless a longer one is there: for what no epoch protects, as several processes write it. @throws MailError `STORE_…` */
export async function writeLonger(store: Store, key: Key, bar: Bar, clock: Clock): Promise<void> {
  for (;;) {
    const entry = await store.get(key);
    if ((readBar(entry?.value, clock.now())?.until ?? 0) >= bar.until) return;
    const value = { until: bar.until, code: bar.code };
    if ((await store.commit({ checks: [{ key, version: entry?.version ?? null }], puts: [{ key, value }] })).ok) return;
  }
}
