/**
 * Lets writes wait for each other so that they share one transaction, which costs the same whatever its size.
 *
 * Invariants: items are written in the order in which they were added; a write takes everything that waits at the
 * moment its transaction is open, so at most one write is ever asked for and not yet begun.
 */
import type { Clock } from "../base/clock.js";

export interface Gatherer<Item, Result> {
  /**
   * Resolves with the item's own result once it is written; rejects when the write it was in failed.
   * It waits at most `withinMs`, and no longer once 16 wait; 0 begins the write at once.
   */
  add(item: Item, withinMs: number): Promise<Result>;
  /** Writes what waits now; resolves when nothing waits and nothing is being written. Never rejects. */
  drain(): Promise<void>;
}

export interface GatherOptions<Item, Result> {
  readonly clock: Clock;
  /** Begins a transaction, calls `take` once inside it, and resolves with one result per item taken, in order. */
  readonly write: (take: () => readonly Item[]) => Promise<readonly Result[]>;
}

/** With this much company a write no longer waits for more: its fixed cost is already shared widely enough. */
const enoughCount = 16;

interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

export function createGatherer<Item, Result>({ clock, write }: GatherOptions<Item, Result>): Gatherer<Item, Result> {
  /** Empty when nothing waits. */
  let waiting: Waiting<Item, Result>[] = [];
  /** True from asking for a write until it takes what waits. */
  let asked = false;
  /** Writes that were asked for and have not ended; empty when idle. */
  const writes = new Set<Promise<void>>();
  /** Set while items wait for company; cleared by the next write. It keeps the process alive: these items are not yet safe. */
  let timer: { readonly dueAt: number; readonly stop: () => void } | undefined;

  function takeAll(): Waiting<Item, Result>[] {
    const taken = waiting;
    waiting = [];
    asked = false;
    timer?.stop();
    timer = undefined;
    return taken;
  }

  async function writeOnce(): Promise<void> {
    // Empty until the transaction is open.
    let taken: Waiting<Item, Result>[] | undefined;
    try {
      const results = await write(() => {
        taken = takeAll();
        return taken.map(({ item }) => item);
      });
      for (const [at, { resolve }] of (taken ?? []).entries()) resolve(results[at] as Result);
    } catch (error) {
      for (const { reject } of taken ?? takeAll()) reject(error);
    }
  }

  function flush(): void {
    if (asked) return;
    asked = true;
    const ended = writeOnce().finally(() => writes.delete(ended));
    writes.add(ended);
  }

  function flushBy(withinMs: number): void {
    const dueAt = clock.now() + withinMs;
    if (asked || (timer && timer.dueAt <= dueAt)) return;
    timer?.stop();
    timer = { dueAt, stop: clock.startTimer(flush, withinMs) };
  }

  return {
    add: (item, withinMs) =>
      new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject });
        if (withinMs === 0 || waiting.length >= enoughCount) flush();
        else flushBy(withinMs);
      }),
    async drain() {
      while (waiting.length > 0 || writes.size > 0) {
        if (waiting.length > 0) flush();
        await Promise.all(writes);
      }
    },
  };
}
