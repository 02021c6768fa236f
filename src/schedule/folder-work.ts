/** What the work on one folder in one turn has at hand. Knows nothing of how the folder is walked. */
import type { Clock } from "../base/clock.js";
import type { MailError } from "../base/errors.js";
import type { EmitDeliveryEvent } from "../delivery/events.js";
import type { OpenEntry } from "../delivery/ledger-record.js";
import type { GraphClient } from "../graph/client.js";
import { folderFacts } from "../mailbox/listing.js";
import type { Store } from "../state/store.js";
import type { EmitScheduleEvent } from "./events.js";
import type { Session } from "./session.js";

export interface TurnWork {
  readonly session: Session;
  readonly store: Store;
  readonly client: GraphClient;
  readonly clock: Clock;
  readonly emit: EmitScheduleEvent & EmitDeliveryEvent;
  readonly signal: AbortSignal;
}

export interface FolderWork extends TurnWork {
  /** As configured: a well-known name or an id. */
  readonly folder: string;
  /** A page is recorded, with these new messages to deliver. */
  readonly onPage: (fresh: readonly OpenEntry[]) => void;
  /** The round was a plain listing, since delta does not serve. */
  readonly onListing: (why: MailError) => void;
}

/** The folder's own id, asked for once. @throws MailError `GRAPH_…`, `SYNC_FOLDER_NOT_FOUND` */
export async function folderIdOf({ session, client, folder, signal }: FolderWork): Promise<string> {
  const known = session.folderIds.get(folder);
  if (known !== undefined) return known;
  const { id } = await folderFacts(client, session.mailbox, { folder, signal });
  session.folderIds.set(folder, id);
  return id;
}
