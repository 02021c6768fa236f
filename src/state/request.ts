/**
 * What callers ask of a store, checked and encoded before anything is touched: nothing after this step can be refused
 * for its form, so a write transaction that has begun has no reason of its own to fail.
 */
import { MailError } from "../base/errors.js";
import { afterAllExtensions, encodeKey, type KeyBytes, keyText } from "./key.js";
import type { Commit, Key, Selection } from "./store.js";
import { encodeValue } from "./value.js";

/** A commit that is known to be well-formed; it shares nothing with what the caller handed in. */
export interface PreparedCommit {
  readonly checks: readonly { readonly bytes: KeyBytes; readonly key: Key; readonly version: number | null }[];
  readonly puts: readonly { readonly bytes: KeyBytes; readonly json: string }[];
  readonly deletes: readonly KeyBytes[];
  /** Milliseconds, >= 0. */
  readonly withinMs: number;
}

/** The keys strictly between two bounds. */
export interface PreparedSelection {
  readonly low: KeyBytes;
  readonly high: KeyBytes;
  readonly limit: number;
  readonly reverse: boolean;
}

const maxLimit = 100_000;

/** @throws MailError `STORE_INVALID_ARGUMENT` */
export function prepareCommit(commit: Commit): PreparedCommit {
  const { checks = [], puts = [], deletes = [], withinMs = 0 } = commit;
  if (!Number.isFinite(withinMs) || withinMs < 0) {
    throw invalid(`Expected \`withinMs\` of a commit to be a finite number >= 0, got ${withinMs} (${typeof withinMs}).`);
  }
  // Empty until the first key.
  let first: Key | undefined;
  const encode = (key: Key): KeyBytes => {
    const bytes = encodeKey(key);
    first ??= key;
    if (key[0] !== first[0]) {
      throw invalid(`One commit touches one space, and this one names both ${keyText(first)} and ${keyText(key)}.`);
    }
    return bytes;
  };
  return {
    checks: checks.map(({ key, version }) => ({ bytes: encode(key), key: [...key], version: checkedVersion(key, version) })),
    puts: puts.map(({ key, value }) => ({ bytes: encode(key), json: encodeValue(key, value) })),
    deletes: deletes.map(encode),
    withinMs,
  };
}

/** @throws MailError `STORE_INVALID_ARGUMENT` */
export function prepareSelection({ prefix, after, limit, reverse = false }: Selection): PreparedSelection {
  if (!Number.isInteger(limit) || limit < 1 || limit > maxLimit) {
    throw invalid(`Expected \`limit\` of a selection to be an integer from 1 to ${maxLimit}, got ${limit} (${typeof limit}).`);
  }
  const inside = encodeKey(prefix);
  const beyond = inside + afterAllExtensions;
  const edge = after === undefined ? undefined : encodeKey(after);
  const low = edge !== undefined && !reverse && edge > inside ? edge : inside;
  const high = edge !== undefined && reverse && edge < beyond ? edge : beyond;
  return { low, high, limit, reverse };
}

function checkedVersion(key: Key, version: number | null): number | null {
  if (version === null || Number.isSafeInteger(version)) return version;
  throw invalid(`Expected the version checked for ${keyText(key)} to be an entry's version or null, got ${version} (${typeof version}).`);
}

function invalid(message: string): MailError {
  return new MailError("STORE_INVALID_ARGUMENT", message);
}
