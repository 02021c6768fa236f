/**
 * The key ring as it was last loaded: once for all that is sealed, and again where a record names a key that was not there.
 *
 * Invariant: a load that failed is no load: the next use asks again. It must not know what the keys seal.
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
  /** The keys, or their loading; empty before the first use and after a load that failed. */
  let ring: Promise<readonly VaultKey[]> | undefined;

  function load(again: boolean): Promise<readonly VaultKey[]> {
    if (ring && !again) return ring;
    const loading: Promise<readonly VaultKey[]> = keys.load().catch((error: unknown) => {
      if (ring === loading) ring = undefined;
      throw error;
    });
    ring = loading;
    return loading;
  }

  return {
    async first() {
      const [first] = await load(false);
      if (first) return first;
      throw new MailError("AUTH_VAULT_KEY_MISSING", "The key ring is empty, so nothing can be sealed.");
    },

    async named(id, account) {
      const known = (await load(false)).find((key) => key.id === id);
      if (known) return known;
      const reloaded = await load(true);
      const added = reloaded.find((key) => key.id === id);
      if (added) return added;
      const ids = reloaded.map((key) => key.id).join(", ");
      throw new MailError(
        "AUTH_VAULT_KEY_UNKNOWN",
        `The vault record of ${account} was sealed with the key ${JSON.stringify(id.slice(0, 64))}; the key ring holds ${ids}.`,
        { remedy: "Put that key back into the key ring (any place but the first will do), or sign the account in again." },
      );
    },

    async reload() {
      await load(true);
    },
  };
}
