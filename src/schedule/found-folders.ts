/**
 * The watched folders of a queue some of which have to be looked for: paths, subtrees, and names that may be one folder.
 *
 * Invariants: what was found goes on by its id, so a rename or a move changes nothing but what is told; a change of what is
 * watched is durable, with the cursors of what is new, before any round of it. What appears below a folder after that was
 * found has a cursor that counts all it holds as new mail. A folder that leaves has one more round, and is kept until
 * then, so that a crash between the two takes nothing. Nothing is looked for twice within some minutes unless asked for.
 */
import type { MailError } from "../base/errors.js";
import type { Ledger } from "../delivery/ledger.js";
import type { MailboxAccess } from "../graph/client.js";
import { type Cursor, cursorKey, cursorValue } from "../mailbox/cursor.js";
import { type FolderOption, isFolderId, readFolderName } from "../mailbox/folder-name.js";
import type { FolderSearch } from "../mailbox/folder-search.js";
import { folderFacts } from "../mailbox/listing.js";
import { mailboxAnswers } from "../mailbox/reader.js";
import type { Commit, Store } from "../state/store.js";
import { type ConfiguredFolder, type Found, findConfigured, isPlain } from "./configured-folder.js";
import { mayBeOfOneFolder } from "./failure.js";
import { tellChanges } from "./folder-changes.js";
import {
  type FolderRecord,
  folderRecordKey,
  folderRecordValue,
  type KeptFolder,
  keyOf,
  readFolderRecord,
  withFormer,
} from "./folder-record.js";
import type { MissingFolders } from "./missing-folders.js";
import type { FolderLook, WatchedFolder, WatchedFolders } from "./watched-folders.js";

export interface FoundFoldersOptions {
  /** The queue address as configured. */
  readonly queue: string;
  readonly folders: readonly FolderOption[];
  readonly store: Store;
  readonly ledger: Ledger;
  readonly mailbox: MailboxAccess;
  /** Ids by names, as far as they are known. */
  readonly folderIds: Map<string, string>;
  readonly missing: MissingFolders;
  /** Of a folder that was never walked. */
  readonly begin: Cursor;
}

/** One entry of `folders`. */
interface Configured extends ConfiguredFolder {
  /** As stored; empty until it was found for the first time. */
  record: FolderRecord | undefined;
  /** Keys of those kept that were not found again, and have one more round. */
  leaving: ReadonlySet<string>;
  /** Why it, or what is below it, could not be found the last time; empty after one that went well. */
  error: MailError | undefined;
  /** When the next look is due, in the clock's ticks. */
  lookAt: number;
}

/** Milliseconds between looks for what may have changed. */
const lookEveryMs = 5 * 60_000;

/** @throws MailError `STORE_…` */
export async function openFoundFolders(options: FoundFoldersOptions): Promise<WatchedFolders> {
  const { folders, store, ledger, queue } = options;
  const named = folders.map((one) => (typeof one === "string" ? { folder: one } : one));
  const records = await store.getMany(named.map(({ folder }) => folderRecordKey(ledger.queueKey, folder)));
  const configured = named.map(({ folder, subtree = false }, index): Configured => {
    const stored = records[index];
    const record = stored && readFolderRecord(stored, queue);
    return { name: folder, path: readFolderName(folder), subtree, record, leaving: new Set(), error: undefined, lookAt: 0 };
  });
  return new FoundFolders(options, configured);
}

class FoundFolders implements WatchedFolders {
  readonly #options: FoundFoldersOptions;
  /** Single folders first: what is configured by itself is told by that name. */
  readonly #configured: readonly Configured[];
  /** Empty while it has to be put together anew. */
  #all: readonly WatchedFolder[] | undefined;
  /** What was told to be a folder that is watched already. */
  readonly #repeated = new Set<string>();

  constructor(options: FoundFoldersOptions, configured: readonly Configured[]) {
    this.#options = options;
    this.#configured = configured.toSorted((a, b) => Number(a.subtree) - Number(b.subtree));
  }

  get all(): readonly WatchedFolder[] {
    this.#all ??= this.#together();
    return this.#all;
  }

  nameOf(key: string): string {
    const known = this.all.find((one) => one.key === key);
    const former = () => this.#configured.flatMap(({ record }) => record?.former ?? []).findLast((one) => keyOf(one) === key);
    return known?.name ?? former()?.name ?? key;
  }

  async look(work: FolderLook): Promise<readonly WatchedFolder[]> {
    const { missing, folderIds } = this.#options;
    const noneIsThere = missing.count > 0 && missing.count === this.all.length;
    for (const one of this.#configured) {
      const isDue = one.error ? noneIsThere || missing.isDue(errorKey(one)) : one.lookAt <= work.clock.ticks();
      if (!isDue) continue;
      try {
        if (!isPlain(one)) await this.#lookFor(one, work);
        else if (!isFolderId(one.name) && !folderIds.has(one.name)) await this.#idOf(one.name, work);
        one.error = undefined;
        missing.found(errorKey(one));
      } catch (error) {
        if (work.signal.aborted || !mayBeOfOneFolder(error)) throw error;
        // One that Graph is asked by directly says by its round what is the matter with it.
        if (!isPlain(one)) one.error = error;
      }
      one.lookAt = work.clock.ticks() + lookEveryMs * (0.9 + 0.2 * work.clock.random());
      this.#all = undefined;
    }
    // One that left here and is watched by another name has its rounds there.
    const leaving = this.#configured.flatMap((one) => [...one.leaving]);
    for (const key of leaving) if (this.all.some((one) => one.key === key && !one.leaving)) await this.left(key, work);
    return this.#tellRepeated(work);
  }

  lookAgain(): void {
    for (const one of this.#configured) one.lookAt = 0;
  }

  isFound(key: string): boolean {
    return this.#configured.some((one) => !isPlain(one) && one.record?.folders.some((folder) => keyOf(folder) === key));
  }

  async left(key: string, { emit }: FolderLook): Promise<void> {
    const { ledger, missing, queue, store } = this.#options;
    for (const one of this.#configured) {
      const gone = one.record?.folders.find((folder) => keyOf(folder) === key);
      if (!one.record || !gone || !one.leaving.has(key)) continue;
      const folders = one.record.folders.filter((folder) => folder !== gone);
      const isWalked = (await store.get(cursorKey(ledger.queueKey, key))) !== undefined;
      const former = withFormer(one.record, isWalked ? gone : { ...gone, unwalked: true });
      const record = { ...one.record, folders, former };
      await ledger.write({ puts: [{ key: folderRecordKey(ledger.queueKey, one.name), value: folderRecordValue(record) }] });
      one.record = record;
      one.leaving = new Set([...one.leaving].filter((other) => other !== key));
      this.#all = undefined;
      missing.found(key);
      emit("queue:folder-changed", { queue, folder: gone.name, change: "left" });
    }
  }

  isConfigured(name: string): boolean {
    return this.#configured.some((one) => one.name === name && !isPlain(one));
  }

  begunAnew() {
    const { queueKey } = this.#options.ledger;
    const looked = this.#configured.filter((one) => !isPlain(one));
    const value = folderRecordValue({ folders: [], anew: true });
    return {
      keys: this.#configured.filter(isPlain).map(({ name }) => name),
      puts: looked.map(({ name }) => ({ key: folderRecordKey(queueKey, name), value })),
    };
  }

  beginAnew(): void {
    for (const { key } of this.all) this.#options.missing.found(key);
    for (const one of this.#configured) {
      if (!isPlain(one)) one.record = { folders: [], anew: true };
      one.leaving = new Set();
      one.error = undefined;
      one.lookAt = 0;
    }
    this.#all = undefined;
  }

  #together(): WatchedFolder[] {
    const claimed = new Set<string>();
    return this.#configured.flatMap((one): WatchedFolder[] => {
      const mine = this.#foldersOf(one).filter(({ id }) => !claimed.has(id));
      for (const { id } of mine) claimed.add(id);
      return [
        ...mine.map((folder) => {
          const key = keyOf(folder);
          return { key, name: folder.name, ...(one.leaving.has(key) ? { leaving: true as const } : {}) };
        }),
        ...(one.error ? [{ key: errorKey(one), name: one.name, error: one.error }] : []),
      ];
    });
  }

  #foldersOf(one: Configured): readonly KeptFolder[] {
    const { name } = one;
    return isPlain(one) ? [{ id: this.#options.folderIds.get(name) ?? name, key: name, name }] : (one.record?.folders ?? []);
  }

  /** A folder that two entries name is watched once, as the first of them says; that is told once. */
  #tellRepeated({ emit }: FolderLook): readonly WatchedFolder[] {
    const { queue } = this.#options;
    const first = new Map<string, string>();
    for (const one of this.#configured) {
      for (const { id, name } of this.#foldersOf(one).filter((folder) => !one.leaving.has(keyOf(folder)))) {
        const as = first.get(id);
        if (as === undefined) first.set(id, name);
        else if (!this.#repeated.has(`${one.name}\n${id}`)) {
          this.#repeated.add(`${one.name}\n${id}`);
          emit("queue:folder-changed", { queue, folder: name, change: "repeated", as });
        }
      }
    }
    return this.all;
  }

  /** @throws MailError `SYNC_FOLDER_NOT_FOUND`, `GRAPH_…`, `STORE_…` */
  async #lookFor(one: Configured, work: FolderLook): Promise<void> {
    const search: FolderSearch = {
      ...work,
      mailbox: this.#options.mailbox,
      idOf: (folder) => this.#idOf(folder, work),
      askId: (folder) => this.#ask(folder, work),
    };
    const { record } = one;
    const kept = record?.folders.find((folder) => folder.name === one.name && !one.leaving.has(keyOf(folder)));
    let found: Found;
    try {
      found = await findConfigured(search, one, kept);
    } catch (error) {
      const isMissing = mayBeOfOneFolder(error) && error.code === "SYNC_FOLDER_NOT_FOUND";
      // Zammad's documentation: "Default folder Root not found" is told so too, where there is no mailbox at all.
      const isGone = isMissing && (error.status === undefined || (await mailboxAnswers(work.client, search.mailbox, work.signal)));
      if (isGone && (!record || record.folders.length > 0)) await this.#keep(one, { folders: [] }, work);
      throw error;
    }
    await this.#keep(one, found, work);
  }

  /** Makes durable what was found, if it is anything new, and tells it. */
  async #keep(one: Configured, found: Found, work: FolderLook): Promise<void> {
    const { ledger, store, queue } = this.#options;
    const { record: before } = one;
    const keys = new Set(found.folders.map(keyOf));
    const leaving = (before?.folders ?? []).filter((folder) => !keys.has(keyOf(folder)));
    const { anew: _, path: __, ...rest } = before ?? { folders: [] };
    const record: FolderRecord = {
      ...rest,
      folders: [...found.folders, ...leaving],
      ...(found.path === undefined ? {} : { path: found.path }),
      ...(one.subtree && (found.folders.length > 0 || !before) ? { subtree: true } : {}),
    };
    if (JSON.stringify(record) !== JSON.stringify(before)) {
      const begun = found.folders.flatMap((folder) => {
        const cursor = this.#begin(one, folder);
        return cursor ? [{ key: cursorKey(ledger.queueKey, keyOf(folder)), value: cursorValue(cursor) }] : [];
      });
      const stored = await store.getMany(begun.map(({ key }) => key));
      const puts: NonNullable<Commit["puts"]> = [
        { key: folderRecordKey(ledger.queueKey, one.name), value: folderRecordValue(record) },
        // So does one that another entry of `folders` has watched.
        ...begun.filter((_put, index) => stored[index] === undefined),
      ];
      await ledger.write({ puts });
    }
    one.record = record;
    one.leaving = new Set(leaving.map(keyOf));
    if (before) tellChanges(work.emit, queue, { before, now: record, found: found.folders });
  }

  /**
   * How the walk of a folder begins that was not there at the last look; empty where it does as configured (`startFrom`). One
   * that was watched before goes on where it was, or is new where that is forgotten.
   */
  #begin(one: Configured, folder: KeptFolder): Cursor | undefined {
    const { record: before } = one;
    const { begin } = this.#options;
    if (!before || before.folders.some((one) => keyOf(one) === keyOf(folder))) return undefined;
    if (before.anew) return { ...begin, repeat: true };
    const former = before.former?.find(({ id }) => id === folder.id);
    if (former) return former.unwalked ? undefined : { ...begin, live: true };
    const isTop = folder.name === one.name;
    if (!isTop && !before.subtree) return undefined;
    // It took the place of one that is gone: what was known may lie in it under other ids.
    return { ...begin, live: true, ...(isTop ? { repeat: true } : {}) };
  }

  async #idOf(folder: string, work: FolderLook): Promise<string> {
    return this.#options.folderIds.get(folder) ?? (await this.#ask(folder, work));
  }

  async #ask(folder: string, { client, urgency, signal }: Pick<FolderLook, "client" | "urgency" | "signal">): Promise<string> {
    const { id } = await folderFacts(client, this.#options.mailbox, { folder, urgency, signal });
    this.#options.folderIds.set(folder, id);
    return id;
  }
}

/** No folder's key: it ends with a slash. */
function errorKey({ name }: Configured): string {
  return `${name}/`;
}
