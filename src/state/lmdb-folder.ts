/**
 * The folder of an LMDB store, made and looked over before LMDB itself opens it: an opening that LMDB finds impossible
 * (damaged file, no permission, no space) ends the process instead of failing, so it must not be tried.
 */
import { constants } from "node:fs";
import { access, mkdir, open, statfs } from "node:fs/promises";
import { join } from "node:path";
import { MailError } from "../base/errors.js";

/** The files that LMDB keeps in its folder (lmdb.h, `mdb_env_open`). */
export const dataFile = "data.mdb";
const lockFile = "lock.mdb";

/** Marks an LMDB file; it follows the header of the first page, whose size differs by platform (mdb.c, `MDB_meta`). */
const magic = Buffer.from([0xde, 0xc0, 0xef, 0xbe]);
const headerBytes = 64;

/** Room for the lock file and the first pages. */
const minFreeBytes = 256 * 1024;

/**
 * Makes the folder if it is absent, for its owner alone.
 * @throws MailError `STORE_NOT_WRITABLE`, `STORE_UNAVAILABLE`, or the file system's own error
 */
export async function prepareFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
  for (const file of [dataFile, lockFile]) await assertAccessible(join(path, file));
  await assertLmdbFile(join(path, dataFile));
  const { bavail, bsize } = await statfs(path);
  if (bavail * bsize >= minFreeBytes) return;
  throw new MailError("STORE_UNAVAILABLE", `The store in ${path} cannot be opened: the disk is full (${bavail * bsize} bytes are free).`, {
    remedy: "Make room on that disk, or give a folder on another.",
  });
}

async function assertAccessible(file: string): Promise<void> {
  try {
    await access(file, constants.R_OK | constants.W_OK);
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
}

async function assertLmdbFile(file: string): Promise<void> {
  const start = await firstBytes(file, headerBytes);
  // An empty file is one that was made and not yet filled.
  if (!start || start.length === 0) return;
  if (start.includes(magic)) return;
  throw new MailError("STORE_NOT_WRITABLE", `${file} is no LMDB store, or a damaged one, and was left as it is.`, {
    remedy: "Give another folder, or put back a copy of this one that was made while no process had it open.",
  });
}

async function firstBytes(file: string, count: number): Promise<Buffer | undefined> {
  const handle = await open(file, "r").catch((error: unknown) => {
    if (isAbsent(error)) return undefined;
    throw error;
  });
  try {
    const read = await handle?.read(Buffer.alloc(count), 0, count, 0);
    return read?.buffer.subarray(0, read.bytesRead);
  } finally {
    await handle?.close();
  }
}

function isAbsent(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}
