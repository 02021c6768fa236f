/**
 * Looks for the folders that a host has named: one by its path, where one lies that was found before, and all below one.
 *
 * Invariants: a folder is found by its whole path or not at all, and an error names what there is at the level where it
 * ends; what lies in Deleted Items was thrown away, unless the path itself leads there. Nothing is kept here.
 */
import { MailError } from "../base/errors.js";
import { stated } from "../base/stated.js";
import type { GraphClient, MailboxAccess } from "../graph/client.js";
import type { Urgency } from "../graph/fair-order.js";
import { type FolderName, isCalled, topFolder, writeBelow, writePath } from "./folder-name.js";
import { childFolders, type FolderNode, folderNode } from "./folder-tree.js";

export interface FolderSearch {
  readonly client: GraphClient;
  readonly mailbox: MailboxAccess;
  /** The id of a folder by its well-known name or id, asked for once. @throws MailError `GRAPH_…`, `SYNC_FOLDER_NOT_FOUND` */
  readonly idOf: (folder: string) => Promise<string>;
  /** The same, asked for now. */
  readonly askId: (folder: string) => Promise<string>;
  readonly urgency: Urgency;
  readonly signal: AbortSignal;
}

export interface FoundFolder {
  readonly id: string;
  /** By which it is told, and could be configured. */
  readonly name: string;
}

/** `same`: where its path says. `elsewhere`: it has another path. `deleted`: it is not there, or lies in Deleted Items. */
export type Whereabouts = { readonly at: "same" } | { readonly at: "elsewhere"; readonly path: string } | { readonly at: "deleted" };

/** Names of folders that an error lists, and characters of each. */
const mostNames = 30;
const longestName = 60;
const topLevel = "the top";
/** Deeper than Exchange makes a tree. */
const deepest = 300;

/**
 * The error of a folder that is not there, with the folders that are: those at the top, where it does not say already. Where
 * Graph does not list them either, the error says enough as it is.
 */
export async function withWhatIsThere(
  search: Pick<FolderSearch, "client" | "mailbox" | "urgency" | "signal">,
  name: string,
  error: MailError,
): Promise<MailError> {
  // One without a status was made here, and says it.
  if (error.code !== "SYNC_FOLDER_NOT_FOUND" || error.status === undefined) return error;
  const { client, mailbox, signal } = search;
  const { message: found, queue = mailbox.queue, status, serviceCode } = error;
  try {
    const nodes = await childFolders(client, mailbox, { ...search, folder: topFolder, name: topLevel });
    const message = `${found} The folder ${JSON.stringify(name)} is not there: at the top there is ${whatIsThere(nodes)}.`;
    return new MailError(error.code, message, { queue, ...stated({ status, serviceCode }) });
  } catch (failure) {
    if (signal.aborted || !(failure instanceof MailError)) throw failure;
    return error;
  }
}

/** The folder at the end of the path. @throws MailError `SYNC_FOLDER_NOT_FOUND` with what there is instead; `GRAPH_…` */
export async function findFolder(search: FolderSearch, { name, path }: { name: string; path: FolderName }): Promise<string> {
  const { client, mailbox } = search;
  let at = path.base;
  let told = path.base === topFolder ? topLevel : path.base;
  for (const part of path.below) {
    const nodes = await childFolders(client, mailbox, { ...search, folder: at, name: told });
    const node = nodes.find(({ displayName }) => displayName === part) ?? nodes.find(({ displayName }) => isCalled(displayName, part));
    if (!node) throw notThere(mailbox.queue, { name, part, told, nodes });
    at = node.id;
    told = JSON.stringify(node.displayName.slice(0, longestName));
  }
  return at;
}

/** Where a folder lies that had that path once. @throws MailError `GRAPH_…` */
export async function whereIs(search: FolderSearch, id: string, path: FolderName): Promise<Whereabouts> {
  const baseId = await search.idOf(path.base);
  let node = await nodeIfThere(search, id);
  if (!node) return { at: "deleted" };
  const names: string[] = [];
  let isSame = true;
  for (let depth = 1; depth <= deepest; depth += 1) {
    names.unshift(node.displayName);
    isSame &&= depth <= path.below.length && isCalled(node.displayName, path.below.at(-depth) ?? "");
    if (isSame && depth === path.below.length && node.parentId === baseId) return { at: "same" };
    // Ids that are not needed while all is as it was.
    if (!isSame || depth === path.below.length) {
      const binId = await search.idOf("deleteditems");
      if (baseId !== binId && (node.id === binId || node.parentId === binId)) return { at: "deleted" };
      const topId = await search.idOf(topFolder);
      // It was gone up to while the path could still be the same.
      if (node.id === topId) names.shift();
      if (node.id === topId || node.parentId === topId) break;
    }
    if (node.parentId === undefined) break;
    const above = await nodeIfThere(search, node.parentId);
    if (!above) return { at: "deleted" };
    node = above;
  }
  return { at: "elsewhere", path: writePath(names) };
}

/** All folders below it, in the order of the tree; neither Deleted Items nor what lies there. @throws MailError `GRAPH_…`, `SYNC_FOLDER_NOT_FOUND` */
export async function foldersBelow(search: FolderSearch, { folder, id, name }: FoundFolder & { folder: string }): Promise<FoundFolder[]> {
  const { client, mailbox } = search;
  const binId = id === (await search.idOf(topFolder)) ? await search.idOf("deleteditems") : undefined;
  const seen = new Set([id]);
  const found: FoundFolder[] = [];
  const open = [{ folder, name }];
  for (let next = open.shift(); next; next = open.shift()) {
    const nodes = await childrenIfThere(search, next, found.length > 0);
    for (const node of nodes) {
      // One that is moved while the tree is read may come twice.
      if (seen.has(node.id) || node.id === binId) continue;
      seen.add(node.id);
      const below = { id: node.id, name: writeBelow(next.name, node.displayName) };
      found.push(below);
      if (node.childCount > 0) open.push({ folder: node.id, name: below.name });
    }
  }
  return found;

  /** One that went while the tree is read has nothing below it any more; the first has to be there. */
  async function childrenIfThere(of: FolderSearch, one: { folder: string; name: string }, mayLack: boolean): Promise<FolderNode[]> {
    try {
      return await childFolders(client, mailbox, { ...of, ...one });
    } catch (error) {
      if (mayLack && isNotThere(error)) return [];
      throw error;
    }
  }
}

async function nodeIfThere(search: FolderSearch, id: string): Promise<FolderNode | undefined> {
  try {
    return await folderNode(search.client, search.mailbox, { ...search, folder: id, name: "that was found before" });
  } catch (error) {
    if (isNotThere(error)) return undefined;
    throw error;
  }
}

function isNotThere(error: unknown): boolean {
  return error instanceof MailError && error.code === "SYNC_FOLDER_NOT_FOUND";
}

interface Missed {
  readonly name: string;
  readonly part: string;
  readonly told: string;
  readonly nodes: readonly FolderNode[];
}

function notThere(queue: string, { name, part, told, nodes }: Missed): MailError {
  const there = `below ${told} there is no ${JSON.stringify(part)}, but ${whatIsThere(nodes)}`;
  const message = `The folder ${JSON.stringify(name)} of ${queue} is not there: ${there}.`;
  return new MailError("SYNC_FOLDER_NOT_FOUND", message, { queue });
}

function whatIsThere(nodes: readonly FolderNode[]): string {
  if (nodes.length === 0) return "no folder at all";
  const shown = nodes.slice(0, mostNames).map(({ displayName }) => JSON.stringify(displayName.slice(0, longestName)));
  return `${shown.join(", ")}${nodes.length > mostNames ? ` and ${nodes.length - mostNames} more` : ""}`;
}
