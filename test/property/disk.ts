/**
 * One store under several simulated processes: the data are shared, the front (gathering, waiting) is each process's
 * own, so that what a killed process had not written is lost and what a frozen one had not written comes late.
 */
import { type Clock, sleep } from "../../src/base/clock.js";
import { MailError } from "../../src/base/errors.js";
import type { FinalEntry } from "../../src/delivery/ledger-record.js";
import type { Engine } from "../../src/state/engine.js";
import { createStore } from "../../src/state/front.js";
import { createMemoryEngine } from "../../src/state/memory.js";
import type { Store } from "../../src/state/store.js";
import type { Life } from "./life.js";

/** What goes wrong with the disk for now. */
export interface DiskTrouble {
  /** Writes that fail before they begin; counts down. */
  full: number;
  /** The longest that a write waits before it begins, milliseconds. */
  slowMs: number;
}

export interface Disk {
  readonly trouble: DiskTrouble;
  /** The store as one process sees it. */
  storeOf(life: Life): Store;
  /** As the test sees it: at once, and whatever lives. */
  final(queue: string): Promise<ReadonlyMap<string, FinalEntry>>;
  openIds(queue: string): Promise<readonly string[]>;
  /** Until when the queue's record says that Graph wants to be left alone; 0 when it says nothing. */
  barredUntil(queue: string): Promise<number>;
}

export async function createDisk(clock: Clock): Promise<Disk> {
  const engine = createMemoryEngine();
  const trouble: DiskTrouble = { full: 0, slowMs: 0 };
  const direct = createStore(engine, clock);
  await direct.open();

  function engineOf(life: Life): Engine {
    const { around } = life;
    return {
      ...engine,
      get: (keys) => life.answer(() => engine.get(keys)),
      list: (selection) => life.answer(() => engine.list(selection)),
      async write(take) {
        const delayMs = Math.floor(around.random() * 2) * trouble.slowMs;
        if (delayMs > 0) await sleep(around, delayMs);
        if (trouble.full > 0) {
          trouble.full -= 1;
          throw new MailError("STORE_UNAVAILABLE", "The simulated disk is full.");
        }
        return life.act("write", () => engine.write(take));
      },
    };
  }

  return {
    trouble,
    storeOf: (life) => createStore(engineOf(life), life.clock),
    async final(queue) {
      const entries = await direct.list({ prefix: [queue, "final"], limit: 10_000 });
      return new Map(entries.map(({ key, value }) => [String(key[2]), value as unknown as FinalEntry]));
    },
    async openIds(queue) {
      const entries = await direct.list({ prefix: [queue, "open"], limit: 10_000 });
      return entries.map(({ value }) => (value as unknown as { readonly id: string }).id);
    },
    async barredUntil(queue) {
      const bar = (await direct.get([queue, "bar"]))?.value as { readonly until: number } | undefined;
      return bar?.until ?? 0;
    },
  };
}
