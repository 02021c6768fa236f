/**
 * What a folder is called by whoever configures it: a well-known name, an id, or a path of display names.
 *
 * Invariant: decided by the text alone, the same way everywhere; no request is made for it.
 */
import { folderPath } from "./folder-path.js";

/** Source: Graph's mailFolder resource, well-known folder names; they count in any letter case and any language of the mailbox. */
const wellKnownNames: ReadonlySet<string> = new Set(
  (
    "archive clutter conflicts conversationhistory deleteditems drafts inbox junkemail localfailures msgfolderroot outbox " +
    "recoverableitemsdeletions scheduled searchfolders sentitems serverfailures syncissues"
  ).split(" "),
);

/**
 * Folder ids are long and base64, as no display name is that somebody types. One with slashes could be a path, so it must
 * begin as Exchange's ids do.
 */
const id = /^([A-Za-z0-9_-]{60,}|A[AQ][A-Za-z0-9+/_-]{58,})={0,2}$/;

/** `key`: what Graph takes as it is. `path`: names under a folder that Graph takes as it is. */
export type FolderName = { readonly key: string } | { readonly under: string; readonly path: readonly string[] };

export function readFolderName(text: string): FolderName {
  if (isWellKnown(text) || id.test(text)) return { key: text };
  const names = folderPath(text);
  const [first = "", ...others] = names;
  return isWellKnown(first) && others.length > 0 ? { under: first, path: others } : { under: "msgfolderroot", path: names };
}

/** Whether it can name a folder at all. */
export function isFolderName(text: string): boolean {
  return !/%(?!2f|25)/i.test(text) && text.split("/").every((name) => name.trim() !== "");
}

function isWellKnown(text: string): boolean {
  return wellKnownNames.has(text.toLowerCase());
}
