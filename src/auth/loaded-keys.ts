/**
 * The key ring as it was last loaded: once for all that is sealed, and again where a record names a key that was not there.
 *
 * Invariants: one load at a time, however many ask, and none lasts longer than half a minute; a load that failed takes
 * nothing from the keys that are there; a key that is unknown is not asked for more than twice a minute. It must not
 * know what the keys seal.
 */
import type { Clock } from "../base/clock.js";
import { MailError } from "../base/errors.js";
import type { KeyRing, VaultKey } from "./key-ring.js";

export interface LoadedKeys {
  /**
   * The key that seals.
   * @throws MailError `AUTH_VAULT_KEY_MISSING`, `AUTH_VAULT_KEY_LOCKED`; ConfigError `CONFIG_KEY_INVALID`
   */
  first(): Promise<VaultKey>;
  /** @throws MailError `AUTH_VAULT_KEY_UNKNOWN`, and what `first` throws */
  named(id: string, account: string): Promise<VaultKey>;
  /** Asks the ring anew, by a load that begins now, for keys that were added since. */
  reload(): Promise<void>;
  /** Waits for no load any more. */
  close(): void;
}

/** A key service that hangs holds up whoever asks, and the stop of the daemon, no longer than this. */
const longestLoadMs = 30_000;
const unknownKeyEveryMs = 30_000;

export function createLoadedKeys(keys: KeyRing, clock: Clock): LoadedKeys {
  /** Empty before the first load that went well. */
  let ring: readonly VaultKey[] | undefined;
  /** Empty unless the ring is being asked. */
  let loading: Promise<readonly VaultKey[]> | undefined;
  /** When the ring was last asked for a key that it had not, by the key's id, epoch milliseconds. */
  const missedAt = new Map<string, number>();
  /** Empty until it is closed. */
  let closed: MailError | undefined;
  /** Gives a load up; empty unless one is under way. */
  let giveUp: ((error: MailError) => void) | undefined;

  async function load(): Promise<readonly VaultKey[]> {
    const given = new Promise<never>((_, reject) => {
      giveUp = reject;
    });
    const stopTimer = clock.startTimer(() => giveUp?.(tooLate()), longestLoadMs);
    try {
      ring = await Promise.race([keys.load(), given]);
      return ring;
    } finally {
      stopTimer();
      giveUp = undefined;
    }
  }

  /** The load that is under way, or a new one. */
  function asked(): Promise<readonly VaultKey[]> {
    if (closed) return Promise.reject(closed);
    loading ??= load().finally(() => {
      loading = undefined;
    });
    return loading;
  }

  return {
    async first() {
      const [first] = ring ?? (await asked());
      if (first) return first;
      throw new MailError("AUTH_VAULT_KEY_MISSING", "The key ring is empty, so nothing can be sealed.", { who: "developer" });
    },

    async named(id, account) {
      const known = (ring ?? (await asked())).find((key) => key.id === id);
      if (known) return known;
      // A load that is under way may bring it.
      if (loading || clock.now() - (missedAt.get(id) ?? Number.NEGATIVE_INFINITY) >= unknownKeyEveryMs) {
        missedAt.set(id, clock.now());
        await asked();
      }
      const added = ring?.find((key) => key.id === id);
      if (added) return added;
      const ids = ring?.map((key) => key.id).join(", ");
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
      // A load that began before may not know the newest key.
      await loading?.catch(() => undefined);
      await asked();
    },

    close() {
      closed = new MailError("LIFECYCLE_STOPPED", "The vault's keys are not in use any more.");
      giveUp?.(closed);
    },
  };
}

function tooLate(): MailError {
  return new MailError("AUTH_VAULT_KEY_MISSING", `The source of the vault's keys gave no answer within ${longestLoadMs} ms.`, {
    who: "developer",
    remedy: "Look into the key service that is asked; the queues go on by themselves once it answers.",
  });
}
