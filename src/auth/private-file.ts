/**
 * A file with secrets that only this process's user can read.
 *
 * Invariants: what is checked is what is read: one open descriptor, so the file cannot be changed for another in between;
 * opening never waits (a named pipe would). A message names the path, never the content. It must not write, nor know what
 * the content means.
 */
import { constants, type Stats } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { ConfigError, MailError, type MailErrorCode } from "../base/errors.js";

/** Who reads: what the operating system says of this process. */
export interface FileReader {
  /** The effective user id; `undefined` on Windows, where mode and owner of a file mean nothing. */
  readonly userId: () => number | undefined;
}

/** What the file is, as messages have it. */
export interface PrivateKind {
  /** "key file" */
  readonly name: string;
  /** What it holds: "keys". */
  readonly holds: string;
  readonly mostBytes: number;
  /** The code of a file that is not private. */
  readonly refused: MailErrorCode;
  /** The code of one that is not there, or cannot be read. */
  readonly missing: MailErrorCode;
  /** What is said to whoever has lost it. */
  readonly lost?: string;
}

export const thisReader: FileReader = { userId: () => process.geteuid?.() };

const rootId = 0;
/** Of one reading. */
const readBytes = 65_536;

/** Windows has neither flag; there nothing waits at opening. */
const openFlags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

/** @throws MailError with the kind's codes */
export async function readPrivate(file: string, kind: PrivateKind, reader: FileReader = thisReader): Promise<string> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(file, openFlags);
    assertPrivate(file, kind, await handle.stat(), reader.userId());
    return await readText(file, kind, handle);
  } catch (error) {
    throw error instanceof MailError ? error : unreadable(file, kind, error as NodeJS.ErrnoException, reader.userId());
  } finally {
    await handle?.close();
  }
}

/**
 * Nothing, when the file is one that nobody but its reader and root can have read or written.
 * @param userId who reads; `undefined` where mode and owner mean nothing
 * @throws ConfigError with the kind's code
 */
export function assertPrivate(
  file: string,
  kind: PrivateKind,
  stats: Pick<Stats, "uid" | "mode" | "size" | "isFile">,
  userId: number | undefined,
): void {
  if (!stats.isFile()) throw noRegularFile(file, kind);
  if (stats.size > kind.mostBytes) throw tooLong(file, kind);
  if (userId === undefined) return;
  const { uid } = stats;
  const mode = stats.mode & 0o7777;
  if (uid !== userId && uid !== rootId) {
    throw refused(
      file,
      kind,
      `to be owned by this process's user (${userId}) or by root, got user ${uid}`,
      `Its owner could put other ${kind.holds} into it. As root: chown ${userId} ${quoted(file)} && chmod 600 ${quoted(file)}`,
    );
  }
  // The group's bits of a file of root show the mask of systemd's access list (systemd issue 29435) or stand for a pod's
  // `fsGroup` (kubernetes issue 57923): root let this user read, who could not otherwise.
  const forbidden = uid === rootId && userId !== rootId ? 0o037 : 0o077;
  if ((mode & forbidden) === 0) return;
  throw refused(
    file,
    kind,
    `to be closed to everybody but its owner, got mode ${mode.toString(8).padStart(4, "0")}`,
    `Run: chmod 600 ${quoted(file)}`,
  );
}

/** Reads to the end, whatever was measured: a file may grow meanwhile, and those of `/proc` have no size. */
async function readText(file: string, kind: PrivateKind, handle: FileHandle): Promise<string> {
  const chunks: Buffer[] = [];
  for (let length = 0; length <= kind.mostBytes; ) {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(readBytes), 0, readBytes, null);
    if (bytesRead === 0) return Buffer.concat(chunks).toString("utf8");
    chunks.push(buffer.subarray(0, bytesRead));
    length += bytesRead;
  }
  throw tooLong(file, kind);
}

function unreadable(file: string, kind: PrivateKind, cause: NodeJS.ErrnoException, userId: number | undefined): MailError {
  const { code } = cause;
  const { name, missing, lost = "" } = kind;
  if (code === "ENXIO") return noRegularFile(file, kind);
  if (code === "ENOENT" || code === "ENOTDIR") {
    const remedy = `Make it, or give the path of the one there is.${lost}`;
    return new MailError(missing, `There is no ${name} ${file}.`, { cause, who: "developer", remedy });
  }
  const isClosed = code === "EACCES" || code === "EPERM";
  return new MailError(missing, `The ${name} ${file} cannot be read (${code ?? cause.name}).`, {
    cause,
    who: "developer",
    remedy:
      isClosed && userId !== undefined
        ? `As root: chown ${userId} ${quoted(file)} && chmod 600 ${quoted(file)}; its folders must let that user through.`
        : "See whether the path and its disk are in order.",
  });
}

function noRegularFile(file: string, kind: PrivateKind): ConfigError {
  return refused(file, kind, "to be a regular file", `Give the path of the file that holds the ${kind.holds}.`);
}

function tooLong(file: string, kind: PrivateKind): ConfigError {
  const remedy = `Give the path of a file that holds ${kind.holds} and nothing else.`;
  return refused(file, kind, `to have at most ${kind.mostBytes} bytes`, remedy);
}

function refused(file: string, kind: PrivateKind, expectation: string, remedy: string): ConfigError {
  return new ConfigError(kind.refused, `Expected the ${kind.name} ${file} ${expectation}.`, { who: "developer", remedy });
}

/** The path as a POSIX shell takes it. */
function quoted(file: string): string {
  return /^[\w./@:+-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`;
}
