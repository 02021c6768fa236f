/**
 * The attachments of a message as JSON: all, or one.
 * Invariant: content comes only where nothing is selected, and too much of it at once is a 504; ids are the message's own in the form
 * asked for with the attachment's behind, so they change with a move (default ids) and with a rescan. Knows no bytes route.
 */
import type { StoredItem } from "../mailbox/attachment.js";
import type { StoredMessage } from "../mailbox/message.js";
import { type Attachment, attachmentId, written } from "./attachment-json.js";
import { answerJson, contextOf, type GraphCall, type GraphWork, mailboxOf, ownerContext } from "./call.js";
import { damageRefusal, requireNotSpoilt } from "./damaged-message.js";
import { findMessage } from "./message-work.js";
import { nestedItem } from "./nested-item.js";
import { readQuery } from "./query.js";
import { badRequest, GraphRefusal, notFound } from "./refusal.js";

/** Answers `attachments`. Paging is not offered: it did not work for a backup product (alcion/corso). */
export const answerAttachments: GraphWork = (call) => {
  const { owner, mailbox } = mailboxOf(call);
  const selected = readSelect(readQuery(call.ask.query, ["$select"]).get("$select"));
  const message = findMessage(call, mailbox);
  requireNotSpoilt(message, "attachments");
  if (!selected) {
    for (const { damage } of message.attachments) if (damage) throw damageRefusal(damage);
    requireSmall(call, message.attachments);
  }
  const context = contextOf(call, `${messageContext(call, ownerContext(owner))}/attachments`);
  const items = message.attachments.map((one) => `{${written(one, message, call.preferences, selected)}}`);
  return answerJson(call, `{${context},"value":[${items.join(",")}]}`);
};

/** Answers `attachment`. */
export const answerAttachment: GraphWork = (call) => {
  const { owner, mailbox } = mailboxOf(call);
  const query = readQuery(call.ask.query, ["$select", "$expand"]);
  const selected = readSelect(query.get("$select"));
  const expand = query.get("$expand");
  if (expand !== undefined && expand.toLowerCase() !== "microsoft.graph.itemattachment/item") {
    throw badRequest(`Parsing OData Select and Expand failed: Could not find a property named '${expand}'.`);
  }
  const message = findMessage(call, mailbox);
  requireNotSpoilt(message, "attachments");
  const found = findAttachment(call, message);
  if (found.damage && !selected) throw damageRefusal(found.damage);
  const isExpanded = expand !== undefined && found.kind === "item";
  if (!selected) requireSmall(call, isExpanded ? insideOf(found) : [found]);
  const context = contextOf(call, `${messageContext(call, ownerContext(owner))}/attachments/$entity`);
  const item = isExpanded ? `,"item":${nestedItem(found.item, call.preferences)}` : "";
  return answerJson(call, `{${context},${written(found, message, call.preferences, selected)}${item}}`);
};

/** The attachment that the path names, by an id of whichever kind. Throws 404, as for an id of before a rescan. */
export function findAttachment(call: GraphCall, message: StoredMessage): Attachment {
  const views = [true, false].map((immutableIds) => ({ immutableIds, unsafeHtml: false, textBodies: false }));
  const found = message.attachments.find((one) => views.some((view) => attachmentId(one, message, view) === call.route.attachment));
  if (!found) throw notFound();
  return found;
}

const messageContext = ({ route }: GraphCall, owner: string) => `${owner}/messages('${encodeURIComponent(route.message ?? "")}')`;

/** Properties of every attachment, with those of files behind their type: selected plainly they are refused (microsoft-graph-docs 6688). */
const selectable = ["id", "lastModifiedDateTime", "name", "contentType", "size", "isInline"];
const ofFiles = ["contentId", "contentLocation", "contentBytes"];

/** The names selected, in lower case; undefined when none are. */
function readSelect(text: string | undefined): ReadonlySet<string> | undefined {
  if (text === undefined) return undefined;
  const names = new Set<string>();
  for (const name of text.split(",").map((one) => one.trim().toLowerCase())) {
    const own = name.replace(/^microsoft\.graph\.fileattachment\//, "");
    const known = own === name ? selectable : ofFiles;
    if (!known.some((one) => one.toLowerCase() === own)) {
      // Source: microsoft-graph-explorer-v4 3916.
      throw new GraphRefusal(
        400,
        "RequestBroker--ParseUri",
        `Could not find a property named '${own}' on type 'microsoft.graph.attachment'.`,
      );
    }
    names.add(own);
  }
  return names;
}

function insideOf({ item }: StoredItem<StoredMessage>): readonly Attachment[] {
  return item.type === "message" ? item.message.attachments : [];
}

/** Bytes that the JSON of these would hold. */
function bytesOf(attachments: readonly Attachment[]): number {
  return attachments.reduce((sum, one) => sum + (one.kind === "item" ? bytesOf(insideOf(one)) : one.size), 0);
}

function requireSmall({ settings }: GraphCall, attachments: readonly Attachment[]): void {
  // Source: microsoft-graph-docs 21183, 11628: attachments of 30 to 50 MB and more end in a 504 with an empty message.
  if (bytesOf(attachments) > settings.largestJsonBytes) throw new GraphRefusal(504, "UnknownError", "");
}
