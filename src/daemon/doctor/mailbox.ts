/**
 * The links of a queue's mailbox: whether Graph opens it, whether its folders are there, whether delta works, whether mail
 * can be marked.
 *
 * Invariants: no mail is changed, none is read. A delta round is begun only where no cursor is kept: each one that a
 * second reader begins makes Graph forget one of the daemon's own (about three generations are kept).
 */
import { mailboxRemedy } from "../../auth/mailbox-remedies.js";
import type { Cloud } from "../../base/cloud.js";
import { MailError } from "../../base/errors.js";
import type { GraphClient, MailboxAccess } from "../../graph/client.js";
import { type Cursor, readCursor } from "../../mailbox/cursor.js";
import { isDirect, readFolderName } from "../../mailbox/folder-name.js";
import { type FolderSearch, findFolder, withWhatIsThere } from "../../mailbox/folder-search.js";
import { folderNode } from "../../mailbox/folder-tree.js";
import { fetchPage } from "../../mailbox/round.js";
import type { QueueSettings } from "../../schedule/session.js";
import type { Store } from "../../state/store.js";
import { lackingPermission } from "./account.js";
import { type Link, ok, type Seen, seenIn, skipped, wrong } from "./finding.js";

export interface MailboxOptions {
  readonly settings: QueueSettings;
  readonly client: GraphClient;
  readonly access: () => Promise<MailboxAccess>;
  readonly cloud: Cloud;
  readonly store: Store;
  /** What the token may do, by short names; absent where Entra does not say. */
  readonly scopes: () => Promise<readonly string[] | undefined>;
  readonly signal: AbortSignal;
}

/** More than a queue watches. */
const mostFolders = 1_000;

export function mailboxLinks(options: MailboxOptions): Link[] {
  return [
    { check: "mailbox", look: () => lookAtMailbox(options) },
    { check: "folders", look: () => lookAtFolders(options) },
    { check: "delta", look: () => lookAtDelta(options) },
    { check: "marks", look: () => lookAtMarks(options) },
  ];
}

async function lookAtMailbox({ client, access, signal }: MailboxOptions): Promise<Seen> {
  const mailbox = await access();
  const target = `${mailbox.root}/mailFolders/inbox?$select=id`;
  await client.call(mailbox, { method: "GET", target, what: "the mailbox", urgency: "urgent", signal });
  return ok(`Graph opens the mailbox of ${mailbox.queue}.`);
}

async function lookAtFolders({ settings, client, access, signal }: MailboxOptions): Promise<Seen> {
  const mailbox = await access();
  const idOf = async (folder: string) => (await folderNode(client, mailbox, { folder, name: folder, urgency: "urgent", signal })).id;
  const search: FolderSearch = { client, mailbox, idOf, askId: idOf, urgency: "urgent", signal };
  const names = settings.folders.map((one) => (typeof one === "string" ? one : one.folder));
  const missing: MailError[] = [];
  for (const name of names) {
    const path = readFolderName(name);
    try {
      if (path.below.length > 0) await findFolder(search, { name, path });
      else await idOf(path.base);
    } catch (error) {
      if (!(error instanceof MailError) || error.code !== "SYNC_FOLDER_NOT_FOUND") throw error;
      missing.push(await withWhatIsThere(search, name, error));
    }
  }
  const [first] = missing;
  if (!first) return ok(`${names.map((name) => JSON.stringify(name)).join(", ")} ${names.length === 1 ? "is" : "are"} there.`);
  return { ...seenIn(first), found: missing.map(({ message }) => message).join(" ") };
}

async function lookAtDelta({ settings, client, access, cloud, store, signal }: MailboxOptions): Promise<Seen> {
  if (!cloud.hasDelta) {
    const found = "Graph of this cloud has no delta rounds of mail: folders are listed plainly, which costs more requests.";
    return wrong("warning", found, { who: "developer", step: "national-clouds", remedy: "Nothing to do: the daemon does so by itself." });
  }
  const kept = await cursorsOf(settings.address, store);
  const listing = kept.flatMap((cursor) => cursor.listing ?? []);
  const [worst] = listing;
  if (worst) {
    const since = new Date(worst.since).toISOString();
    const found = `${listing.length} of ${kept.length} folders are listed plainly since ${since}, as Graph gives no delta rounds of them (${worst.code}).`;
    const remedy = mailboxRemedy({ code: "GRAPH_REFUSED", serviceCode: worst.code });
    return { ...seenIn(new MailError("GRAPH_UNAVAILABLE", found), { outcome: "warning", remedy }), serviceCode: worst.code };
  }
  const lastAt = kept.reduce((last, { roundAt = 0 }) => Math.max(last, roundAt), 0);
  if (lastAt > 0) return ok(`Rounds by delta work: the last complete one was at ${new Date(lastAt).toISOString()}.`);
  const first = settings.folders.map((one) => (typeof one === "string" ? one : one.folder)).find(isDirect) ?? "inbox";
  const cursor: Cursor = { select: "light", live: false };
  await fetchPage(client, await access(), { folder: first, cursor, content: {}, pageSize: 1, urgency: "urgent", signal });
  return ok("Graph begins a round by delta.");
}

async function cursorsOf(queue: string, store: Store): Promise<Cursor[]> {
  const entries = await store.list({ prefix: [queue.toLowerCase(), "cursor"], limit: mostFolders });
  return entries.map((entry) => readCursor(entry, queue));
}

async function lookAtMarks({ settings, scopes, access }: MailboxOptions): Promise<Seen> {
  const has = await scopes();
  if (!has) return skipped("Entra did not say which permissions the token has.");
  const isShared = settings.account !== undefined && settings.account.toLowerCase() !== settings.address.toLowerCase();
  const wanted = isShared ? "Mail.ReadWrite.Shared" : "Mail.ReadWrite";
  const { queue } = await access();
  if (!has.some((scope) => scope.toLowerCase() === wanted.toLowerCase())) {
    return lackingPermission(`Mail of ${queue} can be read at the most, and not marked: the token lacks ${wanted}.`);
  }
  const told = `The token may mark mail of ${queue} (${wanted})`;
  return ok(
    isShared ? `${told}, and Graph opens the mailbox to ${settings.account}; Full Access covers both, a lesser right may not.` : `${told}.`,
  );
}
