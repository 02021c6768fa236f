/**
 * The tree of a mailbox's folders as Graph shows it: one folder with its place, and what lies right below one.
 *
 * Invariants: search folders are left out, as they hold no mail; hidden ones are not asked for; a listing that does not
 * come to an end is an error, not a short list. It knows no name by which a host calls a folder.
 */
import { MailError } from "../base/errors.js";
import type { GraphClient, MailboxAccess } from "../graph/client.js";
import type { Urgency } from "../graph/fair-order.js";
import { isSearchFolder, type JsonObject, parseObject, parsePage } from "../graph/wire.js";
import { createLoopGuard } from "./loop-guard.js";
import { preferences } from "./message.js";
import { folderNotFound } from "./round.js";

export interface FolderNode {
  readonly id: string;
  readonly displayName: string;
  /** Empty where Graph does not say. */
  readonly parentId: string | undefined;
  readonly childCount: number;
}

export interface NodeRequest {
  /** Well-known name or id. */
  readonly folder: string;
  /** What it is called in errors. */
  readonly name: string;
  readonly urgency?: Urgency | undefined;
  readonly signal?: AbortSignal | undefined;
}

const select = "id,displayName,parentFolderId,childFolderCount";
/** Folders in a page. */
const pageSize = 100;

/** @throws MailError `GRAPH_…`, `SYNC_FOLDER_NOT_FOUND`, `AUTH_…` */
export async function folderNode(client: GraphClient, mailbox: MailboxAccess, request: NodeRequest): Promise<FolderNode> {
  const { folder, name, urgency, signal } = request;
  const target = `${mailbox.root}/mailFolders/${encodeURIComponent(folder)}?$select=${select}`;
  const { text } = await client.call(mailbox, { method: "GET", target, what: `the folder ${name}`, urgency, signal }).catch(folderNotFound);
  return readNode(parseObject(text, "a folder"), mailbox.queue);
}

/** Those right below it. @throws MailError `GRAPH_…`, `SYNC_FOLDER_NOT_FOUND`, `SYNC_ROUND_LOOPED`, `AUTH_…` */
export async function childFolders(client: GraphClient, mailbox: MailboxAccess, request: NodeRequest): Promise<FolderNode[]> {
  const { folder, name, urgency, signal } = request;
  const guard = createLoopGuard(name, mailbox.queue);
  const nodes = new Map<string, FolderNode>();
  let target: string | undefined =
    `${mailbox.root}/mailFolders/${encodeURIComponent(folder)}/childFolders?$select=${select}&$top=${pageSize}`;
  while (target !== undefined) {
    const what = `the folders below ${name}`;
    const call = client.call(mailbox, { method: "GET", target, prefer: preferences(), what, urgency, signal });
    const { items, link } = parsePage((await call.catch(folderNotFound)).text, { graphHost: client.graphHost, delta: false });
    for (const { properties } of items) {
      if (isSearchFolder(properties)) continue;
      const node = readNode(properties, mailbox.queue);
      nodes.set(node.id, node);
    }
    if (link) guard.pass({ items, link });
    target = link?.url;
  }
  return [...nodes.values()];
}

function readNode({ id, displayName, parentFolderId, childFolderCount }: JsonObject, queue: string): FolderNode {
  if (typeof id !== "string" || typeof displayName !== "string") {
    throw new MailError("GRAPH_BAD_RESPONSE", `Graph gave a folder of ${queue} without its id or its name.`, { queue });
  }
  return {
    id,
    displayName,
    parentId: typeof parentFolderId === "string" ? parentFolderId : undefined,
    // One that is not said may be any: it is asked for.
    childCount: typeof childFolderCount === "number" ? childFolderCount : 1,
  };
}
