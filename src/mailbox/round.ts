/**
 * One round of a folder: from a cursor, page by page, to a delta link.
 *
 * Invariants: no `$top`, no `$filter`, no `changeType`: each of them lets a clean round end without messages that are
 * there (graph: message-delta; reports). The caller decides after each page whether to go on; nothing is kept here.
 */
import type { Clock } from "../base/clock.js";
import { MailError } from "../base/errors.js";
import type { GraphClient, MailboxAccess } from "../graph/client.js";
import type { Urgency } from "../graph/fair-order.js";
import { parsePage, type WireItem } from "../graph/wire.js";
import type { ContentOptions } from "./content-options.js";
import type { Cursor } from "./cursor.js";
import { lightSelect, preferences, roundSelect } from "./message.js";

export interface FolderPage {
  readonly items: readonly WireItem[];
  readonly link: { readonly kind: "next" | "delta"; readonly url: string };
  /** Epoch milliseconds by the server's clock (its `Date`), or ours when it sent none. */
  readonly answeredAt: number;
  /** Characters of the answer. */
  readonly length: number;
}

export interface PageRequest {
  /** Well-known name, id or path segment of the folder. */
  readonly folder: string;
  readonly cursor: Cursor;
  readonly content: ContentOptions;
  /** `odata.maxpagesize`, 1 to 1,000. */
  readonly pageSize: number;
  /** As of a call. */
  readonly urgency?: Urgency | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The page that the cursor points to. @throws MailError `GRAPH_…`, `SYNC_CURSOR_LOST`, `SYNC_FOLDER_NOT_FOUND`, `AUTH_…` */
export async function fetchPage(client: GraphClient, mailbox: MailboxAccess, request: PageRequest): Promise<FolderPage> {
  const { folder, cursor, content, pageSize, urgency, signal } = request;
  const full = cursor.select === "full";
  const select = full ? roundSelect(content) : lightSelect;
  const answer = client.call(mailbox, {
    method: "GET",
    target: cursor.link?.url ?? `${mailbox.root}/mailFolders/${encodeURIComponent(folder)}/messages/delta?$select=${select}`,
    prefer: preferences(full ? { ...content, uniqueBody: false } : {}, pageSize),
    what: `a page of the folder ${folder}`,
    urgency,
    signal,
  });
  const { text, headers } = await answer.catch(folderNotFound);
  const { items, link } = parsePage(text, { graphHost: client.graphHost, delta: true });
  // `parsePage` lets no delta page without a link through.
  return { items, link: link as FolderPage["link"], answeredAt: answeredAt(headers, client.clock), length: text.length };
}

/** Epoch milliseconds by the server's clock, or ours when it sends none. */
export function answeredAt(headers: Headers, clock: Clock): number {
  const answered = Date.parse(headers.get("date") ?? "");
  return Number.isNaN(answered) ? clock.now() : answered;
}

/** What a page is asked of is a folder, so what was not found is that. */
export function folderNotFound(error: unknown): never {
  if (!(error instanceof MailError) || error.code !== "GRAPH_NOT_FOUND") throw error;
  const { message, queue, status, serviceCode } = error;
  throw new MailError("SYNC_FOLDER_NOT_FOUND", message, {
    ...(queue && { queue }),
    ...(status && { status }),
    ...(serviceCode && { serviceCode }),
  });
}
