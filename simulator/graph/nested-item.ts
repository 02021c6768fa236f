/**
 * What an item attachment holds, as JSON.
 * Invariant: a nested message has the properties of the published example (attachment-get: `"id":""`, no folder, its attachments with
 * their content), thirty deep at the most. Knows no request.
 */
import type { NewItem } from "../mailbox/attachment.js";
import type { StoredMessage } from "../mailbox/message.js";
import { written } from "./attachment-json.js";
import { defaultProperties, type MessageView } from "./message-property.js";

const deepest = 30;
const leftOut = new Set(["id", "changeKey", "categories", "parentFolderId", "inferenceClassification", "bccRecipients", "replyTo"]);

/** The item with its braces. */
export function nestedItem(item: NewItem<StoredMessage>, view: MessageView, depth = 1): string {
  if (item.type === "event") return JSON.stringify({ "@odata.type": "#microsoft.graph.event", id: "", subject: item.subject ?? "Meeting" });
  if (item.type === "contact") {
    return JSON.stringify({ "@odata.type": "#microsoft.graph.contact", id: "", displayName: item.displayName ?? "A Person" });
  }
  const { message } = item;
  const properties = [...defaultProperties].filter(([name]) => !leftOut.has(name)).map(([, write]) => write(message, view));
  const inside = message.attachments.map((one) => {
    const nested = one.kind === "item" && depth < deepest ? `,"item":${nestedItem(one.item, view, depth + 1)}` : "";
    return `{${written(one, message, view)}${nested}}`;
  });
  const attachments = inside.length > 0 ? [`"attachments":[${inside.join(",")}]`] : [];
  return `{${['"@odata.type":"#microsoft.graph.message"', '"id":""', ...properties, '"internetMessageHeaders":[]', ...attachments].join(",")}}`;
}
