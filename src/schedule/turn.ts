/**
 * One turn of one queue: a round of each folder, page by page. The only place that sees cursor, ledger and deliveries
 * together.
 *
 * Invariants: a page's cursor and its ledger entries are one commit, and only what is recorded is handed on. A lost
 * cursor begins the walk again with the ledger telling what is known; the bounds of the first walk stay.
 */
import type { Clock } from "../base/clock.js";
import { MailError, type MailErrorCode } from "../base/errors.js";
import type { Sighting } from "../delivery/ledger.js";
import type { OpenEntry } from "../delivery/ledger-record.js";
import type { GraphClient } from "../graph/client.js";
import type { JsonObject, WireItem } from "../graph/wire.js";
import { type Cursor, cursorKey, cursorValue, readCursor } from "../mailbox/cursor.js";
import { isComplete, receivedTime, truth } from "../mailbox/message.js";
import { type FolderPage, fetchPage } from "../mailbox/round.js";
import type { Store } from "../state/store.js";
import type { EmitScheduleEvent } from "./events.js";
import type { Session, StartFrom } from "./session.js";

export interface TurnOptions {
  readonly session: Session;
  readonly store: Store;
  readonly client: GraphClient;
  readonly clock: Clock;
  readonly emit: EmitScheduleEvent;
  readonly signal: AbortSignal;
}

export interface TurnResult {
  readonly pages: number;
  /** New messages to deliver. */
  readonly messages: number;
  /** Milliseconds from the oldest new message's arrival to its record. */
  readonly lagMs?: number;
}

/**
 * Walks every folder to its delta link; a folder that fails by itself does not keep the others from their round.
 * @throws MailError of Graph, the sign-in or the store: the first; what was recorded stays.
 */
export async function runTurn(options: TurnOptions): Promise<TurnResult> {
  let pages = 0;
  const found: OpenEntry[] = [];
  let failure: MailError | undefined;
  for (const folder of options.session.settings.folders) {
    try {
      await walk(folder, options, (fresh) => {
        pages += 1;
        found.push(...fresh);
      });
    } catch (error) {
      if (!(error instanceof MailError) || !ofOneFolder.has(error.code)) throw error;
      failure ??= error;
    }
  }
  if (failure) throw failure;
  const oldest = found.reduce((least, { receivedAt }) => Math.min(least, receivedAt), Number.POSITIVE_INFINITY);
  return { pages, messages: found.length, ...(found.length > 0 ? { lagMs: Math.max(0, options.clock.now() - oldest) } : {}) };
}

/** What can be the matter with one folder alone. */
const ofOneFolder: ReadonlySet<MailErrorCode> = new Set([
  "SYNC_FOLDER_NOT_FOUND",
  "SYNC_CURSOR_LOST",
  "SYNC_ROUND_LOOPED",
  "GRAPH_REFUSED",
  "GRAPH_NOT_FOUND",
  "GRAPH_BAD_RESPONSE",
  "STORE_RECORD_INVALID",
]);

/** What a new walk of the folder mends. */
const mendedByNewWalk: ReadonlySet<MailErrorCode> = new Set(["SYNC_CURSOR_LOST", "SYNC_ROUND_LOOPED"]);

async function walk(folder: string, options: TurnOptions, onPage: (fresh: readonly OpenEntry[]) => void): Promise<void> {
  const { session, store, client, emit, signal } = options;
  const { ledger, mailbox, settings, dispatcher } = session;
  const queue = settings.address;
  const key = cursorKey(ledger.queueKey, folder);
  const stored = await store.get(key);
  let cursor: Cursor = stored ? readCursor(stored, queue) : { select: settings.startFrom === "everything" ? "full" : "light", live: false };
  for (let lost = false; ; ) {
    let page: FolderPage;
    try {
      page = await fetchPage(client, mailbox, { folder, cursor, content: settings.content, pageSize: session.pageSize.current, signal });
      assertProgress(page, cursor, folder, queue);
      session.pageSize.succeeded();
    } catch (error) {
      session.pageSize.failed(error);
      if (!(error instanceof MailError) || !mendedByNewWalk.has(error.code) || lost) throw error;
      lost = true;
      const { link: _, ...rest } = cursor;
      cursor = rest;
      await ledger.record([], { key, value: cursorValue(cursor) });
      emit("queue:cursor-lost", {
        queue,
        folder,
        code: error.code,
        ...(error.serviceCode === undefined ? {} : { serviceCode: error.serviceCode }),
      });
      continue;
    }
    const openedAt = cursor.openedAt ?? page.answeredAt;
    const sightings = page.items
      .filter(({ removed }) => !removed)
      .map((item) => sighting(item, folder, isWanted(item, cursor.live, openedAt, settings.startFrom)));
    const roundEnds = page.link.kind === "delta";
    cursor = { link: page.link, select: cursor.select, openedAt, live: cursor.live || roundEnds };
    const fresh = await ledger.record(sightings, { key, value: cursorValue(cursor) });
    dispatcher.add(fresh, cursor.select === "full" ? contentOf(page.items, session) : undefined);
    onPage(fresh);
    if (roundEnds) return;
  }
}

/** A nextLink that leads to itself never ends (reported: microsoft-graph-docs 4897). */
function assertProgress({ link }: FolderPage, cursor: Cursor, folder: string, queue: string): void {
  if (link.kind === "delta" || link.url !== cursor.link?.url) return;
  throw new MailError(
    "SYNC_ROUND_LOOPED",
    `Graph's next page of the folder ${folder} of ${queue} is the same page again; the folder is walked anew.`,
    { queue },
  );
}

function sighting({ id, properties }: WireItem, folder: string, deliver: boolean): Sighting {
  const { conversationId } = properties;
  return {
    id,
    folder,
    receivedAt: receivedTime(properties),
    conversationId: typeof conversationId === "string" ? conversationId : undefined,
    isRead: truth(properties.isRead),
    becomes: deliver ? "pending" : "baseline",
  };
}

/** What is delivered of a first walk; later, everything. An item that does not say is delivered: rather twice read than lost. */
function isWanted({ properties }: WireItem, live: boolean, openedAt: number, startFrom: StartFrom): boolean {
  const receivedAt = receivedTime(properties);
  if (live || startFrom === "everything" || receivedAt === undefined || receivedAt >= openedAt) return true;
  if (startFrom === "unread") return !("isRead" in properties) || !truth(properties.isRead);
  return startFrom !== "now" && receivedAt >= startFrom.getTime();
}

/** Items that brought all that was selected; the others are fetched by id. */
function contentOf(items: readonly WireItem[], { settings }: Session): ReadonlyMap<string, JsonObject> {
  return new Map(items.filter(({ properties }) => isComplete(properties, settings.content)).map(({ id, properties }) => [id, properties]));
}
