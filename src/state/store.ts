/**
 * The store contract: ordered keys and one atomic commit, in the manner of Deno KV. Adapters implement exactly this;
 * `test/contract/store-contract.ts` is the suite that each must pass.
 *
 * Invariants: a commit happens whole or not at all; all its checks are read before its first put, inside the write
 * transaction; once its promise is resolved it survives SIGKILL of every process. A power cut may take back the last
 * moments, in commit order, never the middle.
 */

/**
 * A key: the space it belongs to (one queue, the vault, the daemon), then parts that order within it.
 * Ordered part by part, numbers before strings, numbers by value, strings by their UTF-8 bytes; a key sorts before
 * its own extensions. Strings hold no NUL; numbers are safe integers >= 0; 1 to 8 parts, at most 1,000 bytes in all.
 */
export type Key = readonly [space: string, ...parts: (string | number)[]];

/** What may be stored: plain JSON data. The store keeps a copy; what it returns is the reader's own. */
export type Value = null | boolean | number | string | readonly Value[] | { readonly [name: string]: Value | undefined };

export interface Entry {
  readonly key: Key;
  readonly value: Value;
  /** Rises with every commit of the store, over all processes; never used twice, also not after a delete. */
  readonly version: number;
}

/** Fails the commit unless the key's version is still this one; `null`: unless the key is absent. */
export interface Check {
  readonly key: Key;
  readonly version: number | null;
}

export interface Commit {
  readonly checks?: readonly Check[];
  readonly puts?: readonly { readonly key: Key; readonly value: Value }[];
  readonly deletes?: readonly Key[];
  /**
   * Milliseconds that this commit may wait for others to share its transaction. Default 0: at once, taking along all
   * that wait. Not visible to reads until its promise is resolved. Commits keep the order in which they were handed in.
   */
  readonly withinMs?: number;
}

/** `version` is the version of every key put; on failure `failed` is the first key whose check did not hold, and nothing was written. */
export type CommitResult = { readonly ok: true; readonly version: number } | { readonly ok: false; readonly failed: Key };

export interface Selection {
  /** Keys that begin with these parts; the key equal to the prefix itself is not among them. */
  readonly prefix: Key;
  /** Only keys after this one (before it when `reverse`). Default: from the beginning. */
  readonly after?: Key;
  /** At most this many entries, 1 to 100,000. */
  readonly limit: number;
  /** Highest key first. Default false. */
  readonly reverse?: boolean;
}

export interface Store {
  /** What it is, for messages: `memory`, `lmdb`, … with its place. */
  readonly name: string;
  /**
   * Opens it and checks its format. Called again while open it only counts: every `open` wants one `close`.
   * @throws MailError `STORE_NOT_WRITABLE`, `STORE_NEWER_FORMAT`, `STORE_UNAVAILABLE`
   */
  open(): Promise<void>;
  /** Writes what waits and lets go of everything held. */
  close(): Promise<void>;
  get(key: Key): Promise<Entry | undefined>;
  /** One answer per key, in order. */
  getMany(keys: readonly Key[]): Promise<(Entry | undefined)[]>;
  list(selection: Selection): Promise<Entry[]>;
  /**
   * @throws MailError `STORE_INVALID_ARGUMENT` (a key or value outside the contract, or keys of two spaces in one commit),
   * `STORE_NOT_OPEN`, `STORE_UNAVAILABLE`; nothing was written then.
   */
  commit(commit: Commit): Promise<CommitResult>;
}
