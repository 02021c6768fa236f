/**
 * What others did to a message before it was handed over, seen by comparing what was known when it was found with what
 * Graph says now; and what the queue's rule makes of it.
 *
 * Invariants: only what the item says counts (an absent property is not a changed one), each change is found once, and
 * never our own: marks come after the settlement, and a replayed message is not looked at, as its marks may be ours.
 */
import type { JsonObject } from "../graph/wire.js";
import { isFolderId } from "../mailbox/folder-name.js";
import { truth } from "../mailbox/message.js";
import type { ForeignChange, OpenEntry } from "./ledger-record.js";

/** What becomes of a message that somebody else changed before it was handed over: for each kind of change, default `"deliver"`. */
export interface IfChangedElsewhere {
  /** Somebody read it. Default `"deliver"`. */
  readonly read?: "deliver" | "skip";
  /** It lies in a folder that is not watched, and not in Deleted Items. Default `"deliver"`. */
  readonly moved?: "deliver" | "skip";
  /** It lies in Deleted Items. One that is not there at all is `message:gone`. Default `"deliver"`. */
  readonly deleted?: "deliver" | "skip";
  /** It has categories, whoever gave them: a rule of the mailbox counts as somebody else. Default `"deliver"`. */
  readonly categorised?: "deliver" | "skip";
}

/** Folder ids; absent while they are not known. */
export interface Places {
  /** Of the folder the message was found in, or of another watched one in which it lies now. */
  readonly folderId: string | undefined;
  readonly deletedItemsId: string | undefined;
}

/** What others did since it was found, without what was told already. The item may bring a part of its properties only. */
export function foreignChanges(
  { wasRead, foreign = [], replayedAt }: Pick<OpenEntry, "wasRead" | "foreign" | "replayedAt">,
  item: JsonObject,
  { folderId, deletedItemsId }: Places,
): ForeignChange[] {
  if (replayedAt !== undefined) return [];
  const changes: ForeignChange[] = [];
  const { isRead, parentFolderId, categories } = item;
  const isSaid = wasRead !== undefined && isRead !== undefined && isRead !== null;
  if (isSaid && truth(isRead) !== wasRead) changes.push(wasRead ? "unread" : "read");
  if (isElsewhere(parentFolderId, folderId) && deletedItemsId !== undefined) {
    changes.push(parentFolderId === deletedItemsId ? "deleted" : "moved");
  }
  // A round that brings ids does not tell the categories, so those it has now are all taken for later ones. That is the
  // harsh reading: a rule of the mailbox may have given them on arrival; but then too somebody has dealt with it.
  if (Array.isArray(categories) && categories.length > 0) changes.push("categorised");
  return changes.filter((change) => !foreign.includes(change));
}

/** The ids that a comparison needs; others than its own folder's only for a message that has moved. */
export async function placesOf(
  { parentFolderId }: JsonObject,
  { folder, watched }: { readonly folder: string; readonly watched: readonly string[] },
  folderIdOf: (folder: string) => Promise<string | undefined>,
): Promise<Places> {
  if (typeof parentFolderId !== "string") return { folderId: undefined, deletedItemsId: undefined };
  const folderId = await folderIdOf(folder);
  if (!isElsewhere(parentFolderId, folderId)) return { folderId, deletedItemsId: undefined };
  const deletedItemsId = await folderIdOf("deleteditems");
  if (parentFolderId === deletedItemsId) return { folderId, deletedItemsId };
  if (watched.includes(parentFolderId)) return { folderId: parentFolderId, deletedItemsId };
  for (const other of watched) {
    if (other === folder || isFolderId(other)) continue;
    if ((await folderIdOf(other)) === parentFolderId) return { folderId: parentFolderId, deletedItemsId };
  }
  return { folderId, deletedItemsId };
}

/** What the queue's rule says of a change. Unread is never the queue, so nothing follows from it. */
export function actionFor(change: ForeignChange, rule: IfChangedElsewhere): "deliver" | "skip" {
  return change === "unread" ? "deliver" : (rule[change] ?? "deliver");
}

function isElsewhere(parentFolderId: unknown, folderId: string | undefined): boolean {
  return typeof parentFolderId === "string" && folderId !== undefined && parentFolderId !== folderId;
}
