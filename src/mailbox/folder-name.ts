/**
 * How a host names a folder: by well-known name, by id, or by its path of display names, parted by `/`.
 *
 * Invariants: one text has one reading, decided without a request; a path that this file writes reads as it was meant.
 * In a path `%2F` is a `/` of a name and `%25` a `%`, as in any URL; a part with an escape is always a display name.
 */

/** One entry of a queue's `folders`. */
export type FolderOption = string | FolderTree;

/** A folder, alone or with all that lies below it. */
export interface FolderTree {
  /** Well-known name, id, or path. */
  readonly folder: string;
  /** Whether the folders below it are watched as well, those made later too. Default `false`. */
  readonly subtree?: boolean;
}

export interface FolderName {
  /** What Graph can be asked by: a well-known name or an id. */
  readonly base: string;
  /** Display names from there down; empty when the base itself is meant. */
  readonly below: readonly string[];
}

/** Above every folder that a person sees. */
export const topFolder = "msgfolderroot";

/** Source: resources/mailfolder. They are the same in every language of a mailbox. */
const wellKnown: ReadonlySet<string> = new Set([
  "archive",
  "clutter",
  "conflicts",
  "conversationhistory",
  "deleteditems",
  "drafts",
  "inbox",
  "junkemail",
  "localfailures",
  topFolder,
  "outbox",
  "recoverableitemsdeletions",
  "scheduled",
  "searchfolders",
  "sentitems",
  "serverfailures",
  "syncissues",
]);

/**
 * Ids of folders are base64 texts of a hundred characters and more; no folder is called like that. One with slashes could be
 * a path, so it must begin as Exchange's ids do.
 */
const id = /^([A-Za-z0-9_-]{60,400}|A[AQ][A-Za-z0-9+/_-]{58,400})={0,2}$/;
/** More would not fit a key of the store. */
const mostBytes = 500;

/** True when Graph is asked by the text itself: nothing has to be looked for. */
export function isDirect(text: string): boolean {
  return wellKnown.has(text.toLowerCase()) || id.test(text);
}

/** True for an id, whose folder has other names as well. */
export function isFolderId(text: string): boolean {
  return id.test(text);
}

/** The name as read. @throws Error that says what is wrong with it, for the option's check */
export function readFolderName(text: string): FolderName {
  if (isDirect(text)) return { base: text, below: [] };
  if (Buffer.byteLength(text) > mostBytes) throw new Error(`no longer than ${mostBytes} bytes`);
  const parts = text.split("/");
  if (parts.includes("")) throw new Error("a path without an empty part; write `%2F` for a `/` that is part of a folder's name");
  const [first = "", ...others] = parts;
  return isDirect(first) ? { base: first, below: others.map(unescaped) } : { base: topFolder, below: parts.map(unescaped) };
}

/** What is wrong with it as the name of a folder; nothing where it is one. */
export function wrongFolderName(text: string): string | undefined {
  try {
    readFolderName(text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The folder of that name below the one that is called so. */
export function writeBelow(parent: string, displayName: string): string {
  return `${parent}/${escaped(displayName)}`;
}

/** A path from the top. */
export function writePath(names: readonly string[]): string {
  const [first = "", ...others] = names;
  const path = names.map(escaped).join("/");
  return isDirect(first) || isDirect(path) ? [firstEscaped(first), ...others.map(escaped)].join("/") : path;
}

/** Exchange does not tell names apart by letter case. */
export function isCalled(displayName: string, wanted: string): boolean {
  return displayName === wanted || folded(displayName) === folded(wanted);
}

function folded(name: string): string {
  return name.normalize("NFC").toLowerCase();
}

function escaped(name: string): string {
  return name.replaceAll("%", "%25").replaceAll("/", "%2F");
}

/** A display name that would be read as a well-known name, or as an id with what follows it; it begins with a letter. */
function firstEscaped(name: string): string {
  return `%${name.charCodeAt(0).toString(16).toUpperCase()}${escaped(name.slice(1))}`;
}

/** Whether it holds half of a surrogate pair. */
function isTorn(name: string): boolean {
  return /[\ud800-\udfff]/u.test(name);
}

function unescaped(part: string): string {
  let name: string;
  try {
    name = decodeURIComponent(part);
  } catch {
    throw new Error("a path in which `%` stands for an escape only; write `%25` for a `%` that is part of a folder's name");
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f]/.test(name) || isTorn(name)) throw new Error("a name without control characters and halves of characters");
  return name;
}
