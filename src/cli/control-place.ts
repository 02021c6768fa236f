/**
 * Where the control socket of a daemon is: in the store's folder, so that whoever may open the store finds it, and nobody
 * else; or in a folder of its own, where the store has none.
 *
 * Where the system takes no such path (it is too long for a socket; Windows has pipes, which lie in no folder) a place
 * nobody can guess or make is taken, and recorded in the folder. Invariants: a folder in the temp folder is made
 * for its owner alone, and one of another owner is not believed in; what a live process listens on is never removed.
 */
import { randomUUID } from "node:crypto";
import { lstat, mkdtemp, readFile, rename, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { MailError } from "../base/errors.js";

/** Names in the folder. */
export const socketName = "control.sock";
export const recordName = "control.path";

/** Systems take 104 bytes (macOS) or 108 (Linux), the last of them a zero. */
const longestPathBytes = 100;
const isShort = (path: string) => Buffer.byteLength(path) <= longestPathBytes;
const foldersPrefix = "mail-daemon-";
const pipePrefix = "\\\\.\\pipe\\m365-mail-daemon-";

export interface ControlPlace {
  readonly path: string;
  /** Removes what was made for it beside the socket itself. */
  leave(): Promise<void>;
}

/**
 * A place to listen at. What a process that has ended has left is removed; whoever calls owns the store, or has
 * the folder for itself, so no other is about to begin.
 * @throws MailError `LIFECYCLE_CONTROL_UNAVAILABLE` while a live process listens there
 */
export async function makePlace(folder: string): Promise<ControlPlace> {
  const own = join(folder, socketName);
  const former = await recordedPath(folder);
  for (const path of [own, former]) {
    // At a path that is too long nobody listens, and Nodes differ in how they say so.
    if (path !== undefined && isShort(path) && (await isListening(path))) throw inUse(path);
  }
  await rm(own, { force: true });
  if (former !== undefined) await removeRecorded(folder, former);
  if (process.platform !== "win32" && isShort(own)) return { path: own, leave: async () => undefined };
  const path = process.platform === "win32" ? pipePrefix + randomUUID() : join(await newFolder(), socketName);
  await record(folder, path);
  return { path, leave: () => removeRecorded(folder, path) };
}

/** Where a daemon on the store may listen, likely ones first. */
export async function placesOf(folder: string): Promise<string[]> {
  const recorded = await recordedPath(folder);
  const own = join(folder, socketName);
  const isHere = await lstat(own).then(
    () => true,
    () => false,
  );
  return [...(isHere ? [own] : []), ...(recorded !== undefined && (await isOwn(recorded, folder)) ? [recorded] : [])];
}

/** Errors of a place at which nobody listens: no such file, or a socket whose process has ended. */
export function isDeserted(error: unknown): boolean {
  const { code = "" } = error as NodeJS.ErrnoException;
  return code === "ENOENT" || code === "ECONNREFUSED" || code === "ENOTSOCK" || code === "ENOTDIR";
}

/** Errs towards "yes": a process that is frozen or busy listens all the same. */
function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = createConnection(path);
    connection.once("connect", () => {
      connection.destroy();
      resolve(true);
    });
    connection.once("error", (error) => resolve(!isDeserted(error)));
  });
}

async function newFolder(): Promise<string> {
  const temp = tmpdir();
  const fits = isShort(join(temp, `${foldersPrefix}XXXXXX`, socketName));
  // Its mode is 0700.
  return mkdtemp(join(fits ? temp : "/tmp", foldersPrefix));
}

/** As a whole or not at all, for its owner alone. */
async function record(folder: string, path: string): Promise<void> {
  const file = join(folder, recordName);
  await writeFile(`${file}.new`, path, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

async function recordedPath(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, recordName), "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return "";
    throw error;
  });
  const isOurs = text.startsWith(pipePrefix) || basename(dirname(text)).startsWith(foldersPrefix);
  return isOurs ? text : undefined;
}

async function removeRecorded(folder: string, path: string): Promise<void> {
  await rm(join(folder, recordName), { force: true });
  if (path.startsWith(pipePrefix) || !(await isOwn(path, folder))) return;
  await rm(path, { force: true });
  // Whatever else somebody put there keeps it.
  await rmdir(dirname(path)).catch(() => undefined);
}

/** The temp folder is everybody's: what was cleared away there may have been made anew by another. */
async function isOwn(path: string, folder: string): Promise<boolean> {
  if (path.startsWith(pipePrefix)) return true;
  try {
    const [place, named] = [await lstat(dirname(path)), await stat(folder)];
    return place.isDirectory() && (place.mode & 0o077) === 0 && [named.uid, process.geteuid?.()].includes(place.uid);
  } catch {
    return false;
  }
}

function inUse(path: string): MailError {
  return new MailError("LIFECYCLE_CONTROL_UNAVAILABLE", `Another process listens at the control socket ${path}.`, {
    remedy: "Stop that process: it is a daemon that has lost its store, or another program.",
  });
}
