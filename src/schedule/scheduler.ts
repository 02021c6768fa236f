/**
 * The scheduler contract: who decides when and where a queue's turn runs. It must not know what a turn does.
 *
 * Invariants: at most one turn of a queue at a time, over all processes that share the scheduler; where that cannot be
 * promised any more (a frozen process, a lost lock), the turn's `signal` is aborted and `confirm` refuses. A wake-up during a
 * turn, from whichever process, leads to another one right after it; after `remove` or `stop` has resolved no turn of this
 * process runs.
 */
import type { MailError } from "../base/errors.js";

/** A turn as its runner sees it. */
export interface Turn {
  /** Aborted, with a `MailError` of the code `LIFECYCLE_LOST_QUEUE`, once the turn may be another process's. Never by `remove` or `stop`. */
  readonly signal: AbortSignal;
  /**
   * Makes sure that the turn is this process's still; at once where that was made sure of a moment ago. To be asked before what no
   * commit protects: a request that changes a mailbox.
   * @throws MailError `LIFECYCLE_LOST_QUEUE`; of a scheduler that cannot be asked, `STORE_UNAVAILABLE`
   */
  confirm(): Promise<void>;
}

/** Runs one turn; resolves with the milliseconds until the next, `Infinity` for "when woken". Never rejects. */
export type RunTurn = (turn: Turn) => Promise<number>;

export interface Scheduler {
  /**
   * Whether the turns go around among processes: a queue is then a process's own only during a turn. Else all turns run in
   * this one, which owns its store.
   */
  readonly isShared: boolean;
  /** Gets ready, before the first `add`. @throws MailError `STORE_UNAVAILABLE`, ConfigError */
  open(): Promise<void>;
  /** Takes a queue in; its first turn comes after that many milliseconds. Default: at once. Where another process has it in already, its time stands. */
  add(address: string, run: RunTurn, delayMs?: number): void;
  /** The queue's turn comes at once, or right after the one under way. */
  wake(address: string): void;
  /** Lets go of a queue, after the turn under way. */
  remove(address: string): Promise<void>;
  /** Lets go of all. */
  stop(): Promise<void>;
  /** Why turns cannot come now (the engine is out of reach); empty while all is well. */
  readonly trouble: MailError | undefined;
}
