/**
 * A customer mail as the host gets it, made from Graph's message resource.
 *
 * Invariant: whatever Graph sends, the result is well-formed: texts are strings, lists are lists, dates are dates or
 * absent. Only a missing id stops it. Graph's own booleans are sometimes strings; both are read.
 */
import { isObject, type Json, type JsonObject } from "../graph/wire.js";
import { type Automatic, automaticOf } from "./automatic.js";
import type { ContentOptions } from "./content-options.js";
import { type Oversize, oversizeOf } from "./content-size.js";
import { type MailAddress, readAddress, readAddresses } from "./mail-address.js";
import { type ContentSource, type LazyContent, nowhere, withContent } from "./mail-content.js";
import { type MailHeader, messageIds, readHeaders } from "./mail-header.js";
import { mailList as list, optionalText, mailText as text } from "./mail-text.js";
import { type MissingPart, type Reduction, reductionOf } from "./reduced.js";

export interface MailBody {
  readonly contentType: "html" | "text";
  readonly content: string;
}

export interface MailMessage extends LazyContent {
  /** The immutable id: stays the same while the message is in this mailbox, also when it is moved. */
  readonly id: string;
  /** The `Message-ID` header; neither unique nor always there. */
  readonly internetMessageId?: string;
  readonly conversationId?: string;
  /** The `Message-ID` of the mail that it answers, as `<id@host>`; from the headers. */
  readonly inReplyTo?: string;
  /** The `Message-ID`s of its thread, the oldest first, as `<id@host>`; from the headers, empty without them. */
  readonly references: readonly string[];
  readonly subject: string;
  readonly from?: MailAddress;
  readonly sender?: MailAddress;
  readonly to: readonly MailAddress[];
  readonly cc: readonly MailAddress[];
  readonly bcc: readonly MailAddress[];
  readonly replyTo: readonly MailAddress[];
  /** When it reached the mailbox; where Graph does not say, when the daemon first saw it. */
  readonly receivedAt: Date;
  readonly sentAt?: Date;
  /** Absent with `content: { body: "none" }`. HTML is what Graph made harmless, unless `unsafeHtml` asks for it as it was sent. */
  readonly body?: MailBody;
  /** What it says beside the text it quotes, by Graph's judgement, in the form of `body`; only with `content: { uniqueBody: true }`. */
  readonly uniqueBody?: MailBody;
  /** The first 255 characters of the text. */
  readonly preview: string;
  /** In the order of the mail, repeated ones kept; empty with `content: { headers: false }`. Where Graph leaves them out, they are read from the MIME. */
  readonly headers: readonly MailHeader[];
  readonly categories: readonly string[];
  readonly importance: "low" | "normal" | "high";
  /** As it was when the daemon fetched it. */
  readonly isRead: boolean;
  /** As Graph says; false when all attachments are inline ones. */
  readonly hasAttachments: boolean;
  /** Only when it was sent by a program, or by the queue itself: then no program may answer it. */
  readonly automatic?: Automatic;
  /** The watched folder it was found in, as configured. */
  readonly folder: string;
  /** Only when Graph cannot give the message whole, for good as it seems: what is missing, and why. */
  readonly reduced?: Reduction;
  /** Only when it is larger than the queue's `maxMessageBytes`: what was left out of it for that. */
  readonly oversize?: Oversize;
}

const envelope = [
  "id",
  "internetMessageId",
  "conversationId",
  "subject",
  "from",
  "sender",
  "toRecipients",
  "ccRecipients",
  "bccRecipients",
  "replyTo",
  "receivedDateTime",
  "sentDateTime",
  "bodyPreview",
  "categories",
  "importance",
  "isRead",
  "hasAttachments",
  "parentFolderId",
];

/** What a round asks for when the content is fetched by id afterwards. */
export const lightSelect = "id,receivedDateTime,isRead,parentFolderId,internetMessageId";

/** The `$select` of a message without its body, preview and headers: what can be had of one whose content is damaged. */
export const envelopeSelect = envelope.filter((name) => name !== "bodyPreview").join(",");

/** The `$select` that brings everything of a {@link MailMessage}. */
export function fullSelect({ body = "html", headers = true, uniqueBody = false }: ContentOptions = {}): string {
  return [
    ...envelope,
    ...(body === "none" ? [] : ["body"]),
    ...(uniqueBody ? ["uniqueBody"] : []),
    ...(headers ? ["internetMessageHeaders"] : []),
  ].join(",");
}

/** The same as far as a round may ask for it: nothing says that delta gives `uniqueBody`, so it is fetched by id. */
export function roundSelect(content: ContentOptions = {}): string {
  return fullSelect({ ...content, uniqueBody: false });
}

/** What was brought of a message: by {@link envelopeSelect}, by {@link lightSelect}, or only what the ledger knows. */
export type Rung = "envelope" | "light" | "nothing";

/** What of the content wanted that leaves out. */
export function missingParts(rung: Rung, { body = "html", headers = true, uniqueBody = false }: ContentOptions): readonly MissingPart[] {
  return [
    ...(body === "none" ? [] : (["body"] as const)),
    ...(uniqueBody ? (["uniqueBody"] as const) : []),
    "preview",
    ...(headers ? (["headers"] as const) : []),
    ...(rung === "envelope" ? [] : (["envelope"] as const)),
  ];
}

/** The `Prefer` of every mail request: immutable ids, and the form of the bodies where some are fetched. */
export function preferences({ body = "html", unsafeHtml = false, uniqueBody = false }: ContentOptions = {}, pageSize?: number): string {
  const preferred = ['IdType="ImmutableId"'];
  if (pageSize !== undefined) preferred.push(`odata.maxpagesize=${pageSize}`);
  if (body === "text") preferred.push('outlook.body-content-type="text"');
  if (unsafeHtml && (body === "html" || uniqueBody)) preferred.push("outlook.allow-unsafe-html");
  return preferred.join(", ");
}

/** What every message has. The others say nothing when they are absent: Graph leaves senders, ids and headers out of some mail for good. */
const always = [
  "receivedDateTime",
  "subject",
  "toRecipients",
  "ccRecipients",
  "bccRecipients",
  "replyTo",
  "bodyPreview",
  "categories",
  "importance",
  "isRead",
  "hasAttachments",
];

/**
 * True when the item brings what {@link fullSelect} asked for, as far as every message has it: items of later rounds
 * may carry a few properties only (reported: 3 of 18).
 */
export function isComplete(item: JsonObject, { body = "html", uniqueBody = false }: ContentOptions = {}): boolean {
  return always.every((name) => name in item) && (body === "none" || "body" in item) && (!uniqueBody || "uniqueBody" in item);
}

/** What is known of a message beside its item. */
export interface MessageOrigin {
  /** The watched folder it was found in, as configured. */
  readonly folder: string;
  /** Epoch milliseconds: its date where the item has none. */
  readonly receivedAt: number;
  /** The mailbox's own addresses, as far as they are known. */
  readonly own?: readonly string[];
}

/** `content`: where its attachments and its MIME are fetched from when they are asked for. Default: nowhere. */
export function toMailMessage(id: string, item: JsonObject, origin: MessageOrigin, content: ContentSource = nowhere): MailMessage {
  return withContent(plainMessage(id, item, origin), content);
}

function plainMessage(id: string, item: JsonObject, { folder, receivedAt, own = [] }: MessageOrigin): Omit<MailMessage, keyof LazyContent> {
  const body = readBody(item.body);
  const uniqueBody = readBody(item.uniqueBody);
  const internetMessageId = optionalText(item.internetMessageId);
  const conversationId = optionalText(item.conversationId);
  const from = readAddress(item.from);
  const sender = readAddress(item.sender);
  const replyTo = readAddresses(item.replyTo);
  const headers = readHeaders(item.internetMessageHeaders);
  const [inReplyTo] = messageIds(headers, "in-reply-to");
  const automatic = automaticOf({ headers, from, sender, replyTo }, own);
  const sentAt = date(item.sentDateTime);
  const reduced = reductionOf(item);
  const oversize = oversizeOf(item);
  return {
    id,
    ...(internetMessageId === undefined ? {} : { internetMessageId }),
    ...(conversationId === undefined ? {} : { conversationId }),
    ...(inReplyTo === undefined ? {} : { inReplyTo }),
    references: messageIds(headers, "references"),
    subject: text(item.subject),
    ...(from ? { from } : {}),
    ...(sender ? { sender } : {}),
    to: readAddresses(item.toRecipients),
    cc: readAddresses(item.ccRecipients),
    bcc: readAddresses(item.bccRecipients),
    replyTo,
    receivedAt: date(item.receivedDateTime) ?? new Date(receivedAt),
    ...(sentAt ? { sentAt } : {}),
    ...(body ? { body } : {}),
    ...(uniqueBody ? { uniqueBody } : {}),
    preview: text(item.bodyPreview),
    headers,
    categories: list(item.categories).flatMap((category) => optionalText(category) ?? []),
    importance: importance(item.importance),
    isRead: truth(item.isRead),
    hasAttachments: truth(item.hasAttachments),
    ...(automatic ? { automatic } : {}),
    folder,
    ...(reduced ? { reduced } : {}),
    ...(oversize ? { oversize } : {}),
  };
}

/** The address of who wrote it; absent or empty where the item does not say. */
export function senderOf(item: JsonObject): string | undefined {
  return (readAddress(item.from) ?? readAddress(item.sender))?.address;
}

/** Epoch milliseconds at which it was received, when the item says so. */
export function receivedTime(item: JsonObject): number | undefined {
  return date(item.receivedDateTime)?.getTime();
}

/** Graph's booleans, also where they come as a text. */
export function truth(value: Json | undefined): boolean {
  return value === true || (typeof value === "string" && value.toLowerCase() === "true");
}

/** As Graph writes dates; strict, as `Date` reads years out of almost any text, and an old date can keep a message back. */
const isoDate = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?$/;
const zone = /Z$|[+-]\d{2}:\d{2}$/;

/** Without a zone it is UTC, as all of Graph's dates are. */
function date(value: Json | undefined): Date | undefined {
  if (typeof value !== "string" || !isoDate.test(value)) return undefined;
  const parsed = new Date(zone.test(value) ? value : `${value}Z`);
  return Number.isNaN(parsed.getTime()) ? undefined : parsed;
}

function readBody(value: Json | undefined): MailBody | undefined {
  return isObject(value) ? { contentType: value.contentType === "text" ? "text" : "html", content: text(value.content) } : undefined;
}

function importance(value: Json | undefined): MailMessage["importance"] {
  return value === "low" || value === "high" ? value : "normal";
}
