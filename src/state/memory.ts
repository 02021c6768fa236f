/**
 * The store that keeps everything in this process: for tests, and for trying things out. Nothing survives the process,
 * but everything survives `close()` and `open()` of the same object.
 */
import { type Clock, systemClock } from "../base/clock.js";
import type { Engine, Stored, StoredAt } from "./engine.js";
import { createStore } from "./front.js";
import type { KeyBytes } from "./key.js";
import { createSortedKeys } from "./sorted-keys.js";
import type { Store } from "./store.js";
import { applyCommits, type Transaction } from "./transaction.js";

export interface MemoryStoreOptions {
  /** Times the gathering of commits. Default: the system clock. */
  readonly clock?: Clock;
}

/** A store in memory; touches neither disk nor network. */
export function memoryStore({ clock = systemClock }: MemoryStoreOptions = {}): Store {
  return createStore(createMemoryEngine(), clock);
}

/** The memory itself; several stores over one engine are several processes over one disk. */
export function createMemoryEngine(): Engine {
  /** Empty in a new store. */
  const stored = new Map<KeyBytes, Stored>();
  /** The keys of `stored`. */
  const sorted = createSortedKeys();
  /** The highest version given out; 0 in a new store. */
  let lastVersion = 0;

  const transaction: Transaction = {
    version: (bytes) => stored.get(bytes)?.version ?? null,
    put(bytes, json, version) {
      if (!stored.has(bytes)) sorted.add(bytes);
      stored.set(bytes, { json, version });
    },
    delete(bytes) {
      if (stored.delete(bytes)) sorted.delete(bytes);
    },
  };

  return {
    name: "memory",
    open: async () => undefined,
    close: async () => undefined,
    get: async (keys) => keys.map((bytes) => stored.get(bytes)),
    list: async ({ low, high, limit, reverse }) =>
      sorted.between(low, high, limit, reverse).map((bytes): StoredAt => ({ bytes, ...(stored.get(bytes) as Stored) })),
    async write(take) {
      const applied = applyCommits(transaction, take(), lastVersion);
      lastVersion = applied.lastVersion;
      return applied.results;
    },
  };
}
