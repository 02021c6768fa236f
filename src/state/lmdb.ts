/**
 * The embedded store: one LMDB environment in a folder of its own, open to several processes at once.
 *
 * Invariants: nothing touches the disk before `open`; the folder is made for its owner alone and so are its files;
 * a write is one child transaction, which LMDB takes back whole when anything in it throws (a plain asynchronous
 * transaction would keep what was written before the throw); versions come from a counter in the store itself, so
 * they rise over all processes.
 */
import { resolve } from "node:path";
import { type Clock, systemClock } from "../base/clock.js";
import { ConfigError, MailError } from "../base/errors.js";
import type { Engine, Stored, StoredAt } from "./engine.js";
import { createStore } from "./front.js";
import { type Database, openDatabase } from "./lmdb-database.js";
import { openFailure, readFailure, writeFailure } from "./lmdb-failure.js";
import { keyBuffer, keyOf, lastVersionKey, recordBuffer, recordOf, versionOf } from "./lmdb-record.js";
import type { PreparedSelection } from "./request.js";
import type { Store } from "./store.js";
import { applyCommits, type Transaction } from "./transaction.js";

export interface LmdbStoreOptions {
  /** Times the gathering of commits. Default: the system clock. */
  readonly clock?: Clock;
}

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
  let held: Awaited<ReturnType<typeof openDatabase>> | undefined;

  function database() {
    if (!held) throw new MailError("STORE_NOT_OPEN", `The store lmdb:${path} is not open.`);
    return held;
  }

  async function read<Result>(run: (db: Database) => Result): Promise<Result> {
    const { db } = database().opened;
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
      try {
        held = await openDatabase(path);
      } catch (cause) {
        throw openFailure(path, cause);
      }
    },
    async close() {
      const { leave } = database();
      held = undefined;
      await leave();
    },
    get: (keys) => read((db) => keys.map((bytes) => found(db.getBinary(keyBuffer(bytes))))),
    list: (selection) => read((db) => listed(db, selection)),
    async write(take) {
      const { opened } = database();
      const { db } = opened;
      try {
        const written = await db.childTransaction(() => {
          const { results, lastVersion } = applyCommits(transactionOn(db), take(), lastVersionOf(db));
          db.putSync(lastVersionKey, recordBuffer(lastVersion, ""));
          return results;
        });
        opened.lastWriteFailed = false;
        return written;
      } catch (error) {
        opened.lastWriteFailed = true;
        throw await writeFailure(path, error);
      }
    },
  };
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
