/**
 * A key ring in a file that only the daemon's user can read.
 *
 * Invariants: what is checked is what is read: one open descriptor, so the file cannot be changed for another in between;
 * opening never waits (a named pipe would). A message names the path, never the content. It must not write.
 */
import { constants, type Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { resolve } from "node:path";
import { ConfigError, MailError } from "../base/errors.js";
import type { KeyRing } from "./key-ring.js";
import { checkedPlace, parseKeyText } from "./key-text.js";

/** Who reads: what the operating system says of this process. */
export interface KeyReader {
  /** The effective user id; `undefined` on Windows, where mode and owner of a file mean nothing. */
  readonly userId: () => number | undefined;
}

const thisProcess: KeyReader = { userId: () => process.geteuid?.() };

/** Some 1,000 keys; more is another file. */
const mostBytes = 65_536;
const rootId = 0;

/** Windows has neither flag; there nothing waits at opening. */
const openFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

/**
 * A ring whose keys stand in a file as lines of `id:base64key`, the first of which seals; blank lines and lines with `#`
 * in front are left out. The file is read at each `load()`, so a key can be added while the daemon runs.
 *
 * It must be a regular file of at most 64 KiB, owned by the daemon's user or root, and readable by nobody else (`chmod 600`);
 * a file of root may be read by its group where the daemon is not root, as systemd and Kubernetes hand secrets over.
 * @throws ConfigError `CONFIG_KEY_INVALID` when the path is none
 */
export function keyFile(path: string): KeyRing {
  return keyFileFor(path, thisProcess);
}

/** `keyFile` for a given reader. */
export function keyFileFor(path: string, reader: KeyReader): KeyRing {
  const file = resolve(checkedPlace(path, "the argument of keyFile", "the path of a file"));
  return {
    async load() {
      const keys = parseKeyText(await readChecked(file, reader), `the key file ${file}`);
      if (keys.length > 0) return keys;
      throw new MailError("AUTH_VAULT_KEY_MISSING", `The key file ${file} holds no vault key.`, {
        who: "developer",
        remedy: "Make a key once with generateKey() and write it into the file as `key1:<key>`. Keep a copy of it elsewhere.",
      });
    },
  };
}

async function readChecked(file: string, reader: KeyReader): Promise<string> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, openFlags);
    assertPrivate(file, await handle.stat(), reader.userId());
    return await readText(file, handle);
  } catch (error) {
    throw error instanceof MailError ? error : unreadable(file, error as NodeJS.ErrnoException, reader.userId());
  } finally {
    await handle?.close();
  }
}

/**
 * Nothing, when the file is one that nobody but its reader and root can have read or written.
 * @param userId who reads; `undefined` where mode and owner mean nothing
 * @throws ConfigError `CONFIG_KEY_INVALID`
 */
export function assertPrivate(file: string, stats: Pick<Stats, "uid" | "mode" | "size" | "isFile">, userId: number | undefined): void {
  if (!stats.isFile()) throw noRegularFile(file);
  if (stats.size > mostBytes) throw tooLong(file);
  if (userId === undefined) return;
  const { uid } = stats;
  const mode = stats.mode & 0o7777;
  if (uid !== userId && uid !== rootId) {
    throw refused(
      file,
      `to be owned by this process's user (${userId}) or by root, got user ${uid}`,
      `Its owner could put other keys into it. As root: chown ${userId} ${quoted(file)} && chmod 600 ${quoted(file)}`,
    );
  }
  // The group's bits of a file of root show the mask of systemd's access list (systemd issue 29435) or stand for a pod's
  // `fsGroup` (kubernetes issue 57923): root let this user read, who could not otherwise.
  const forbidden = uid === rootId && userId !== rootId ? 0o037 : 0o077;
  if ((mode & forbidden) === 0) return;
  throw refused(
    file,
    `to be closed to everybody but its owner, got mode ${mode.toString(8).padStart(4, "0")}`,
    `Run: chmod 600 ${quoted(file)}`,
  );
}

/** Reads one byte more than allowed: a file may grow after it was measured, and those of `/proc` have no size. */
async function readText(file: string, handle: FileHandle): Promise<string> {
  const buffer = Buffer.alloc(mostBytes + 1);
  let length = 0;
  while (length < buffer.length) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, null);
    if (bytesRead === 0) return buffer.toString("utf8", 0, length);
    length += bytesRead;
  }
  throw tooLong(file);
}

function unreadable(file: string, cause: NodeJS.ErrnoException, userId: number | undefined): MailError {
  const { code } = cause;
  if (code === "ENXIO") return noRegularFile(file);
  if (code === "ENOENT" || code === "ENOTDIR") {
    const remedy =
      "Make it, or give the path of the one there is. A lost key cannot be made again: put it back from where you keep a copy.";
    return new MailError("AUTH_VAULT_KEY_MISSING", `There is no key file ${file}.`, { cause, who: "developer", remedy });
  }
  const isClosed = code === "EACCES" || code === "EPERM";
  return new MailError("AUTH_VAULT_KEY_MISSING", `The key file ${file} cannot be read (${code ?? cause.name}).`, {
    cause,
    who: "developer",
    remedy:
      isClosed && userId !== undefined
        ? `As root: chown ${userId} ${quoted(file)} && chmod 600 ${quoted(file)}; its folders must let that user through.`
        : "See whether the path and its disk are in order.",
  });
}

function noRegularFile(file: string): ConfigError {
  return refused(file, "to be a regular file", "Give the path of the file that holds the keys.");
}

function tooLong(file: string): ConfigError {
  return refused(file, `to have at most ${mostBytes} bytes`, "Give the path of a file that holds keys and nothing else.");
}

function refused(file: string, expectation: string, remedy: string): ConfigError {
  return new ConfigError("CONFIG_KEY_INVALID", `Expected the key file ${file} ${expectation}.`, { who: "developer", remedy });
}

/** The path as a POSIX shell takes it. */
function quoted(file: string): string {
  return /^[\w./@:+-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`;
}
