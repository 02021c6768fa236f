/** What a queue's ledger is to its users; `ledger.ts` keeps it, and says by which invariants. */
import type { Mark } from "../mailbox/mark.js";
import type { Commit, Key, Value } from "../state/store.js";
import type { ForeignChange, Known, OpenEntry, Sighting } from "./ledger-record.js";

/** Puts and deletes that belong together; `withinMs` as of a commit. */
export type Change = Pick<Commit, "puts" | "deletes" | "withinMs">;

export interface Ledger {
  readonly queueKey: string;
  /** Open work by message id. */
  readonly open: ReadonlyMap<string, OpenEntry>;
  /** What is known of these ids; a message never seen is not in the map. */
  look(ids: readonly string[]): Promise<ReadonlyMap<string, Known>>;
  /**
   * Records what is new of a page, together with its cursor; returns the entries to be delivered. What is known stays,
   * but what was believed to be gone is new again. `known`: a look at these ids, where there was one.
   */
  record(
    sightings: readonly Sighting[],
    cursor?: { readonly key: Key; readonly value: Value },
    known?: ReadonlyMap<string, Known>,
  ): Promise<OpenEntry[]>;
  /** Begins an attempt for each; durable before the handler runs. `alone`: nothing else of this process is in flight. */
  begin(
    entries: readonly { entry: OpenEntry; conversationId?: string | undefined }[],
    options?: { readonly alone: boolean },
  ): Promise<OpenEntry[]>;
  /** The message is done with: it waits for its mark, or rests when there is none to make. */
  settle(
    entry: OpenEntry,
    end: { readonly outcome: "settled" | "quarantined"; readonly mark: Mark | undefined; readonly error?: string },
  ): Promise<OpenEntry | undefined>;
  /** The attempt failed; another follows. */
  retry(entry: OpenEntry, again: { readonly notBeforeAt: number; readonly error: string }): Promise<OpenEntry>;
  /** The attempt was cut off by a stop: it does not count. */
  release(entry: OpenEntry): Promise<OpenEntry>;
  /** Something is known of it beside its state. `alone: false`: others go on while it is in flight. */
  note(entry: OpenEntry, what: { readonly foreign?: readonly ForeignChange[]; readonly alone?: false }): Promise<OpenEntry>;
  /** Graph does not have it (any more), or has it again: then since `undefined`. */
  missing(entry: OpenEntry, since: number | undefined): Promise<OpenEntry>;
  /** Nothing of it is delivered any more; returns its copy, when one has waited and is to be delivered now. */
  close(entry: OpenEntry, state: "gone" | "skipped"): Promise<OpenEntry | undefined>;
  /** The marks are made, or never can be. */
  marked(entries: readonly { readonly entry: OpenEntry; readonly error?: string }[]): Promise<void>;
  markFailed(entry: OpenEntry): Promise<OpenEntry>;
  /**
   * A message that rests, or waits for its mark, is to be delivered again, with all its attempts before it; nothing when
   * it waits for its delivery already, or was never seen. What becomes of its mark counts no more.
   */
  reopen(id: string): Promise<OpenEntry | undefined>;
  /** Writes what waits for company now; resolves when all is written, or has failed. */
  drain(): Promise<void>;
  /** Whatever else the queue keeps; checked by epoch like all others. */
  write(change: Change): Promise<void>;
}
