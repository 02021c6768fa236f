/** What the work on one folder in one turn has at hand. Knows nothing of how the folder is walked. */
import type { Clock } from "../base/clock.js";
import type { MailError } from "../base/errors.js";
import type { EmitDeliveryEvent } from "../delivery/events.js";
import type { OpenEntry } from "../delivery/ledger-record.js";
import type { GraphClient } from "../graph/client.js";
import type { Urgency } from "../graph/fair-order.js";
import { type Cursor, cursorKey, cursorValue, readCursor } from "../mailbox/cursor.js";
import { type FolderFacts, folderFacts } from "../mailbox/listing.js";
import type { Store } from "../state/store.js";
import type { EmitScheduleEvent } from "./events.js";
import type { Session } from "./session.js";

export interface TurnWork {
  readonly session: Session;
  readonly store: Store;
  readonly client: GraphClient;
  readonly clock: Clock;
  readonly emit: EmitScheduleEvent & EmitDeliveryEvent;
  /** Of the turn's requests. */
  readonly urgency: Urgency;
  readonly signal: AbortSignal;
}

export interface FolderWork extends TurnWork {
  /** The key of a watched folder: a well-known name or an id. */
  readonly folder: string;
  /** A page is recorded, with these new messages to deliver. */
  readonly onPage: (fresh: readonly OpenEntry[]) => void;
  /** The round was a plain listing, since delta does not serve. */
  readonly onListing: (why: MailError) => void;
}

/** What a host is told. */
export function nameOf({ session, folder }: Pick<FolderWork, "session" | "folder">): string {
  return session.watched.nameOf(folder);
}

/** The folder by Graph's own words; its id is known from then on. @throws MailError `GRAPH_…`, `SYNC_FOLDER_NOT_FOUND` */
export async function askFolder({ session, client, folder, urgency, signal }: TurnWork & Pick<FolderWork, "folder">): Promise<FolderFacts> {
  const facts = await folderFacts(client, session.mailbox, { folder, urgency, signal });
  session.folderIds.set(folder, facts.id);
  return facts;
}

/** The folder's own id, asked for once. @throws MailError `GRAPH_…`, `SYNC_FOLDER_NOT_FOUND` */
export async function folderIdOf(work: FolderWork): Promise<string> {
  return work.session.folderIds.get(work.folder) ?? (await askFolder(work)).id;
}

/** The folder's cursor as stored. @throws MailError `STORE_…` */
export async function storedCursor({ session, store, folder }: TurnWork & Pick<FolderWork, "folder">): Promise<Cursor | undefined> {
  const record = await store.get(cursorKey(session.ledger.queueKey, folder));
  return record && readCursor(record, session.settings.address);
}

/** Writes the folder's cursor by itself, with no page behind it. @throws MailError `STORE_…`, `LIFECYCLE_LOST_QUEUE` */
export async function keepCursor({ session, folder }: FolderWork, cursor: Cursor): Promise<void> {
  const { ledger } = session;
  await ledger.write({ puts: [{ key: cursorKey(ledger.queueKey, folder), value: cursorValue(cursor) }] });
}
