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
 * its own extensions. Strings hold no NUL and no half of a surrogate pair; numbers are safe integers >= 0. The space
 * counted, 1 to 8 parts, and at most 1,000 bytes: a number takes 8, a string its UTF-8 form and 2 more.
 */
export type Key = readonly [space: string, ...parts: (string | number)[]];

/**
 * What may be stored: plain JSON data, at most 100 levels deep. Properties that are undefined are left out.
 * The store keeps a copy; what it returns is the reader's own.
 */
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

/** Checks first, then puts in their order, then deletes: a key named twice ends as the last of them left it. */
export interface Commit {
  readonly checks?: readonly Check[];
  readonly puts?: readonly { readonly key: Key; readonly value: Value }[];
  /** Deleting a key that is absent does nothing. */
  readonly deletes?: readonly Key[];
  /**
   * Milliseconds that this commit may wait for others to share its transaction; it waits no longer once 16 wait.
   * Default 0: at once, taking along all that wait. While it waits, reads do not see it. Commits are carried out and
   * resolved in the order in which they were handed in, and each stands or fails by its own checks.
   */
  readonly withinMs?: number;
}

/** `version` is the version of every key put; on failure `failed` is the first key whose check did not hold, and nothing was written. */
export type CommitResult = { readonly ok: true; readonly version: number } | { readonly ok: false; readonly failed: Key };

export interface Selection {
  /** Keys that begin with these parts; the key equal to the prefix itself is not among them. */
  readonly prefix: Key;
  /** Only keys after this one (before it when `reverse`); it need not exist. Default: from the beginning. */
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
  /** Writes what waits and lets go of everything held. A `close` too many does nothing. */
  close(): Promise<void>;
  /** @throws MailError `STORE_INVALID_ARGUMENT`, `STORE_NOT_OPEN`, `STORE_UNAVAILABLE`; so do `getMany` and `list`. */
  get(key: Key): Promise<Entry | undefined>;
  /** One answer per key, in order, all from one moment. */
  getMany(keys: readonly Key[]): Promise<(Entry | undefined)[]>;
  /** In the order of keys, all from one moment. */
  list(selection: Selection): Promise<Entry[]>;
  /**
   * @throws MailError `STORE_INVALID_ARGUMENT` (a key or value outside the contract, or keys of two spaces in one commit),
   * `STORE_NOT_OPEN`, `STORE_UNAVAILABLE`; nothing was written then.
   */
  commit(commit: Commit): Promise<CommitResult>;
}
