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

export function createGatherer<Item, Result>(options: GatherOptions<Item, Result>): Gatherer<Item, Result> {
  return new Gathering(options);
}

/** A class, so that the ten thousand of as many queues share its methods. */
class Gathering<Item, Result> implements Gatherer<Item, Result> {
  readonly #options: GatherOptions<Item, Result>;
  /** Empty when nothing waits. */
  #waiting: Waiting<Item, Result>[] = [];
  /** True from asking for a write until it takes what waits. */
  #asked = false;
  /** Writes that were asked for and have not ended; empty when idle. */
  readonly #writes = new Set<Promise<void>>();
  /** Set while items wait for company; cleared by the next write. It keeps the process alive: these items are not yet safe. */
  #timer: { readonly dueAt: number; readonly stop: () => void } | undefined;

  constructor(options: GatherOptions<Item, Result>) {
    this.#options = options;
  }

  add(item: Item, withinMs: number): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (withinMs === 0 || this.#waiting.length >= enoughCount) this.#flush();
      else this.#flushBy(withinMs);
    });
  }

  async drain(): Promise<void> {
    while (this.#waiting.length > 0 || this.#writes.size > 0) {
      if (this.#waiting.length > 0) this.#flush();
      await Promise.all(this.#writes);
    }
  }

  #takeAll(): Waiting<Item, Result>[] {
    const taken = this.#waiting;
    this.#waiting = [];
    this.#asked = false;
    this.#timer?.stop();
    this.#timer = undefined;
    return taken;
  }

  async #writeOnce(): Promise<void> {
    // Empty until the transaction is open.
    let taken: Waiting<Item, Result>[] | undefined;
    try {
      const results = await this.#options.write(() => {
        taken = this.#takeAll();
        return taken.map(({ item }) => item);
      });
      for (const [at, { resolve }] of (taken ?? []).entries()) resolve(results[at] as Result);
    } catch (error) {
      for (const { reject } of taken ?? this.#takeAll()) reject(error);
    }
  }

  #flush(): void {
    if (this.#asked) return;
    this.#asked = true;
    const ended = this.#writeOnce().finally(() => this.#writes.delete(ended));
    this.#writes.add(ended);
  }

  #flushBy(withinMs: number): void {
    const { clock } = this.#options;
    const dueAt = clock.now() + withinMs;
    if (this.#asked || (this.#timer && this.#timer.dueAt <= dueAt)) return;
    this.#timer?.stop();
    this.#timer = { dueAt, stop: clock.startTimer(() => this.#flush(), withinMs) };
  }
}
