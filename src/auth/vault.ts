/**
 * The vault: one sealed record per account, in the store, and beside it, sealed as well, the passwords that were refused.
 *
 * Invariants: a record is written only as a whole, only sealed, and only over the version that the writer has seen;
 * a record that does not open is reported and left as it is, never deleted, never read as "no account".
 * It must not know how tokens are obtained.
 */

import { type Clock, systemClock } from "../base/clock.js";
import type { MailErrorCode } from "../base/errors.js";
import type { Store } from "../state/store.js";
import type { KeyRing } from "./key-ring.js";
import { createLoadedKeys } from "./loaded-keys.js";
import { tampered } from "./seal.js";
import { accountKey, createSealedStore, type Resealed, type SealedStore, type SealedWrite } from "./sealed-store.js";
import { parseVaultRecord, type VaultRecord } from "./vault-record.js";

export interface VaultEntry {
  readonly record: VaultRecord;
  /** The store's version of the record, for the next `write`. */
  readonly version: number;
  /** The key that sealed it. */
  readonly keyId: string;
}

/** What a rotation of the keys did. */
export interface RotateResult {
  /** Accounts whose record is sealed with the first key now, and was not before. */
  readonly resealed: number;
  /** Accounts whose record was sealed with the first key already. */
  readonly current: number;
  /** Records that could not be opened; they are left as they are. */
  readonly failed: readonly { readonly account: string; readonly code: MailErrorCode; readonly reason: string }[];
}

export interface Vault {
  /**
   * Loads the keys, so that their lack shows before anything else is spent.
   * @throws MailError `AUTH_VAULT_KEY_MISSING`, `AUTH_VAULT_KEY_LOCKED`; ConfigError `CONFIG_KEY_INVALID`
   */
  ready(): Promise<void>;
  /** The version of the record without opening it; `null` when there is none. */
  version(account: string): Promise<number | null>;
  /**
   * The record, opened; `undefined` when there is none.
   * @throws MailError `AUTH_VAULT_KEY_UNKNOWN`, `AUTH_VAULT_TAMPERED`, `AUTH_VAULT_KEY_MISSING`, `AUTH_VAULT_NEWER_FORMAT`, store errors
   */
  read(account: string): Promise<VaultEntry | undefined>;
  /** Seals and writes the record, durably, if its version is still `expectedVersion` (`null`: if there is none). */
  write(account: string, record: VaultRecord, expectedVersion: number | null): Promise<SealedWrite>;
  /** Removes the record, readable or not; `false` when there was none. */
  remove(account: string): Promise<boolean>;
  /**
   * Asks the ring anew and seals everything with its first key, while others read and write.
   * @throws MailError of the ring or the store; what was sealed anew by then stays so
   */
  rotate(onResealed: (account: string, versions: { readonly from: number; readonly to: number }) => void): Promise<RotateResult>;
  /** Waits for no key any more. */
  close(): void;
  /** The refused passwords; see `spent-passwords.ts`. */
  readonly refusedPasswords: SealedStore;
}

export interface VaultOptions {
  /** Must be open while the vault is used. */
  readonly store: Store;
  readonly keys: KeyRing;
  /** Default: the system's. */
  readonly clock?: Clock;
}

export function createVault({ store, keys: ring, clock = systemClock }: VaultOptions): Vault {
  const keys = createLoadedKeys(ring, clock);
  const records = createSealedStore({ store, keys, space: "vault" });
  const refusedPasswords = createSealedStore({ store, keys, space: "refused-passwords" });

  return {
    refusedPasswords,
    close: keys.close,
    version: records.version,
    remove: (account) => records.remove(account),

    async ready() {
      await keys.first();
    },

    async read(account) {
      const sealed = await records.read(account);
      if (!sealed) return undefined;
      const record = parseVaultRecord(sealed.text);
      if (!record) throw tampered(accountKey(account));
      return { record, version: sealed.version, keyId: sealed.keyId };
    },

    write: (account, record, expectedVersion) => records.write(account, JSON.stringify(record), expectedVersion),

    async rotate(onResealed) {
      await keys.reload();
      const result = { resealed: 0, current: 0, failed: [] as RotateResult["failed"][number][] };
      const failed = ({ account, error }: Extract<Resealed, { outcome: "failed" }>) =>
        result.failed.push({ account, code: error.code, reason: error.message });
      await records.reseal((one) => {
        if (one.outcome === "failed") failed(one);
        else if (one.outcome !== "gone") result[one.outcome] += 1;
        if (one.outcome === "resealed") onResealed(one.account, one);
      });
      await refusedPasswords.reseal((one) => {
        if (one.outcome === "failed") failed(one);
      });
      return result;
    },
  };
}
