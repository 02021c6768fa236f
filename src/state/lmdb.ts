/**
 * The embedded store: one LMDB environment in a folder of its own, open to several processes at once.
 *
 * Invariants: nothing touches the disk before `open`; the folder is made for its owner alone and so are its files;
 * a write is one child transaction, which LMDB takes back whole when anything in it throws (a plain asynchronous
 * transaction would keep what was written before the throw); versions come from a counter in the store itself, so
 * they rise over all processes.
 */
import { resolve } from "node:path";
import type { RootDatabase } from "lmdb";
import { type Clock, systemClock } from "../base/clock.js";
import { ConfigError, MailError } from "../base/errors.js";
import type { Engine, Stored, StoredAt } from "./engine.js";
import { createStore } from "./front.js";
import { openFailure, readFailure, writeFailure } from "./lmdb-failure.js";
import { prepareFolder } from "./lmdb-folder.js";
import { formatKey, keyBuffer, keyOf, lastVersionKey, lmdbFormat, recordBuffer, recordOf, versionOf } from "./lmdb-record.js";
import type { PreparedSelection } from "./request.js";
import type { Store } from "./store.js";
import { applyCommits, type Transaction } from "./transaction.js";

export interface LmdbStoreOptions {
  /** Times the gathering of commits. Default: the system clock. */
  readonly clock?: Clock;
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

type Database = RootDatabase<Uint8Array, Uint8Array>;

/**
 * A store in the folder `path`, taken from the working directory of this moment; made at `open()` if absent.
 * @throws ConfigError for a path that is no text
 */
export function lmdbStore(path: string, { clock = systemClock }: LmdbStoreOptions = {}): Store {
  if (typeof path !== "string" || path === "") {
    throw new ConfigError("CONFIG_INVALID", `Expected the path of lmdbStore to be the name of a folder, got ${JSON.stringify(path)}.`);
  }
  return createStore(createLmdbEngine(resolve(path)), clock);
}

function createLmdbEngine(path: string): Engine {
  /** Empty while closed. */
  let opened: Database | undefined;
  /** True when the newest write failed. */
  let lastWriteFailed = false;

  function database(): Database {
    if (!opened) throw new MailError("STORE_NOT_OPEN", `The store lmdb:${path} is not open.`);
    return opened;
  }

  async function read<Result>(run: (db: Database) => Result): Promise<Result> {
    const db = database();
    try {
      // Else a read may see the store as it was up to a millisecond ago, before another process committed.
      db.resetReadTxn();
      return run(db);
    } catch (cause) {
      throw readFailure(path, cause);
    }
  }

  return {
    name: `lmdb:${path}`,
    async open() {
      opened = await openDatabase(path);
      lastWriteFailed = false;
    },
    async close() {
      const closing = database().close();
      opened = undefined;
      // After a write that failed lmdb waits for ever for its flush; the environment is then left to the end of the process.
      if (!lastWriteFailed) await closing;
    },
    get: (keys) => read((db) => keys.map((bytes) => found(db.getBinary(keyBuffer(bytes))))),
    list: (selection) => read((db) => listed(db, selection)),
    async write(take) {
      const db = database();
      try {
        const written = await db.childTransaction(() => {
          const { results, lastVersion } = applyCommits(transactionOn(db), take(), lastVersionOf(db));
          db.putSync(lastVersionKey, recordBuffer(lastVersion, ""));
          return results;
        });
        lastWriteFailed = false;
        return written;
      } catch (error) {
        lastWriteFailed = true;
        throw await writeFailure(path, error);
      }
    },
  };
}

async function openDatabase(path: string): Promise<Database> {
  try {
    await prepareFolder(path);
    // Loaded when used: hosts with another store need not have its native part.
    const { open } = await import("lmdb");
    const db: Database = open<Uint8Array, Uint8Array>(path, databaseOptions);
    try {
      await settleFormat(db, path);
    } catch (error) {
      await db.close();
      throw error;
    }
    return db;
  } catch (cause) {
    throw openFailure(path, cause);
  }
}

/** Writes the format into a new store; refuses one that a later package has written. */
async function settleFormat(db: Database, path: string): Promise<void> {
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

function transactionOn(db: Database): Transaction {
  return {
    version(bytes) {
      const record = db.getBinaryFast(keyBuffer(bytes));
      return record ? versionOf(record) : null;
    },
    put: (bytes, json, version) => void db.putSync(keyBuffer(bytes), recordBuffer(version, json)),
    delete: (bytes) => void db.removeSync(keyBuffer(bytes)),
  };
}

function lastVersionOf(db: Database): number {
  const record = db.getBinaryFast(lastVersionKey);
  return record ? versionOf(record) : 0;
}

function found(record: Uint8Array | undefined): Stored | undefined {
  return record && recordOf(record);
}

function listed(db: Database, { low, high, limit, reverse }: PreparedSelection): StoredAt[] {
  if (low >= high) return [];
  const [start, end] = reverse ? [high, low] : [low, high];
  const range = db.getRange({ start: keyBuffer(start), end: keyBuffer(end), exclusiveStart: true, reverse, limit });
  return Array.from(range, ({ key, value }) => ({ bytes: keyOf(key), ...recordOf(value) }));
}
