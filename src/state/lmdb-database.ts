/**
 * The LMDB databases of this process, one per folder however many stores use it.
 *
 * Invariant: a folder that is open is never opened a second time. Opening is a transaction on the calling thread, and
 * when another database of the same folder has one under way that waits for this very thread, neither ever ends
 * (seen in lmdb 3.5.6: `EnvWrap::beginTxn` against `WriteWorker::WaitForCallbacks`).
 */
import { stat } from "node:fs/promises";
import type { RootDatabase } from "lmdb";
import { MailError } from "../base/errors.js";
import { prepareFolder } from "./lmdb-folder.js";
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

/** By what the operating system knows a folder by, since one folder may have several paths. */
const shared = new Map<string, Shared>();

/** The database in the folder, which is made if absent, and the function that leaves it; the last user's leaving closes it. */
export async function openDatabase(path: string): Promise<{ readonly opened: OpenedDatabase; leave(): Promise<void> }> {
  await prepareFolder(path);
  const { dev, ino } = await stat(path, { bigint: true });
  const folder = `${dev}:${ino}`;
  for (let closing = shared.get(folder)?.closing; closing; closing = shared.get(folder)?.closing) await closing;

  const one = shared.get(folder) ?? { opening: open(path), users: 0 };
  shared.set(folder, one);
  one.users += 1;
  try {
    return { opened: await one.opening, leave: () => leave(folder, one) };
  } catch (error) {
    if (shared.get(folder) === one) shared.delete(folder);
    throw error;
  }
}

async function leave(folder: string, one: Shared): Promise<void> {
  one.users -= 1;
  if (one.users > 0) return;
  // Said before anything is waited for: who comes now waits for the end of it.
  one.closing = one.opening.then(close).finally(() => shared.delete(folder));
  await one.closing;
}

async function close({ db, lastWriteFailed }: OpenedDatabase): Promise<void> {
  const closed = db.close();
  // After a write that failed lmdb waits for ever for its flush; the environment is then left to the end of the process.
  if (!lastWriteFailed) await closed;
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
