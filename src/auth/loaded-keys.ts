/**
 * The key ring as it was last loaded: once for all that is sealed, and again where a record names a key that was not there.
 *
 * Invariants: one load at a time, however many ask; a load that failed is no load, and takes nothing from the keys that
 * are there. It must not know what the keys seal.
 */
import { MailError } from "../base/errors.js";
import type { KeyRing, VaultKey } from "./key-ring.js";

export interface LoadedKeys {
  /** The key that seals. @throws MailError `AUTH_VAULT_KEY_MISSING`, `AUTH_VAULT_KEY_LOCKED`; ConfigError `CONFIG_KEY_INVALID` */
  first(): Promise<VaultKey>;
  /** @throws MailError `AUTH_VAULT_KEY_UNKNOWN`, and what `first` throws */
  named(id: string, account: string): Promise<VaultKey>;
  /** Asks the ring anew, for keys that were added since. */
  reload(): Promise<void>;
}

export function createLoadedKeys(keys: KeyRing): LoadedKeys {
  /** Empty before the first load that went well. */
  let ring: readonly VaultKey[] | undefined;
  /** Empty unless the ring is being asked. */
  let loading: Promise<readonly VaultKey[]> | undefined;

  async function load(): Promise<readonly VaultKey[]> {
    ring = await keys.load();
    return ring;
  }

  function reload(): Promise<readonly VaultKey[]> {
    loading ??= load().finally(() => {
      loading = undefined;
    });
    return loading;
  }

  return {
    async first() {
      const [first] = ring ?? (await reload());
      if (first) return first;
      throw new MailError("AUTH_VAULT_KEY_MISSING", "The key ring is empty, so nothing can be sealed.");
    },

    async named(id, account) {
      const known = (ring ?? (await reload())).find((key) => key.id === id);
      if (known) return known;
      const reloaded = await reload();
      const added = reloaded.find((key) => key.id === id);
      if (added) return added;
      const ids = reloaded.map((key) => key.id).join(", ");
      throw new MailError(
        "AUTH_VAULT_KEY_UNKNOWN",
        `The vault record of ${account} was sealed with the key ${JSON.stringify(id.slice(0, 64))}; the key ring holds ${ids}.`,
        {
          who: "developer",
          remedy: "Put that key back into the key ring (any place but the first will do), or sign the account in again.",
        },
      );
    },

    async reload() {
      await reload();
    },
  };
}
