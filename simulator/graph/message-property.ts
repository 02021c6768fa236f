/**
 * Graph's properties of a message, each with the writer of its JSON.
 * Invariant: a writer gives `"name":value` or "" when the property is absent; nothing is parsed or copied. Knows no list and no route.
 */
import type { MailAddress, StoredMessage } from "../mailbox/message.js";
import { contentOf, previewOf } from "./message-content.js";

/** How one client wants to see messages. */
export interface MessageView {
  readonly immutableIds: boolean;
  readonly textBodies: boolean;
  readonly unsafeHtml: boolean;
}

/** Writes one property. */
export type PropertyWriter = (message: StoredMessage, view: MessageView) => string;

const quote = JSON.stringify as (value: unknown) => string;
const party = ({ name, address }: MailAddress) => `{"emailAddress":{"name":${quote(name ?? address)},"address":${quote(address)}}}`;
const parties = (list: readonly MailAddress[]) => `[${list.map(party).join(",")}]`;

/** Empty until the first time is written. */
let lastSecond = Number.NaN;
let lastText = "";
/** Graph's instant: whole seconds, UTC. Remembers the last one, since times repeat within a message. */
function time(at: number): string {
  const second = Math.floor(at / 1000);
  if (second !== lastSecond) {
    lastSecond = second;
    lastText = `"${new Date(second * 1000).toISOString().slice(0, 19)}Z"`;
  }
  return lastText;
}

/** The change key; another one after each change. */
export function changeKeyOf(message: StoredMessage): string {
  const text = message.version.toString(36).toUpperCase().padStart(6, "A");
  return `CQAAABYAAAARn2vdzPFjSbaPPxzjlzOTAAA${text}/x`;
}

/** The id in the form asked for. */
export const idOf = (message: StoredMessage, view: MessageView) => (view.immutableIds ? message.immutableId : message.defaultId);

function headersOf(message: StoredMessage): string {
  if (message.sent || message.headers?.length === 0) return "";
  return `"internetMessageHeaders":${message.headers ? quote(message.headers) : usualHeaders(message)}`;
}

function usualHeaders({ from, to, subject, internetMessageId, receivedAt }: StoredMessage): string {
  const header = (name: string, value: string) => `{"name":"${name}","value":${quote(value)}}`;
  return `[${[
    header("Received", "from mail.example.org by outlook.office365.com with HTTPS"),
    header("From", from.address),
    header("To", to.map((one) => one.address).join(", ")),
    header("Subject", subject),
    header("Message-ID", internetMessageId),
    header("Date", new Date(receivedAt).toUTCString()),
    header("MIME-Version", "1.0"),
  ].join(",")}]`;
}

/** The content never changes, and every answer to a change shows it again. */
function quotedContent(message: StoredMessage): string {
  message.quotedContent ??= quote(message.content);
  return message.quotedContent;
}

function bodyOf(message: StoredMessage, view: MessageView): string {
  const { contentType, content } = contentOf(message, view);
  return `"body":{"contentType":"${contentType}","content":${content === message.content ? quotedContent(message) : quote(content)}}`;
}

function uniqueBodyOf(message: StoredMessage, view: MessageView): string {
  const { contentType, content } = contentOf({ contentType: message.contentType, content: message.uniqueContent }, view);
  return `"uniqueBody":{"contentType":"${contentType}","content":${quote(content)}}`;
}

const webLink = (message: StoredMessage) =>
  `"webLink":"https://outlook.office365.com/owa/?ItemID=${encodeURIComponent(message.defaultId)}&exvsurl=1&viewmodel=ReadMessageItem"`;

/** The properties given without `$select`, in Graph's order. */
export const defaultProperties: ReadonlyMap<string, PropertyWriter> = new Map<string, PropertyWriter>([
  ["id", (message, view) => `"id":"${idOf(message, view)}"`],
  ["createdDateTime", (message) => `"createdDateTime":${time(message.receivedAt)}`],
  ["lastModifiedDateTime", (message) => `"lastModifiedDateTime":${time(message.modifiedAt)}`],
  ["changeKey", (message) => `"changeKey":"${changeKeyOf(message)}"`],
  ["categories", (message) => `"categories":${quote(message.categories)}`],
  ["receivedDateTime", (message) => `"receivedDateTime":${time(message.receivedAt)}`],
  ["sentDateTime", (message) => `"sentDateTime":${time(message.receivedAt)}`],
  // False where all are inline (api/resources/message).
  ["hasAttachments", (message) => `"hasAttachments":${message.attachments.some(({ isInline }) => !isInline)}`],
  ["internetMessageId", (message) => `"internetMessageId":${quote(message.internetMessageId)}`],
  ["subject", (message) => `"subject":${quote(message.subject)}`],
  ["bodyPreview", (message) => `"bodyPreview":${quote(previewOf(message))}`],
  ["importance", (message) => `"importance":${quote(message.importance)}`],
  ["parentFolderId", (message) => `"parentFolderId":"${message.folderId}"`],
  ["conversationId", (message) => `"conversationId":${quote(message.conversationId)}`],
  ["conversationIndex", (message) => `"conversationIndex":"AQHZ${message.number.toString(36).padStart(20, "A")}"`],
  ["isDeliveryReceiptRequested", (message) => `"isDeliveryReceiptRequested":${message.isDeliveryReceiptRequested}`],
  ["isReadReceiptRequested", (message) => `"isReadReceiptRequested":${message.isReadReceiptRequested}`],
  ["isRead", (message) => `"isRead":${message.isRead}`],
  ["isDraft", () => `"isDraft":false`],
  ["webLink", webLink],
  ["inferenceClassification", (message) => `"inferenceClassification":${quote(message.inferenceClassification)}`],
  ["body", bodyOf],
  ["sender", (message) => `"sender":${party(message.from)}`],
  ["from", (message) => `"from":${party(message.from)}`],
  ["toRecipients", (message) => `"toRecipients":${parties(message.to)}`],
  ["ccRecipients", (message) => `"ccRecipients":${parties(message.cc)}`],
  ["bccRecipients", () => `"bccRecipients":[]`],
  ["replyTo", (message) => `"replyTo":${parties(message.replyTo)}`],
  ["flag", (message) => `"flag":${quote(message.flag)}`],
]);

/** The properties given only when selected. */
export const selectableProperties: ReadonlyMap<string, PropertyWriter> = new Map<string, PropertyWriter>([
  ...defaultProperties,
  ["internetMessageHeaders", headersOf],
  ["uniqueBody", uniqueBodyOf],
]);
