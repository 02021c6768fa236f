/**
 * One attachment as JSON.
 * Invariant: content is given only where nothing is selected, or where it is itself; an id is the message's own in the form asked for
 * with the attachment's behind. Knows no request.
 */
import { base64Of } from "../exchange.js";
import type { StoredAttachment } from "../mailbox/attachment.js";
import type { StoredMessage } from "../mailbox/message.js";
import { idOf, type MessageView } from "./message-property.js";

export type Attachment = StoredAttachment<StoredMessage>;

/** The id in the form asked for. */
export function attachmentId({ tail }: Attachment, message: StoredMessage, view: MessageView): string {
  return `${idOf(message, view).replaceAll("=", "A")}BEgAQA${tail}`;
}

/** The attachment without braces. */
export function written(one: Attachment, message: StoredMessage, view: MessageView, selected?: ReadonlySet<string>): string {
  const { kind, name, contentType, size, isInline } = one;
  const modified = `${new Date(message.receivedAt).toISOString().slice(0, 19)}Z`;
  const id = attachmentId(one, message, view);
  const all: Record<string, unknown> = { id, lastModifiedDateTime: modified, name, contentType, size, isInline };
  if (one.kind === "file") Object.assign(all, { contentId: one.contentId, contentLocation: null });
  const type = `"@odata.type":"#microsoft.graph.${kind}Attachment"`;
  const media = one.kind === "file" ? [`"@odata.mediaContentType":${JSON.stringify(contentType)}`] : [];
  const properties = Object.entries(all).filter(([key]) => !selected || key === "id" || selected.has(key.toLowerCase()));
  const bytes = one.kind === "file" && (!selected || selected.has("contentbytes")) ? [`"contentBytes":"${base64Of(one.content)}"`] : [];
  return [type, ...media, ...properties.map(([key, value]) => `"${key}":${JSON.stringify(value)}`), ...bytes].join(",");
}
