/**
 * A plain listing of a folder, newest first: what stands in for delta rounds where there are none, and what a sweep
 * compares the ledger with.
 *
 * Invariant: each page begins at the time at which the last one ended, not at a number of messages to skip: what leaves
 * the folder meanwhile then moves nothing past us, and a nextLink that is missing ends nothing (reported:
 * microsoft-graph-docs 2153). Links are followed only within one second that fills a page by itself;
 * links that lead round and round there are an error, as what lies behind them was not listed.
 */
import { MailError } from "../base/errors.js";
import type { GraphClient, MailboxAccess } from "../graph/client.js";
import type { Urgency } from "../graph/fair-order.js";
import { parseObject, parsePage, type WireItem, type WirePage } from "../graph/wire.js";
import { createLoopGuard } from "./loop-guard.js";
import { preferences, receivedTime } from "./message.js";
import type { PageSize } from "./page-size.js";
import { answeredAt, folderNotFound } from "./round.js";

export interface ListingRequest {
  /** Well-known name or id. */
  readonly folder: string;
  readonly select: string;
  /** Only what was received in these whole seconds, both included; epoch milliseconds. Default: all. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** `$top`, 1 to 1,000 (api/user-list-messages); smaller after a page that Graph could not make. */
  readonly pageSize: PageSize;
  /** As of a call. */
  readonly urgency?: Urgency | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface FolderFacts {
  readonly id: string;
  /** Items in the folder by Graph's own count. */
  readonly total: number;
  /** Epoch milliseconds by the server's clock (its `Date`), or ours when it sent none. */
  readonly answeredAt: number;
}

/** The pages, each message once. @throws MailError `GRAPH_…`, `SYNC_FOLDER_NOT_FOUND`, `SYNC_ROUND_LOOPED`, `AUTH_…` */
export async function* listFolder(client: GraphClient, mailbox: MailboxAccess, request: ListingRequest): AsyncGenerator<WireItem[], void> {
  let { to } = request;
  let link: string | undefined;
  /** Those that were given of the second at which the next page begins. */
  let edge = new Set<string>();
  const guard = createLoopGuard(request.folder, mailbox.queue);
  for (;;) {
    const asked = request.pageSize.current;
    const page = await fetchListing(client, mailbox, request, link ?? firstTarget(mailbox, request, to, asked));
    if (page === "too big") continue;
    const fresh = page.items.filter(({ id }) => !edge.has(id));
    if (fresh.length > 0) yield fresh;
    if (!page.link && (page.items.length < asked || fresh.length === 0)) return;
    const times = page.items.map(({ properties }) => receivedTime(properties));
    const last = times.includes(undefined) ? undefined : Math.min(...(times as number[]));
    const moved = last !== undefined && secondOf(last) !== (to === undefined ? undefined : secondOf(to));
    if (!moved && !page.link) return;
    if (!moved && page.link) guard.pass({ ...page, link: page.link });
    link = moved ? undefined : page.link?.url;
    edge = new Set([
      ...(moved ? [] : edge),
      ...page.items.filter((_, at) => last === undefined || secondOf(times[at] as number) === secondOf(last)).map(({ id }) => id),
    ]);
    if (moved) to = last;
  }
}

/** @throws MailError `GRAPH_…`, `SYNC_FOLDER_NOT_FOUND` */
export async function folderFacts(
  client: GraphClient,
  mailbox: MailboxAccess,
  { folder, urgency, signal }: Pick<ListingRequest, "folder" | "urgency" | "signal">,
): Promise<FolderFacts> {
  const answer = client.call(mailbox, {
    method: "GET",
    target: `${mailbox.root}/mailFolders/${encodeURIComponent(folder)}?$select=id,totalItemCount`,
    what: `the folder ${folder}`,
    urgency,
    signal,
  });
  const { text, headers } = await answer.catch(folderNotFound);
  const { id, totalItemCount } = parseObject(text, "a folder");
  if (typeof id === "string" && typeof totalItemCount === "number")
    return { id, total: totalItemCount, answeredAt: answeredAt(headers, client.clock) };
  throw new MailError("GRAPH_BAD_RESPONSE", `Graph gave the folder ${folder} of ${mailbox.queue} without its id or its count.`, {
    queue: mailbox.queue,
  });
}

async function fetchListing(
  client: GraphClient,
  mailbox: MailboxAccess,
  { folder, pageSize, urgency, signal }: ListingRequest,
  target: string,
): Promise<WirePage | "too big"> {
  try {
    const what = `a list of the folder ${folder}`;
    const call = client.call(mailbox, { method: "GET", target, prefer: preferences(), what, urgency, signal });
    const { text } = await call.catch(folderNotFound);
    const page = parsePage(text, { graphHost: client.graphHost, delta: false });
    pageSize.succeeded(text.length);
    return page;
  } catch (error) {
    if (pageSize.failed(error) && target.startsWith("/")) return "too big";
    throw error;
  }
}

function firstTarget(mailbox: MailboxAccess, { folder, select, from }: ListingRequest, to: number | undefined, size: number): string {
  // The bound above is the next second: what was received within this one may be stored with a fraction.
  const bounds = [
    ...(to === undefined ? [] : [`receivedDateTime lt ${instant(secondOf(to) + 1_000)}`]),
    ...(from === undefined ? [] : [`receivedDateTime ge ${instant(secondOf(from))}`]),
  ];
  const filter = bounds.length > 0 ? `&$filter=${encodeURIComponent(bounds.join(" and "))}` : "";
  const order = encodeURIComponent("receivedDateTime desc");
  return `${mailbox.root}/mailFolders/${encodeURIComponent(folder)}/messages?$select=${select}${filter}&$orderby=${order}&$top=${size}`;
}

function secondOf(time: number): number {
  return Math.floor(time / 1_000) * 1_000;
}

/** A whole instant without a fraction: sub-second bounds are not dependable. */
function instant(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}
