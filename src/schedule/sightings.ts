/**
 * What a page shows goes into the ledger: new messages, and nothing twice.
 *
 * Invariants: a page's entries and its cursor are one commit. `@removed` says only that a message left at some time: with
 * immutable ids one that came, left and came back between two rounds is shown as removed and not again
 * (microsoft-graph-docs 21752), so an unknown one is looked at by id before it is believed.
 */
import type { Sighting } from "../delivery/ledger.js";
import type { FoundBy, OpenEntry } from "../delivery/ledger-record.js";
import { twinOf } from "../delivery/twin.js";
import type { JsonObject, WireItem } from "../graph/wire.js";
import { type Cursor, cursorKey, cursorValue } from "../mailbox/cursor.js";
import { lookAtMessages } from "../mailbox/look.js";
import { isComplete, receivedTime, truth } from "../mailbox/message.js";
import type { Copies } from "./copies.js";
import { type FolderWork, folderIdOf } from "./folder-work.js";
import { refreshChanged, tellForeign } from "./foreign-changes.js";
import type { StartFrom } from "./session.js";

export interface SeenPage {
  readonly items: readonly WireItem[];
  /** As it is to be once the page is recorded; empty when the page does not move it. */
  readonly cursor?: Cursor;
  /** What the folder's first walk is bounded by. */
  readonly first: { readonly live: boolean; readonly openedAt: number };
  readonly foundBy: FoundBy;
  /** In a walk over again: finds what is known under another id. */
  readonly copies?: Copies | undefined;
}

/** Records the page and hands on what is new of it. @throws MailError `GRAPH_…`, `STORE_…`, `LIFECYCLE_LOST_QUEUE`; then nothing was recorded */
export async function recordPage(work: FolderWork, { items, cursor, first, foundBy, copies }: SeenPage): Promise<OpenEntry[]> {
  const { session, folder } = work;
  const { ledger, dispatcher, settings } = session;
  const present = items.filter(({ removed }) => !removed);
  const known = await ledger.look(items.map(({ id }) => id));
  const isUnknown = ({ id }: { readonly id: string }) => !known.has(id) || known.get(id)?.final?.state === "gone";
  noteFolderId(work, present);

  const shown = new Set(present.map(({ id }) => id));
  const doubtful = items.filter((item) => item.removed && !shown.has(item.id) && isUnknown(item));
  const here = [...present, ...(await stillHere(work, doubtful))];
  const sightings = here.map(
    (item): Sighting => ({
      ...sighted(item, folder, foundBy),
      becomes: isWanted(item, first, settings.startFrom) ? "pending" : "baseline",
    }),
  );
  const copied = await copies?.find(sightings.filter(isUnknown));
  const fresh = await ledger.record(
    copied ? sightings.map((sighting) => ({ ...sighting, ...copied.get(sighting.id) })) : sightings,
    cursor && { key: cursorKey(ledger.queueKey, folder), value: cursorValue(cursor) },
    known,
  );
  dispatcher.add(fresh, cursor?.select === "full" ? contentOf(present, session.settings.content) : undefined);
  work.onPage(fresh);
  refreshChanged(work, items, known);
  await tellForeign(work, present, known);
  return fresh;
}

/** What an item says of a message, but for what becomes of it. */
export function sighted({ id, properties }: WireItem, folder: string, foundBy: FoundBy): Omit<Sighting, "becomes"> {
  const { conversationId, internetMessageId } = properties;
  const receivedAt = receivedTime(properties);
  return {
    id,
    folder,
    foundBy,
    receivedAt,
    conversationId: typeof conversationId === "string" ? conversationId : undefined,
    twin: twinOf(internetMessageId, receivedAt),
    ...(properties.isRead === undefined || properties.isRead === null ? {} : { isRead: truth(properties.isRead) }),
  };
}

/** Of these messages that were shown as removed, those that lie in the folder. One that Graph will not speak of counts as there. */
async function stillHere(work: FolderWork, removed: readonly WireItem[]): Promise<WireItem[]> {
  if (removed.length === 0) return [];
  const { session, client, signal } = work;
  const looks = await lookAtMessages(client, session.mailbox, { ids: removed.map(({ id }) => id), signal });
  const folderId = await folderIdOf(work);
  return removed.flatMap(({ id }) => {
    const look = looks.get(id);
    if (look && (!look.found || look.item.parentFolderId !== folderId)) return [];
    return [{ id, removed: false, properties: look?.item ?? {} }];
  });
}

/** A folder's own id comes with its messages, and need not be asked for then. */
function noteFolderId({ session, folder }: FolderWork, present: readonly WireItem[]): void {
  if (session.folderIds.has(folder)) return;
  const id = present.find(({ properties }) => typeof properties.parentFolderId === "string")?.properties.parentFolderId;
  if (typeof id === "string") session.folderIds.set(folder, id);
}

/** What is delivered of a first walk; later, everything. An item that does not say is delivered: rather twice read than lost. */
function isWanted({ properties }: WireItem, { live, openedAt }: SeenPage["first"], startFrom: StartFrom): boolean {
  const receivedAt = receivedTime(properties);
  if (live || startFrom === "everything" || receivedAt === undefined || receivedAt >= openedAt) return true;
  if (startFrom === "unread") return !("isRead" in properties) || !truth(properties.isRead);
  return startFrom !== "now" && receivedAt >= startFrom.getTime();
}

/** Items that brought all that was selected; the others are fetched by id. */
function contentOf(items: readonly WireItem[], content: Parameters<typeof isComplete>[1]): ReadonlyMap<string, JsonObject> {
  return new Map(items.filter(({ properties }) => isComplete(properties, content)).map(({ id, properties }) => [id, properties]));
}
