/**
 * A key ring in the operating system's keychain.
 *
 * Invariants: no key is made here, none is written but by `save`, and what is saved was checked before. A keychain that
 * is locked is told from one without keys. It must not know how the keychain is reached.
 */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { ConfigError } from "../base/errors.js";
import { checkedKeys, type KeyRing, type VaultKeyInput } from "./key-ring.js";
import { checkedPlace, formatKeyText, parseKeyText } from "./key-text.js";
import { type KeychainMachine, openKeychain, thisMachine } from "./keychain.js";
import { emptyEntry, entryName } from "./keychain-failure.js";

export interface KeychainOptions {
  /** The name under which the keychain keeps the entry: 1 to 64 of `A-Z a-z 0-9 . _ @ -`. Default `"m365-mail-daemon"`. */
  readonly service?: string;
  /** The second part of that name, for several installations of one user; written alike. Default `"vault-keys"`. */
  readonly account?: string;
  /**
   * The file in which Windows keeps the keys, sealed for this user (DPAPI); unused elsewhere.
   * Default `%LOCALAPPDATA%\<service>\<account>.keys`.
   */
  readonly path?: string;
}

/** A ring whose keys lie in the keychain, and the way to put them there. */
export interface KeychainKeys extends KeyRing {
  /**
   * Puts these keys in the place of those that the keychain holds, for the first set-up and for rotation: the first seals,
   * and a key that is left out opens nothing any more.
   * @throws ConfigError `CONFIG_KEY_INVALID`; MailError `AUTH_VAULT_KEY_LOCKED`, `AUTH_VAULT_KEY_MISSING`
   */
  save(keys: readonly VaultKeyInput[]): Promise<void>;
}

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;

/**
 * A ring whose keys lie in the keychain of the operating system, under the user that runs the daemon: libsecret's secret
 * service on Linux, the Keychain on macOS, DPAPI on Windows. Needs the package `@azure/msal-node-extensions`, which is
 * loaded at the first use. Where there is no keychain it fails; the keys are never kept in the clear instead.
 * @throws ConfigError `CONFIG_KEY_INVALID` when an option is not usable
 */
export function keychainKeys(options: KeychainOptions = {}): KeychainKeys {
  return keychainKeysOn(thisMachine, options);
}

/** `keychainKeys` on a given machine. */
export function keychainKeysOn(machine: KeychainMachine, options: KeychainOptions = {}): KeychainKeys {
  const service = checkedName(options.service ?? "m365-mail-daemon", "service");
  const account = checkedName(options.account ?? "vault-keys", "account");
  const path = resolve(checkedPlace(options.path ?? defaultPath(service, account), "the keychain's `path`", "the path of a file"));
  const place = { service, account, path };
  const keychain = openKeychain(place, machine);
  return {
    async load() {
      const text = await keychain.read();
      const keys = text === undefined ? [] : parseKeyText(text, `the ${entryName(place)}`);
      if (keys.length === 0) throw emptyEntry(place);
      return keys;
    },
    async save(keys) {
      await keychain.write(formatKeyText(checkedKeys(keys, "the keys to save")));
    },
  };
}

function checkedName(name: unknown, option: string): string {
  const expectation = "1 to 64 of A-Z a-z 0-9 . _ @ -, a letter or digit first";
  const text = checkedPlace(name, `the keychain's \`${option}\``, expectation);
  if (namePattern.test(text)) return text;
  throw new ConfigError("CONFIG_KEY_INVALID", `Expected the keychain's \`${option}\` to be ${expectation}.`, { who: "developer" });
}

function defaultPath(service: string, account: string): string {
  return join(process.env.LOCALAPPDATA ?? join(homedir(), "AppData", "Local"), service, `${account}.keys`);
}
