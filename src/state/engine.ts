/**
 * What an adapter has to bring, in terms of key bytes and JSON texts only; `front.ts` makes a `Store` of it.
 * An engine never sees an unchecked key or value, and is never called while closed.
 */
import type { MailError } from "../base/errors.js";
import type { KeyBytes } from "./key.js";
import type { PreparedCommit, PreparedSelection } from "./request.js";
import type { CommitResult } from "./store.js";

/** A value as it lies in the store. */
export interface Stored {
  readonly json: string;
  readonly version: number;
}

/** A stored value with its key. */
export interface StoredAt extends Stored {
  readonly bytes: KeyBytes;
}

export interface Engine {
  /** For messages: what it is, and its place. */
  readonly name: string;
  /** @throws MailError `STORE_NOT_WRITABLE`, `STORE_NEWER_FORMAT`, `STORE_UNAVAILABLE`; nothing is held open then. */
  open(): Promise<void>;
  /** Called once nothing is being written. */
  close(): Promise<void>;
  /** One answer per key, all from one moment. @throws MailError `STORE_UNAVAILABLE` */
  get(keys: readonly KeyBytes[]): Promise<(Stored | undefined)[]>;
  /** All from one moment. @throws MailError `STORE_UNAVAILABLE` */
  list(selection: PreparedSelection): Promise<StoredAt[]>;
  /**
   * Begins a write, calls `take` once and applies what it gave, in order: one result each, an error for a commit that
   * failed alone.
   * @throws MailError `STORE_UNAVAILABLE`, with nothing of it written.
   */
  write(take: () => readonly PreparedCommit[]): Promise<readonly (CommitResult | MailError)[]>;
}
