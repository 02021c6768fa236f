/**
 * What is kept of a folder that had to be looked for: the ids of what was found under a configured name.
 *
 * Invariant: written in one commit with the cursors of what is new in it, so that a folder is either not found yet, or
 * its first walk is governed as it was decided when it was found.
 */
import { MailError } from "../base/errors.js";
import type { FolderOption } from "../mailbox/folder-name.js";
import type { Entry, Key, Store, Value } from "../state/store.js";

export interface KeptFolder {
  readonly id: string;
  /** What Graph is asked by, and cursors and entries name; absent where it is the id. */
  readonly key?: string;
  /** As configured; below that, its path. */
  readonly name: string;
  /** Of a former one: it never had a first page of a walk. */
  readonly unwalked?: true;
}

export interface FolderRecord {
  /** The configured one first, when it is there. */
  readonly folders: readonly KeptFolder[];
  /** Those that were among them once, newest last: entries may still name them. */
  readonly former?: readonly KeptFolder[];
  /** Where the configured one lies instead of where its path says; absent while that is right. */
  readonly path?: string;
  /** What lies below it was looked for as well. */
  readonly subtree?: true;
  /** They are to be found in another mailbox: what is known may lie there under other ids. */
  readonly anew?: true;
}

/** So many names of former folders are kept. */
const mostFormer = 100;

/** The former folders with one more. */
export function withFormer({ former = [] }: FolderRecord, left: KeptFolder): readonly KeptFolder[] {
  return [...former.filter(({ id }) => id !== left.id), left].slice(-mostFormer);
}

export function keyOf({ key, id }: KeptFolder): string {
  return key ?? id;
}

export function folderRecordKey(queueKey: string, name: string): Key {
  return [queueKey, "folders", name];
}

export function folderRecordValue(record: FolderRecord): Value {
  return record as unknown as Value;
}

/** @throws MailError `STORE_RECORD_INVALID` */
export function readFolderRecord({ key, value }: Entry, queue: string): FolderRecord {
  const record = value as unknown as Partial<FolderRecord> | null;
  if (typeof record === "object" && record !== null && areKept(record.folders) && (record.former === undefined || areKept(record.former))) {
    return record as FolderRecord;
  }
  const message = `The stored folders ${key.join("/")} of ${queue} cannot be read; restore the store from a copy.`;
  throw new MailError("STORE_RECORD_INVALID", message, { queue });
}

/**
 * What hosts are told for the keys that cursors and entries name, by what is stored: for whoever looks at a queue that
 * nobody runs. A key of which nothing is kept stands for itself.
 * @throws MailError `STORE_…`
 */
export async function readFolderNames(
  store: Store,
  { queueKey, queue, folders }: { readonly queueKey: string; readonly queue: string; readonly folders: readonly FolderOption[] },
): Promise<(key: string) => string> {
  const configured = folders.map((one) => (typeof one === "string" ? one : one.folder));
  const stored = await store.getMany(configured.map((name) => folderRecordKey(queueKey, name)));
  const records = stored.flatMap((entry) => (entry ? readFolderRecord(entry, queue) : []));
  const kept = [...records.flatMap(({ former = [] }) => former), ...records.flatMap((record) => record.folders)];
  const names = new Map(kept.map((folder) => [keyOf(folder), folder.name]));
  return (key) => names.get(key) ?? key;
}

function areKept(folders: unknown): boolean {
  return (
    Array.isArray(folders) &&
    folders.every((one: Partial<KeptFolder> | null) => typeof one?.id === "string" && typeof one.name === "string")
  );
}
