/**
 * A machine whose keychain is played, on a package that behaves as it was measured: `null` for a locked keyring and for an
 * empty one, keytar's texts without codes, files beside the entry. `npm run keychain` runs the real one on libsecret.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect } from "vitest";
import type { KeychainLibrary, Persistence } from "../../../src/auth/keychain.js";

/** What keytar says, word for word (libsecret 0.20, gnome-keyring 42). */
export const lockedText = "Cannot create an item in a locked collection";
export const noKeyringText = "Object does not exist at path “/org/freedesktop/secrets/collection/login”";
export const noBusText = "Cannot autolaunch D-Bus without X11 $DISPLAY";

/** An error as the package makes it. */
export const coded = (errorCode: string, text: string) =>
  Object.assign(new Error(`${errorCode}: ${text}`), { name: "PersistenceError", errorCode });

/** A machine whose keychain is played; `trouble` may be changed between calls. */
export function played(platform: NodeJS.Platform) {
  const entries = new Map<string, string>();
  const calls: string[] = [];
  const trouble: { load?: unknown; save?: unknown; verify?: unknown; locked?: boolean } = {};
  const failing = (error: unknown) => {
    if (error !== undefined) throw error;
  };
  const verify = (error: unknown): Promise<boolean> => {
    calls.push("verify");
    if (error === undefined) return Promise.resolve(true);
    const text = `Verifing persistence failed with the error: ${error}`;
    return Promise.reject(coded("CachePersistenceError", text));
  };

  const named = (kind: string) => ({
    async create(stampPath: string, service: string, account: string): Promise<Persistence> {
      writeFileSync(stampPath, "");
      const name = `${kind} ${service}/${account}`;
      return {
        async load() {
          failing(trouble.load);
          return trouble.locked ? null : (entries.get(name) ?? null);
        },
        async save(text) {
          failing(trouble.save ?? (trouble.locked ? new Error(lockedText) : undefined));
          calls.push(`save ${name}`);
          entries.set(name, text);
        },
        verifyPersistence: () => verify(trouble.verify ?? (trouble.locked ? new Error(lockedText) : undefined)),
      };
    },
  });

  const seal = (text: string) => [...text].reverse().join("");
  const library: KeychainLibrary = {
    LibSecretPersistence: named("libsecret"),
    KeychainPersistence: named("keychain"),
    DataProtectionScope: { CurrentUser: "CurrentUser" },
    FilePersistenceWithDataProtection: {
      async create(path, scope) {
        expect(scope).toBe("CurrentUser");
        mkdirSync(dirname(path), { recursive: true });
        if (!existsSync(path)) writeFileSync(path, "");
        return {
          async load() {
            failing(trouble.load);
            return seal(readFileSync(path, "utf8")) || null;
          },
          async save(text) {
            calls.push(`save ${path}`);
            // In place, and not at once: this is what a crash would leave.
            writeFileSync(path, trouble.save === undefined ? seal(text) : "half");
            failing(trouble.save);
          },
          verifyPersistence: () => verify(trouble.verify),
        };
      },
    },
  };
  return { machine: { platform, library: () => library }, entries, calls, trouble };
}
