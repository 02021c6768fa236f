/**
 * The LMDB databases of this process, one per folder however many stores use it.
 *
 * Invariant: a folder that is open is never opened a second time. Opening is a transaction on the calling thread, and
 * when another database of the same folder has one under way that waits for this very thread, neither ever ends
 * (seen in lmdb 3.5.6: `EnvWrap::beginTxn` against `WriteWorker::WaitForCallbacks`).
 */
import { open as openFile } from "node:fs/promises";
import { join } from "node:path";
import type { RootDatabase } from "lmdb";
import { MailError } from "../base/errors.js";
import { dataFile, prepareFolder } from "./lmdb-folder.js";
import { formatKey, lmdbFormat } from "./lmdb-record.js";

export type Database = RootDatabase<Uint8Array, Uint8Array>;

export interface OpenedDatabase {
  readonly db: Database;
  /** True when the newest write failed. */
  lastWriteFailed: boolean;
}

interface Shared {
  readonly opening: Promise<OpenedDatabase>;
  /** Those that opened it and did not leave. */
  users: number;
  /** The end of its closing, once the last user has left. */
  closing?: Promise<void>;
}

const databaseOptions = {
  encoding: "binary",
  keyEncoding: "binary",
  /** Else a folder whose name holds a dot would be taken for a file. */
  noSubdir: false,
  /** With it a write that fails (a full disk) rejects one more promise, of lmdb's own, and that would end the process. */
  eventTurnBatching: false,
  /** Missing from the types of lmdb, but read by it. */
  permissionsMode: 0o600,
} as const;

/** By what the operating system knows the data file by: a folder may have several paths, and be made anew under its old one. */
const shared = new Map<string, Shared>();

/** The database in the folder, which is made if absent, and the function that leaves it; the last user's leaving closes it. */
export async function openDatabase(path: string): Promise<{ readonly opened: OpenedDatabase; leave(): Promise<void> }> {
  await prepareFolder(path);
  const file = await identityOf(join(path, dataFile));
  for (let closing = shared.get(file)?.closing; closing; closing = shared.get(file)?.closing) await closing;

  const one = shared.get(file) ?? { opening: open(path), users: 0 };
  shared.set(file, one);
  one.users += 1;
  try {
    return { opened: await one.opening, leave: () => leave(file, one) };
  } catch (error) {
    if (shared.get(file) === one) shared.delete(file);
    throw error;
  }
}

/** Of the file, which is made if absent; LMDB takes an empty one for a new store. As long as it is open no other gets the same. */
async function identityOf(file: string): Promise<string> {
  const handle = await openFile(file, "a", 0o600);
  try {
    const { dev, ino } = await handle.stat({ bigint: true });
    return `${dev}:${ino}`;
  } finally {
    await handle.close();
  }
}

async function leave(file: string, one: Shared): Promise<void> {
  one.users -= 1;
  const { db, lastWriteFailed } = await one.opening;
  // After a write that failed lmdb would wait for ever for its flush: it stays open, for whoever opens the folder next.
  if (one.users > 0 || lastWriteFailed) return;
  one.closing ??= db.close().finally(() => shared.delete(file));
  await one.closing;
}

async function open(path: string): Promise<OpenedDatabase> {
  // Loaded when used: hosts with another store need not have its native part.
  const lmdb = await import("lmdb");
  const db: Database = lmdb.open<Uint8Array, Uint8Array>(path, databaseOptions);
  try {
    settleFormat(db, path);
  } catch (error) {
    await db.close();
    throw error;
  }
  return { db, lastWriteFailed: false };
}

/** Writes the format into a new store; refuses one that a later package has written. */
function settleFormat(db: Database, path: string): void {
  const written = db.getBinary(formatKey);
  if (!written) {
    db.putSync(formatKey, Buffer.from(String(lmdbFormat)));
    return;
  }
  const format = Number(Buffer.from(written).toString());
  if (format === lmdbFormat) return;
  throw new MailError(
    "STORE_NEWER_FORMAT",
    `The store in ${path} has format ${format}, and this version of the package knows formats up to ${lmdbFormat}.`,
    {
      remedy: "Run the newer version of m365-mail-daemon that wrote this store, or give another folder.",
    },
  );
}
