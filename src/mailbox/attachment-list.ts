/**
 * The attachments of a message as Graph lists them, without their bytes.
 *
 * Invariants: content is never selected, however small; every attachment is listed once, in Graph's order; whatever Graph
 * sends, names are texts and sizes are numbers. Only an id that is missing stops it.
 */
import { MailError } from "../base/errors.js";
import type { GraphClient, MailboxAccess } from "../graph/client.js";
import { type JsonObject, parsePage, typeOf, type WirePage } from "../graph/wire.js";
import type { MailAttachment } from "./mail-content.js";
import { preferences, truth } from "./message.js";

/** What the list says of one. */
export interface ListedAttachment {
  readonly id: string;
  readonly kind: MailAttachment["kind"];
  readonly name: string;
  readonly contentType: string;
  readonly size: number;
  readonly isInline: boolean;
  readonly contentId: string | undefined;
}

const select = "id,name,contentType,size,isInline,lastModifiedDateTime";
/** Of files alone, so it is named by their type: plainly it is refused (microsoft-graph-docs 6688, microsoft-graph-explorer-v4 3916). */
const contentIdOfFiles = "microsoft.graph.fileAttachment/contentId";
/** Pages of one message: it has one as far as is known. More than so many is a list that does not end. */
const mostPages = 100;

export async function listAttachments(
  client: GraphClient,
  mailbox: MailboxAccess,
  { messageId, signal, isFinal }: { messageId: string; signal: AbortSignal; isFinal: (error: MailError) => boolean },
): Promise<ListedAttachment[]> {
  const path = `${mailbox.root}/messages/${encodeURIComponent(messageId)}/attachments?$select=${select}`;
  async function page(target: string): Promise<WirePage> {
    const what = "the attachments of a message";
    const call = { method: "GET", target, prefer: preferences(), what, urgency: "urgent", signal, isFinal } as const;
    return parsePage((await client.call(mailbox, call)).text, { graphHost: client.graphHost, delta: false });
  }
  /** What a server that does not know the property refuses is asked for without it. */
  async function firstPage(): Promise<WirePage> {
    try {
      return await page(`${path},${contentIdOfFiles}`);
    } catch (error) {
      if (error instanceof MailError && error.status === 400 && error.code === "GRAPH_REFUSED") return page(path);
      throw error;
    }
  }

  const listed = new Map<string, ListedAttachment>();
  let at = await firstPage();
  for (let pages = 1; ; pages += 1) {
    for (const { id, properties } of at.items) if (!listed.has(id)) listed.set(id, attachment(id, properties));
    if (at.link?.kind !== "next" || pages === mostPages) return [...listed.values()];
    at = await page(at.link.url);
  }
}

const kinds: ReadonlyMap<string, MailAttachment["kind"]> = new Map([
  ["fileattachment", "file"],
  ["itemattachment", "item"],
  ["referenceattachment", "reference"],
]);

function attachment(id: string, item: JsonObject): ListedAttachment {
  const { name, contentType, size, contentId } = item;
  return {
    id,
    kind: kinds.get(typeOf(item)?.toLowerCase() ?? "") ?? "file",
    name: typeof name === "string" ? name : "",
    contentType: typeof contentType === "string" ? contentType : "",
    size: typeof size === "number" && size >= 0 ? size : 0,
    isInline: truth(item.isInline),
    contentId: typeof contentId === "string" && contentId !== "" ? contentId : undefined,
  };
}

/** The one in a newer list that is this one: alike, and as far down among those that are alike. */
export function sameAttachment(
  wanted: ListedAttachment,
  before: readonly ListedAttachment[],
  now: readonly ListedAttachment[],
): ListedAttachment | undefined {
  const isAlike = (one: ListedAttachment) =>
    one.kind === wanted.kind &&
    one.name === wanted.name &&
    one.size === wanted.size &&
    one.contentType === wanted.contentType &&
    one.isInline === wanted.isInline;
  return now.filter(isAlike)[before.filter(isAlike).indexOf(wanted)];
}
