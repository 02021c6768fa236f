/**
 * The vault: one sealed record per account, in the store.
 *
 * Invariants: a record is written only as a whole, only sealed, and only over the version that the writer has seen;
 * a record that does not open is reported and left as it is, never deleted, never read as "no account".
 * It must not know how tokens are obtained.
 */
import { MailError } from "../base/errors.js";
import type { Key, Store } from "../state/store.js";
import type { KeyRing, VaultKey } from "./key-ring.js";
import { keyIdOf, seal, tampered, unseal } from "./seal.js";
import { parseVaultRecord, type VaultRecord } from "./vault-record.js";

export interface VaultEntry {
  readonly record: VaultRecord;
  /** The store's version of the record, for the next `write`. */
  readonly version: number;
  /** The key that sealed it. */
  readonly keyId: string;
}

/** `ok: false`: somebody else wrote first; nothing was written. */
export type VaultWrite = { readonly ok: true; readonly version: number } | { readonly ok: false };

export interface Vault {
  /**
   * Loads the keys, so that their lack shows before anything else is spent.
   * @throws MailError `AUTH_VAULT_KEY_MISSING`; ConfigError `CONFIG_KEY_INVALID`
   */
  ready(): Promise<void>;
  /** The version of the record without opening it; `null` when there is none. */
  version(account: string): Promise<number | null>;
  /**
   * The record, opened; `undefined` when there is none.
   * @throws MailError `AUTH_VAULT_KEY_UNKNOWN`, `AUTH_VAULT_TAMPERED`, `AUTH_VAULT_KEY_MISSING`, `STORE_RECORD_INVALID`, store errors
   */
  read(account: string): Promise<VaultEntry | undefined>;
  /** Seals and writes the record, durably, if its version is still `expectedVersion` (`null`: if there is none). */
  write(account: string, record: VaultRecord, expectedVersion: number | null): Promise<VaultWrite>;
  /** Removes the record, readable or not; `false` when there was none. */
  remove(account: string): Promise<boolean>;
}

export interface VaultOptions {
  /** Must be open while the vault is used. */
  readonly store: Store;
  readonly keys: KeyRing;
}

/** The format of the stored value. */
const format = 1;

/** The name under which an account is kept. */
export function accountKey(account: string): string {
  return account.toLowerCase();
}

export function createVault({ store, keys }: VaultOptions): Vault {
  /** The keys, or their loading; empty before the first use and after a load that failed. */
  let ring: Promise<readonly VaultKey[]> | undefined;

  function loadKeys(again: boolean): Promise<readonly VaultKey[]> {
    if (ring && !again) return ring;
    const loading: Promise<readonly VaultKey[]> = keys.load().catch((error: unknown) => {
      if (ring === loading) ring = undefined;
      throw error;
    });
    ring = loading;
    return loading;
  }

  /** A key unknown to the ring may have been added since: the ring is asked once more. */
  async function keyNamed(id: string, account: string): Promise<VaultKey> {
    const known = (await loadKeys(false)).find((key) => key.id === id);
    if (known) return known;
    const reloaded = await loadKeys(true);
    const added = reloaded.find((key) => key.id === id);
    if (added) return added;
    const ids = reloaded.map((key) => key.id).join(", ");
    throw new MailError(
      "AUTH_VAULT_KEY_UNKNOWN",
      `The vault record of ${account} was sealed with the key ${JSON.stringify(id.slice(0, 64))}; the key ring holds ${ids}.`,
      { remedy: "Put that key back into the key ring (any place but the first will do), or sign the account in again." },
    );
  }

  return {
    async ready() {
      await loadKeys(false);
    },

    async version(account) {
      return (await store.get(storeKey(account)))?.version ?? null;
    },

    async read(account) {
      const name = accountKey(account);
      const entry = await store.get(storeKey(account));
      if (!entry) return undefined;
      const jwe = sealedText(entry.value, name);
      const keyId = keyIdOf(jwe, name);
      const record = parseVaultRecord(await unseal(jwe, name, await keyNamed(keyId, name)));
      if (!record) throw tampered(name);
      return { record, version: entry.version, keyId };
    },

    async write(account, record, expectedVersion) {
      const name = accountKey(account);
      const key = storeKey(account);
      const [first] = await loadKeys(false);
      if (!first) throw new MailError("AUTH_VAULT_KEY_MISSING", "The key ring is empty, so nothing can be sealed.");
      const jwe = await seal(JSON.stringify(record), name, first);
      const result = await store.commit({ checks: [{ key, version: expectedVersion }], puts: [{ key, value: { format, jwe } }] });
      return result.ok ? { ok: true, version: result.version } : { ok: false };
    },

    async remove(account) {
      const key = storeKey(account);
      if (!(await store.get(key))) return false;
      await store.commit({ deletes: [key] });
      return true;
    },
  };
}

function storeKey(account: string): Key {
  return ["vault", accountKey(account)];
}

function sealedText(value: unknown, name: string): string {
  const stored = value as { readonly format?: unknown; readonly jwe?: unknown } | null;
  if (typeof stored?.format === "number" && stored.format > format) {
    throw new MailError(
      "STORE_RECORD_INVALID",
      `The vault record of ${name} has format ${stored.format}; this version knows format ${format}.`,
      {
        remedy: "Start the version that wrote it, or sign the account in again.",
      },
    );
  }
  if (stored?.format !== format || typeof stored.jwe !== "string") throw tampered(name);
  return stored.jwe;
}
