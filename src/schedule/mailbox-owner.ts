/**
 * Whose mailbox lies behind the address: what the queue keeps is bound to the user's object id.
 *
 * Invariant: another id (the user was deleted and made anew, the mailbox restored) begins every folder over: its first
 * walk is bounded again, and what is known is recognised by Message-ID and date. The ledger stays.
 */
import { MailError } from "../base/errors.js";
import { parseObject } from "../graph/wire.js";
import { type Cursor, cursorKey, cursorValue } from "../mailbox/cursor.js";
import type { Key } from "../state/store.js";
import type { TurnWork } from "./folder-work.js";
import type { QueueSettings } from "./session.js";

export function ownerKey(queueKey: string): Key {
  return [queueKey, "owner"];
}

/** The cursor of a folder that was never walked. */
export function freshCursor({ startFrom }: QueueSettings): Cursor {
  return { select: startFrom === "everything" ? "full" : "light", live: false };
}

/** What the sign-in says of the owner, where it is the mailbox's own; asks nobody. @throws MailError `STORE_…` */
export async function noteOwner(work: TurnWork): Promise<void> {
  const { owner } = work.session.mailbox.tokens;
  if (owner !== undefined) await compare(work, owner);
}

/** Asks Graph where the sign-in does not say. @throws MailError `GRAPH_…`, `STORE_…` */
export async function checkOwner(work: TurnWork): Promise<"same" | "another"> {
  return compare(work, work.session.mailbox.tokens.owner ?? (await askOwner(work)));
}

async function askOwner({ session, client, signal }: TurnWork): Promise<string> {
  const { mailbox, settings } = session;
  const { text } = await client.call(mailbox, { method: "GET", target: `${mailbox.root}?$select=id`, what: "the mailbox's owner", signal });
  const { id } = parseObject(text, "a user");
  if (typeof id === "string" && id !== "") return id;
  throw new MailError("GRAPH_BAD_RESPONSE", `Graph gave the user of ${settings.address} without an id.`, { queue: settings.address });
}

async function compare({ session, store, emit }: TurnWork, owner: string): Promise<"same" | "another"> {
  const { ledger, settings, folderIds } = session;
  const { queueKey } = ledger;
  session.owner ??= readOwner((await store.get(ownerKey(queueKey)))?.value);
  const before = session.owner;
  if (before === owner) return "same";
  const note = { key: ownerKey(queueKey), value: owner };
  if (before === undefined) {
    await ledger.write({ puts: [note] });
    session.owner = owner;
    return "same";
  }
  const begin = cursorValue({ ...freshCursor(settings), repeat: true });
  await ledger.write({ puts: [note, ...settings.folders.map((folder) => ({ key: cursorKey(queueKey, folder), value: begin }))] });
  session.owner = owner;
  folderIds.clear();
  emit("queue:mailbox-changed", { queue: settings.address, from: before, to: owner });
  return "another";
}

function readOwner(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
