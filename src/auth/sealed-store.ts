/**
 * Sealed texts in one space of the store, one for each account.
 *
 * Invariants: a text is written only sealed, and only over the version that the writer has seen; what does not open is
 * reported and left as it is, never deleted, never read as "nothing there". It must not know what the texts say.
 */
import { asMailError, MailError } from "../base/errors.js";
import { pagesUnder } from "../state/pages.js";
import type { Entry, Key, Store } from "../state/store.js";
import type { LoadedKeys } from "./loaded-keys.js";
import { keyIdOf, seal, tampered, unseal } from "./seal.js";

export interface SealedText {
  readonly text: string;
  /** The store's version of the record, for the next `write`. */
  readonly version: number;
  /** The key that sealed it. */
  readonly keyId: string;
}

/** `ok: false`: somebody else wrote first; nothing was written. */
export type SealedWrite = { readonly ok: true; readonly version: number } | { readonly ok: false };

/** What became of one record when all were to be sealed with the first key. */
export type Resealed =
  | { readonly account: string; readonly outcome: "resealed"; readonly from: number; readonly to: number }
  | { readonly account: string; readonly outcome: "current" }
  /** Removed by somebody in the meantime. */
  | { readonly account: string; readonly outcome: "gone" }
  | { readonly account: string; readonly outcome: "failed"; readonly error: MailError };

export interface SealedStore {
  /** The version of the record without opening it; `null` when there is none. */
  version(account: string): Promise<number | null>;
  /**
   * The record, opened; `undefined` when there is none.
   * @throws MailError `AUTH_VAULT_KEY_UNKNOWN`, `AUTH_VAULT_TAMPERED`, `AUTH_VAULT_KEY_MISSING`, `AUTH_VAULT_NEWER_FORMAT`, store errors
   */
  read(account: string): Promise<SealedText | undefined>;
  /** Seals and writes the text, durably, if its version is still `expectedVersion` (`null`: if there is none). */
  write(account: string, text: string, expectedVersion: number | null): Promise<SealedWrite>;
  /** Removes the record, readable or not, if its version is still `expectedVersion` (default: whatever it is); `false` when it was not there. */
  remove(account: string, expectedVersion?: number): Promise<boolean>;
  /** Opens every record and seals it anew where another key than the first did; each is told as it is done. */
  reseal(tell: (resealed: Resealed) => void): Promise<void>;
}

export interface SealedStoreOptions {
  /** Must be open while this is used. */
  readonly store: Store;
  readonly keys: LoadedKeys;
  /** The space of the store's keys; bound into each sealed text. */
  readonly space: string;
}

/** The format of the stored value. */
const format = 1;
/** Records read at once when all are gone through. */
const pageSize = 500;
/** More conflicts in a row than this are no race but a fault. */
const mostConflicts = 50;

/** Repeats reading and writing until nobody else wrote in between. @throws MailError `STORE_UNAVAILABLE` when that does not end */
export async function untilWritten<T>(what: string, attempt: () => Promise<T | undefined>): Promise<T> {
  for (let conflicts = 0; conflicts < mostConflicts; conflicts += 1) {
    const written = await attempt();
    if (written !== undefined) return written;
  }
  throw new MailError("STORE_UNAVAILABLE", `${what} changed ${mostConflicts} times while it was being written.`);
}

/** The name under which an account is kept. */
export function accountKey(account: string): string {
  return account.toLowerCase();
}

export function createSealedStore({ store, keys, space }: SealedStoreOptions): SealedStore {
  const storeKey = (account: string): Key => [space, accountKey(account)];

  async function open(entry: Entry, name: string): Promise<SealedText> {
    const jwe = sealedText(entry.value, name);
    const keyId = keyIdOf(jwe, name);
    return { text: await unseal(jwe, { account: name, space, key: await keys.named(keyId, name) }), version: entry.version, keyId };
  }

  async function read(account: string): Promise<SealedText | undefined> {
    const entry = await store.get(storeKey(account));
    return entry && open(entry, accountKey(account));
  }

  async function write(account: string, text: string, expectedVersion: number | null): Promise<SealedWrite> {
    const key = storeKey(account);
    const jwe = await seal(text, { account: accountKey(account), space, key: await keys.first() });
    const result = await store.commit({ checks: [{ key, version: expectedVersion }], puts: [{ key, value: { format, jwe } }] });
    return result.ok ? { ok: true, version: result.version } : { ok: false };
  }

  async function resealOne(account: string): Promise<Resealed> {
    const first = await keys.first();
    return untilWritten<Resealed>(`The vault record of ${account}`, async () => {
      const sealed = await read(account);
      if (!sealed) return { account, outcome: "gone" };
      if (sealed.keyId === first.id) return { account, outcome: "current" };
      const written = await write(account, sealed.text, sealed.version);
      return written.ok ? { account, outcome: "resealed", from: sealed.version, to: written.version } : undefined;
    });
  }

  return {
    version: async (account) => (await store.get(storeKey(account)))?.version ?? null,
    read,
    write,

    async remove(account, expectedVersion) {
      const key = storeKey(account);
      if (!(await store.get(key))) return false;
      const checks = expectedVersion === undefined ? [] : [{ key, version: expectedVersion }];
      return (await store.commit({ checks, deletes: [key] })).ok;
    },

    async reseal(tell) {
      for await (const entries of pagesUnder(store, [space], pageSize)) {
        for (const { key } of entries) {
          const account = String(key[1]);
          try {
            tell(await resealOne(account));
          } catch (error) {
            const ours = asMailError(error, "STORE_UNAVAILABLE", `The vault record of ${account} could not be sealed anew.`);
            // A key or a record that is wrong is that record's own; a store that is away ends the work.
            if (ours.scope === "daemon") throw ours;
            tell({ account, outcome: "failed", error: ours });
          }
        }
      }
    },
  };
}

function sealedText(value: unknown, name: string): string {
  const stored = value as { readonly format?: unknown; readonly jwe?: unknown } | null;
  if (typeof stored?.format === "number" && stored.format > format) {
    throw new MailError(
      "AUTH_VAULT_NEWER_FORMAT",
      `The vault record of ${name} has format ${stored.format}; this version knows format ${format}.`,
      { who: "developer", remedy: "Start the version that wrote it, or sign the account in again." },
    );
  }
  if (stored?.format !== format || typeof stored.jwe !== "string") throw tampered(name);
  return stored.jwe;
}
