/**
 * The scheduler contract: who decides when and where a queue's turn runs. It must not know what a turn does.
 *
 * Invariants: at most one turn of a queue at a time; a wake-up during a turn leads to another one right after it; after
 * `remove` or `stop` has resolved no turn runs.
 */

/** Runs one turn; resolves with the milliseconds until the next, `Infinity` for "when woken". Never rejects. */
export type RunTurn = () => Promise<number>;

export interface Scheduler {
  /** Takes a queue in; its first turn comes after that many milliseconds. Default: at once. */
  add(address: string, run: RunTurn, delayMs?: number): void;
  /** The queue's turn comes at once, or right after the one under way. */
  wake(address: string): void;
  /** Lets go of a queue, after the turn under way. */
  remove(address: string): Promise<void>;
  /** Lets go of all. */
  stop(): Promise<void>;
}
