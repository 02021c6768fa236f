/**
 * One text in the operating system's keychain, by the optional package `@azure/msal-node-extensions`: an entry of libsecret's
 * secret service on Linux or of the Keychain on macOS, and a file sealed by DPAPI on Windows.
 *
 * Invariants: the package is loaded when it is used and not before; a keychain that is closed is never taken for an empty
 * one; what was written was read back; the text never lies on a disk in the clear. It must not know what the text is.
 */

import { mkdtemp, open, rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keychainFailure, libraryFailure, notKept, unknownPlatform } from "./keychain-failure.js";

/** Where the text is kept. */
export interface KeychainPlace {
  readonly service: string;
  readonly account: string;
  /** The file that DPAPI seals; used on Windows only. */
  readonly path: string;
}

export interface Keychain {
  /**
   * The text, or `undefined` when the keychain is open and holds none.
   * @throws MailError `AUTH_VAULT_KEY_LOCKED`, `AUTH_VAULT_KEY_MISSING`
   */
  read(): Promise<string | undefined>;
  /**
   * Puts the text in the place of the one that is there; that one stays when this fails.
   * @throws MailError `AUTH_VAULT_KEY_LOCKED`, `AUTH_VAULT_KEY_MISSING`
   */
  write(text: string): Promise<void>;
}

/** One entry as the package offers it; `load` answers `null` for an absent entry and for a locked keyring alike. */
export interface Persistence {
  load(): Promise<string | null>;
  save(text: string): Promise<void>;
  /** Writes, reads and deletes an entry of its own. */
  verifyPersistence(): Promise<boolean>;
}

interface NamedPersistence {
  create(stampPath: string, service: string, account: string): Promise<Persistence>;
}

/** What is used of `@azure/msal-node-extensions` 5. Its `PersistenceCreator` writes at each opening, so it is not. */
export interface KeychainLibrary {
  readonly LibSecretPersistence: NamedPersistence;
  readonly KeychainPersistence: NamedPersistence;
  readonly FilePersistenceWithDataProtection: { create(path: string, scope: unknown): Promise<Persistence> };
  readonly DataProtectionScope: { readonly CurrentUser: unknown };
}

/** What is different on another machine. */
export interface KeychainMachine {
  readonly platform: NodeJS.Platform;
  /** Loads the package; throws as `require` does. */
  readonly library: () => KeychainLibrary;
}

export const libraryName = "@azure/msal-node-extensions";

export const thisMachine: KeychainMachine = {
  platform: process.platform,
  // Through `require`: an `import` of a package whose binary cannot be loaded ends the process on Node 20, even when caught.
  library: () => createRequire(import.meta.url)(libraryName) as KeychainLibrary,
};

export function openKeychain(place: KeychainPlace, machine: KeychainMachine): Keychain {
  async function guarded<T>(work: (open: Opener) => Promise<T>): Promise<T> {
    const open = openerOf(place, machine);
    try {
      return await work(open);
    } catch (error) {
      throw keychainFailure(error, place, machine.platform);
    }
  }

  if (machine.platform !== "win32") {
    return {
      read: () => guarded((open) => withStamp(async (stamp) => readOpen(await open(stamp)))),
      write: (text) => guarded((open) => withStamp(async (stamp) => writeOpen(await open(stamp), text, place))),
    };
  }
  return {
    read: () => guarded(async (open) => readOpen(await open(place.path))),
    write: (text) =>
      guarded(async (open) => {
        // The package writes into the file in place: a crash in between would leave neither the old keys nor the new.
        const fresh = `${place.path}.new`;
        await writeOpen(await open(fresh), text, place);
        await sync(fresh);
        await rename(fresh, place.path);
      }),
  };
}

type Opener = (path: string) => Promise<Persistence>;

function openerOf({ service, account }: KeychainPlace, { platform, library }: KeychainMachine): Opener {
  const found = loaded(library);
  switch (platform) {
    case "win32":
      return (path) => found.FilePersistenceWithDataProtection.create(path, found.DataProtectionScope.CurrentUser);
    case "darwin":
      return (path) => found.KeychainPersistence.create(path, service, account);
    case "linux":
      return (path) => found.LibSecretPersistence.create(path, service, account);
    default:
      throw unknownPlatform(platform);
  }
}

function loaded(library: () => KeychainLibrary): KeychainLibrary {
  try {
    return library();
  } catch (error) {
    throw libraryFailure(error, libraryName);
  }
}

/**
 * `null` stands for "nothing there" and for "locked" alike; only a keychain that keeps something is open. It is tried only
 * then: the trial writes under one name for the whole user, so two processes that start together would spoil each other's.
 */
async function readOpen(entry: Persistence): Promise<string | undefined> {
  const text = await entry.load();
  if (text) return text;
  await entry.verifyPersistence();
  // It may have been unlocked in between.
  return (await entry.load()) || undefined;
}

async function writeOpen(entry: Persistence, text: string, place: KeychainPlace): Promise<void> {
  await entry.save(text);
  if ((await entry.load()) !== text) throw notKept(place);
}

/** Beside an entry the package keeps files without content, which say when it was changed; nobody asks them here. */
async function withStamp<T>(work: (stamp: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "m365-mail-daemon-"));
  try {
    return await work(join(folder, "stamp"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function sync(file: string): Promise<void> {
  const handle = await open(file, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
