/** A key ring in a file that only the daemon's user can read; `private-file.ts` sees to that. It must not write. */
import { resolve } from "node:path";
import { MailError } from "../base/errors.js";
import type { KeyRing } from "./key-ring.js";
import { checkedPlace, parseKeyText } from "./key-text.js";
import { type FileReader, type PrivateKind, readPrivate, thisReader } from "./private-file.js";

export const keyFileKind: PrivateKind = {
  name: "key file",
  holds: "keys",
  // Some 1,000 keys; more is another file.
  mostBytes: 65_536,
  refused: "CONFIG_KEY_INVALID",
  missing: "AUTH_VAULT_KEY_MISSING",
  lost: " A lost key cannot be made again: put it back from where you keep a copy.",
};

/**
 * A ring whose keys stand in a file as lines of `id:base64key`, the first of which seals; blank lines and lines with `#`
 * in front are left out. The file is read at each `load()`, so a key can be added while the daemon runs.
 *
 * It must be a regular file of at most 64 KiB, owned by the daemon's user or root, and readable by nobody else (`chmod 600`);
 * a file of root may be read by its group where the daemon is not root, as systemd and Kubernetes hand secrets over.
 * @throws ConfigError `CONFIG_KEY_INVALID` when the path is none
 */
export function keyFile(path: string): KeyRing {
  return keyFileFor(path, thisReader);
}

/** `keyFile` for a given reader. */
export function keyFileFor(path: string, reader: FileReader): KeyRing {
  const file = resolve(checkedPlace(path, "the argument of keyFile", "the path of a file"));
  return {
    async load() {
      const keys = parseKeyText(await readPrivate(file, keyFileKind, reader), `the key file ${file}`);
      if (keys.length > 0) return keys;
      throw new MailError("AUTH_VAULT_KEY_MISSING", `The key file ${file} holds no vault key.`, {
        who: "developer",
        remedy: "Make a key once with generateKey() and write it into the file as `key1:<key>`. Keep a copy of it elsewhere.",
      });
    },
  };
}
