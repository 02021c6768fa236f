/**
 * How a queue's ledger is taken over: its epoch is raised, its open work read.
 *
 * Invariant: an attempt that was under way when the last owner ended is pending again, counted as a crash once and for
 * all: that is durable before anything is delivered, so owners that end before they come to it do not count again.
 */

import { backoffMs } from "../base/backoff.js";
import type { Clock } from "../base/clock.js";
import type { Store } from "../state/store.js";
import { openEntries } from "./ledger-reading.js";
import { epochKey, type OpenEntry } from "./ledger-record.js";

/** Between the attempts of a message in which the process ended, where it waits: the others get their time. */
const crashBackoff = { baseMs: 5_000, capMs: 600_000 };

export interface Raise {
  readonly store: Store;
  /** Asked before each try; throws once the store is not this process's any more. Without it whoever comes takes the queue. */
  readonly confirm?: (() => Promise<void>) | undefined;
}

/**
 * The version of the raised epoch: what every later commit checks. A process that was frozen while it started, and has lost
 * the store unawares, takes no queue from the next owner.
 */
export async function raiseEpoch(queueKey: string, { store, confirm }: Raise): Promise<number> {
  for (;;) {
    const key = epochKey(queueKey);
    const present = await store.get(key);
    // After the look: whoever takes the queue while this process stands still between the two is met by the check.
    await confirm?.();
    const last = typeof present?.value === "number" ? present.value : 0;
    const result = await store.commit({ checks: [{ key, version: present?.version ?? null }], puts: [{ key, value: last + 1 }] });
    if (result.ok) return result.version;
  }
}

export interface OpenWork {
  readonly entries: readonly OpenEntry[];
  /** Those of `entries` that are changed and not yet stored so. */
  readonly cutOff: readonly OpenEntry[];
  readonly nextSequence: number;
}

/** @throws MailError `STORE_…` */
export async function readOpenWork(store: Store, queueKey: string, { clock, queue }: { clock: Clock; queue: string }): Promise<OpenWork> {
  const entries: OpenEntry[] = [];
  const cutOff: OpenEntry[] = [];
  let nextSequence = 1;
  for await (const page of openEntries(store, { queueKey, queue })) {
    for (const stored of page) {
      const entry = stored.state === "delivering" ? interrupted(stored, clock) : stored;
      if (entry !== stored) cutOff.push(entry);
      entries.push(entry);
      nextSequence = entry.sequence + 1;
    }
  }
  return { entries, cutOff, nextSequence };
}

/** One that may be to blame waits longer each time, and so does one that would keep the next suspect from being alone. */
function interrupted({ alone, ...entry }: OpenEntry, clock: Clock): OpenEntry {
  const crashes = entry.crashes + 1;
  const loneCrashes = (entry.loneCrashes ?? 0) + (alone ? 1 : 0);
  const back = { ...entry, attempts: entry.attempts - 1, crashes, suspect: true as const, ...(alone ? { loneCrashes } : {}) };
  if (!alone && !entry.outlasts) return { ...back, state: "pending" };
  const delayMs = backoffMs(clock, alone ? loneCrashes : crashes, crashBackoff);
  return { ...back, state: "retrying", notBeforeAt: clock.now() + delayMs };
}
