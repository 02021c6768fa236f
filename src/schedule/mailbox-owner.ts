/**
 * Whose mailbox lies behind the address: what the queue keeps is bound to the user's object id.
 *
 * Invariant: another id (the user was deleted and made anew, the mailbox restored) begins every folder over: its first
 * walk is bounded again, and what is known is recognised by Message-ID and date. The ledger stays.
 */
import { MailError, type MailErrorCode } from "../base/errors.js";
import { parseObject } from "../graph/wire.js";
import { cursorKey, cursorValue, unwalked } from "../mailbox/cursor.js";
import type { Key } from "../state/store.js";
import type { TurnWork } from "./folder-work.js";

/** More folders than a queue ever watched. */
const mostFolders = 10_000;

export function ownerKey(queueKey: string): Key {
  return [queueKey, "owner"];
}

/** At each turn: what the sign-in says, where the mailbox is its own; asks nobody. @throws MailError `STORE_…` */
export async function noteOwner(work: TurnWork): Promise<void> {
  const { owner } = work.session.mailbox.tokens;
  if (owner !== undefined) await compare(work, owner);
}

/**
 * When there is reason to doubt, and at each sweep: Graph is asked where the sign-in does not say, as for another's
 * mailbox. Where it may not be asked, or does not know the address, nothing speaks against the mailbox.
 * @throws MailError `GRAPH_…` for what may pass, `STORE_…`
 */
export async function checkOwner(work: TurnWork): Promise<"same" | "another"> {
  try {
    return await compare(work, work.session.mailbox.tokens.owner ?? (await askOwner(work)));
  } catch (error) {
    if (error instanceof MailError && unanswerable.has(error.code)) return "same";
    throw error;
  }
}

/** Answers that stay as they are: a right that lacks, an address that is no sign-in name. */
const unanswerable: ReadonlySet<MailErrorCode> = new Set([
  "GRAPH_FORBIDDEN",
  "GRAPH_MAILBOX_UNAVAILABLE",
  "GRAPH_NOT_FOUND",
  "GRAPH_REFUSED",
]);

async function askOwner({ session, client, signal }: TurnWork): Promise<string> {
  const { mailbox, settings } = session;
  const { text } = await client.call(mailbox, { method: "GET", target: `${mailbox.root}?$select=id`, what: "the mailbox's owner", signal });
  const { id } = parseObject(text, "a user");
  if (typeof id === "string" && id !== "") return id;
  throw new MailError("GRAPH_BAD_RESPONSE", `Graph gave the user of ${settings.address} without an id.`, { queue: settings.address });
}

async function storedOwner({ session, store }: TurnWork): Promise<string | undefined> {
  session.owner ??= readOwner((await store.get(ownerKey(session.ledger.queueKey)))?.value);
  return session.owner;
}

async function compare(work: TurnWork, owner: string): Promise<"same" | "another"> {
  const { session, emit } = work;
  const { ledger, settings, folderIds, watched } = session;
  const { queueKey } = ledger;
  await session.claims.claim(owner, settings.address);
  const before = await storedOwner(work);
  if (before === owner) return "same";
  const note = { key: ownerKey(queueKey), value: owner };
  if (before === undefined) {
    await ledger.write({ puts: [note] });
    session.owner = owner;
    return "same";
  }
  const begin = cursorValue({ ...unwalked(settings), repeat: true });
  const { keys, puts } = watched.begunAnew();
  await ledger.write({
    puts: [note, ...keys.map((folder) => ({ key: cursorKey(queueKey, folder), value: begin })), ...puts],
    deletes: await kept(work, "cursor", (folder) => !keys.includes(folder)),
  });
  session.owner = owner;
  folderIds.clear();
  watched.beginAnew();
  emit("queue:mailbox-changed", { queue: settings.address, from: before, to: owner });
  return "another";
}

/** What is kept of folders that are not watched (any more): watched again, such a folder begins with its first walk. @throws MailError `STORE_…` */
export async function unwatchedFolders(work: TurnWork): Promise<Key[]> {
  const { watched } = work.session;
  const keys = new Set(watched.all.map(({ key }) => key));
  const cursors = await kept(work, "cursor", (folder) => !keys.has(folder));
  return [...cursors, ...(await kept(work, "folders", (name) => !watched.isConfigured(name)))];
}

/** The keys of what is kept by folder, as far as the folder is chosen. */
async function kept({ session, store }: TurnWork, what: string, chosen: (folder: string) => boolean): Promise<Key[]> {
  const records = await store.list({ prefix: [session.ledger.queueKey, what], limit: mostFolders });
  return records.map(({ key }) => key).filter((key) => chosen(String(key[2])));
}

export function readOwner(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
