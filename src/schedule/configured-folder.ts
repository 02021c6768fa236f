/**
 * What Graph shows for one entry of a queue's `folders`: the folder itself, and those below it where they are wanted.
 *
 * Invariant: a folder that was found once is the one that is meant, wherever it lies, until it is deleted or another one
 * has its path: then that one is. Nothing is kept here.
 */
import { MailError } from "../base/errors.js";
import { type FolderName, isDirect, isFolderId } from "../mailbox/folder-name.js";
import { type FolderSearch, findFolder, foldersBelow, whereIs } from "../mailbox/folder-search.js";
import { type KeptFolder, keyOf } from "./folder-record.js";

export interface ConfiguredFolder {
  readonly name: string;
  readonly path: FolderName;
  readonly subtree: boolean;
}

/** The configured folder, if it is there, and those below it; with its path where that is another one. */
export interface Found {
  readonly folders: readonly KeptFolder[];
  readonly path?: string;
}

/** Whether Graph is asked by it as it is configured. */
export function isPlain({ name, subtree }: Pick<ConfiguredFolder, "name" | "subtree">): boolean {
  return !subtree && isDirect(name);
}

/** `kept`: the folder that it was at the last look. @throws MailError `SYNC_FOLDER_NOT_FOUND`, `GRAPH_…` */
export async function findConfigured(search: FolderSearch, one: ConfiguredFolder, kept: KeptFolder | undefined): Promise<Found> {
  const { top, ...place } = one.path.below.length > 0 ? await byPath(search, one, kept) : { top: await itself(search, one) };
  const below = one.subtree ? await foldersBelow(search, { ...top, folder: keyOf(top) }) : [];
  return { folders: [top, ...below], ...place };
}

/** One that Graph is asked by directly; an id may be gone since. */
async function itself(search: FolderSearch, { name, path }: ConfiguredFolder): Promise<KeptFolder> {
  const id = isFolderId(path.base) ? await search.askId(path.base) : await search.idOf(path.base);
  return id === name ? { id, name } : { id, key: name, name };
}

async function byPath(
  search: FolderSearch,
  { name, path }: ConfiguredFolder,
  kept: KeptFolder | undefined,
): Promise<{ readonly top: KeptFolder; readonly path?: string }> {
  const place = kept ? await whereIs(search, kept.id, path) : undefined;
  if (kept && place?.at === "same") return { top: kept };
  try {
    return { top: { id: await findFolder(search, { name, path }), name } };
  } catch (error) {
    const isMissing = error instanceof MailError && error.code === "SYNC_FOLDER_NOT_FOUND";
    if (!kept || place?.at !== "elsewhere" || !isMissing) throw error;
    return { top: kept, path: place.path };
  }
}
