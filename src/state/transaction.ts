/**
 * The rules of a commit inside a write transaction, the same for every engine: all checks first, then puts, then
 * deletes; each commit on its own, and each sees what those before it wrote.
 */
import type { KeyBytes } from "./key.js";
import type { PreparedCommit } from "./request.js";
import type { CommitResult } from "./store.js";

/** The engine's open write transaction. */
export interface Transaction {
  /** The version under this key, or `null` if the key is absent. */
  version(bytes: KeyBytes): number | null;
  put(bytes: KeyBytes, json: string, version: number): void;
  delete(bytes: KeyBytes): void;
}

export interface Applied {
  readonly results: CommitResult[];
  /** The highest version now given out; to be stored in the same transaction. */
  readonly lastVersion: number;
}

/** Applies the commits in order, giving out the versions after `lastVersion`. */
export function applyCommits(transaction: Transaction, commits: readonly PreparedCommit[], lastVersion: number): Applied {
  let version = lastVersion;
  const results = commits.map((commit): CommitResult => {
    const failed = commit.checks.find((check) => transaction.version(check.bytes) !== check.version);
    if (failed) return { ok: false, failed: failed.key };
    version += 1;
    for (const { bytes, json } of commit.puts) transaction.put(bytes, json, version);
    for (const bytes of commit.deletes) transaction.delete(bytes);
    return { ok: true, version };
  });
  return { results, lastVersion: version };
}
