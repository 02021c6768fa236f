/**
 * `mailFolders`, one folder, and its child folders.
 * Invariant: `/mailFolders` gives the top level only; hidden folders only when asked for (user-list-mailfolders). Knows no message.
 */
import type { Folder } from "../mailbox/folder.js";
import type { Mailbox } from "../mailbox/mailbox.js";
import {
  answerJson,
  contextOf,
  folderIn,
  type GraphCall,
  type GraphWork,
  mailboxOf,
  ownerContext,
  readJsonBody,
  requireRoom,
} from "./call.js";
import { queryFrom, readQuery, readSkip, readTop } from "./query.js";
import { badQuery, badRequest, GraphRefusal, unknownParameter } from "./refusal.js";

type FolderReader = (folder: Folder, mailbox: Mailbox) => unknown;

const readers: Readonly<Record<string, FolderReader>> = {
  id: (folder) => folder.id,
  displayName: (folder) => folder.displayName,
  parentFolderId: (folder, mailbox) => folder.parentId ?? mailbox.root.id,
  childFolderCount: (folder, mailbox) => visibleChildren(mailbox, folder, false).length,
  unreadItemCount: (folder) => folder.unread,
  totalItemCount: (folder) => folder.received.count,
  sizeInBytes: (folder) => folder.received.count * 20_480,
  isHidden: (folder) => folder.hidden,
};

/** Answers `folder`. */
export const answerFolder: GraphWork = (call) => {
  const { owner, mailbox } = mailboxOf(call);
  const chosen = pick(readQuery(call.ask.query, ["$select"]).get("$select"));
  const folder = folderIn(mailbox, call.route.folder ?? "");
  return answerJson(call, `{${contextOf(call, `${ownerContext(owner)}/mailFolders/$entity`)},${write(folder, mailbox, chosen)}}`);
};

/**
 * Answers `createFolder`: 201 with the new folder, at the top level or in the folder of the path (user-post-mailfolders,
 * mailfolder-post-childfolders). A name that is there already, in any letter case, is 409.
 */
export const answerCreateFolder: GraphWork = (call) => {
  const { owner, mailbox } = mailboxOf(call, true);
  readQuery(call.ask.query, []);
  const { displayName, ...others } = readJsonBody(call.ask);
  const [stranger] = Object.keys(others);
  if (stranger !== undefined) throw unknownParameter(`the property "${stranger}"`);
  if (typeof displayName !== "string" || displayName.trim() === "") throw badRequest("The folder's display name is missing or empty.");
  const parent = call.route.folder === undefined ? mailbox.root : folderIn(mailbox, call.route.folder);
  if (mailbox.childrenOf(parent).some((folder) => folded(folder.displayName) === folded(displayName)))
    throw new GraphRefusal(409, "ErrorFolderExists", "A folder with the specified name already exists.");
  requireRoom(mailbox);
  const folder = mailbox.addFolder(displayName, parent);
  return answerJson(
    call,
    `{${contextOf(call, `${ownerContext(owner)}/mailFolders/$entity`)},${write(folder, mailbox, Object.entries(readers))}}`,
    201,
  );
};

/** Names are one whatever their letter case and the way an accent is written; the filter of a list is stricter about the latter. */
function folded(name: string): string {
  return name.normalize("NFC").toLowerCase();
}

/** Answers `folders`: the top level, or the children of the folder in the path. */
export const answerFolders: GraphWork = (call) => {
  const { owner, mailbox } = mailboxOf(call);
  const query = readQuery(call.ask.query, ["$top", "$skip", "$skiptoken", "$select", "$filter", "$count", "includeHiddenFolders"]);
  const chosen = pick(query.get("$select"));
  const parent = call.route.folder === undefined ? mailbox.root : folderIn(mailbox, call.route.folder);
  const passes = readNameFilter(query.get("$filter"));
  const folders = visibleChildren(mailbox, parent, query.get("includeHiddenFolders") === "true").filter(passes);

  const skip = readSkip(query);
  const end = skip + pageSizeOf(call, readTop(query, 10));
  const head = [contextOf(call, `${ownerContext(owner)}/mailFolders${parent === mailbox.root ? "" : `('${parent.id}')/childFolders`}`)];
  if (query.get("$count") === "true") head.push(`"@odata.count":${folders.length}`);
  if (end < folders.length) head.push(`"@odata.nextLink":"https://${call.ask.host}${call.ask.path}?${queryFrom(query, end)}"`);
  const items = folders.slice(skip, end).map((folder) => `{${write(folder, mailbox, chosen)}}`);
  return answerJson(call, `{${head.join(",")},"value":[${items.join(",")}]}`);
};

/** A preference for the page size goes below `$top`, never above. */
export function pageSizeOf(call: GraphCall, top: number): number {
  return Math.min(top, call.preferences.maxPageSize ?? 1000);
}

function visibleChildren(mailbox: Mailbox, parent: Folder, hidden: boolean): Folder[] {
  return mailbox.childrenOf(parent).filter((folder) => hidden || !folder.hidden);
}

function readNameFilter(text: string | undefined): (folder: Folder) => boolean {
  if (text === undefined) return () => true;
  const match = /^displayName\s+eq\s+'(.*)'$/s.exec(text.trim());
  if (!match) throw badQuery(`Invalid filter clause: '${text}'.`);
  const wanted = (match[1] ?? "").replaceAll("''", "'").toLowerCase();
  return (folder) => folder.displayName.toLowerCase() === wanted;
}

function pick(select: string | undefined): [string, FolderReader][] {
  const all = Object.entries(readers);
  if (select === undefined) return all;
  const asked = select.split(",").map((name) => name.trim().toLowerCase());
  const stranger = asked.find((name) => !all.some(([known]) => known.toLowerCase() === name));
  if (stranger !== undefined) {
    throw new GraphRefusal(
      400,
      "RequestBroker--ParseUri",
      `Could not find a property named '${stranger}' on type 'Microsoft.OutlookServices.MailFolder'.`,
    );
  }
  return all.filter(([name]) => name === "id" || asked.includes(name.toLowerCase()));
}

function write(folder: Folder, mailbox: Mailbox, chosen: readonly [string, FolderReader][]): string {
  const type = folder.search ? `"@odata.type":"#microsoft.graph.mailSearchFolder",` : "";
  return type + chosen.map(([name, read]) => `"${name}":${JSON.stringify(read(folder, mailbox))}`).join(",");
}
