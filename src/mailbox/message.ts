/**
 * A customer mail as the host gets it, made from Graph's message resource.
 *
 * Invariant: whatever Graph sends, the result is well-formed: texts are strings, lists are lists, dates are dates or
 * absent. Only a missing id stops it. Graph's own booleans are sometimes strings; both are read.
 */
import { isObject, type Json, type JsonObject } from "../graph/wire.js";
import { type ContentSource, type LazyContent, nowhere, withContent } from "./mail-content.js";
import { type MissingPart, type Reduction, reductionOf } from "./reduced.js";

export interface MailAddress {
  /** Display name; empty when there is none. */
  readonly name: string;
  /** As the mail gave it; empty when there is none. */
  readonly address: string;
}

export interface MailBody {
  readonly contentType: "html" | "text";
  readonly content: string;
}

export interface MailHeader {
  readonly name: string;
  readonly value: string;
}

export interface MailMessage extends LazyContent {
  /** The immutable id: stays the same while the message is in this mailbox, also when it is moved. */
  readonly id: string;
  /** The `Message-ID` header; neither unique nor always there. */
  readonly internetMessageId?: string;
  readonly conversationId?: string;
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
  /** Absent with `content: { body: "none" }`. HTML is what Graph sanitised. */
  readonly body?: MailBody;
  /** The first 255 characters of the text. */
  readonly preview: string;
  /** In the order of the mail, repeated ones kept; empty with `content: { headers: false }`, and Graph leaves them out of mail sent from the mailbox itself. */
  readonly headers: readonly MailHeader[];
  readonly categories: readonly string[];
  readonly importance: "low" | "normal" | "high";
  /** As it was when the daemon fetched it. */
  readonly isRead: boolean;
  /** As Graph says; false when all attachments are inline ones. */
  readonly hasAttachments: boolean;
  /** The watched folder it was found in, as configured. */
  readonly folder: string;
  /** Only when Graph cannot give the message whole, for good as it seems: what is missing, and why. */
  readonly reduced?: Reduction;
}

/** What of a message is fetched. */
export interface ContentOptions {
  /** The form of the body. Default `"html"`. */
  readonly body?: "html" | "text" | "none";
  /** Whether internet message headers are fetched. Default true. */
  readonly headers?: boolean;
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
export function fullSelect({ body = "html", headers = true }: ContentOptions = {}): string {
  return [...envelope, ...(body === "none" ? [] : ["body"]), ...(headers ? ["internetMessageHeaders"] : [])].join(",");
}

/** What was brought of a message: by {@link envelopeSelect}, by {@link lightSelect}, or only what the ledger knows. */
export type Rung = "envelope" | "light" | "nothing";

/** What of the content wanted that leaves out. */
export function missingParts(rung: Rung, { body = "html", headers = true }: ContentOptions): readonly MissingPart[] {
  return [
    ...(body === "none" ? [] : (["body"] as const)),
    "preview",
    ...(headers ? (["headers"] as const) : []),
    ...(rung === "envelope" ? [] : (["envelope"] as const)),
  ];
}

/** The `Prefer` of every mail request: immutable ids, and the form of the body where one is fetched. */
export function preferences({ body = "html" }: ContentOptions = {}, pageSize?: number): string {
  const preferred = ['IdType="ImmutableId"'];
  if (pageSize !== undefined) preferred.push(`odata.maxpagesize=${pageSize}`);
  if (body === "text") preferred.push('outlook.body-content-type="text"');
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
export function isComplete(item: JsonObject, { body = "html" }: ContentOptions = {}): boolean {
  return always.every((name) => name in item) && (body === "none" || "body" in item);
}

/** What is known of a message beside its item. */
export interface MessageOrigin {
  /** The watched folder it was found in, as configured. */
  readonly folder: string;
  /** Epoch milliseconds: its date where the item has none. */
  readonly receivedAt: number;
}

/** `content`: where its attachments and its MIME are fetched from when they are asked for. Default: nowhere. */
export function toMailMessage(id: string, item: JsonObject, origin: MessageOrigin, content: ContentSource = nowhere): MailMessage {
  return withContent(plainMessage(id, item, origin), content);
}

function plainMessage(id: string, item: JsonObject, { folder, receivedAt }: MessageOrigin): Omit<MailMessage, keyof LazyContent> {
  const { internetMessageId, conversationId, body } = item;
  const from = address(item.from);
  const sender = address(item.sender);
  const sentAt = date(item.sentDateTime);
  const reduced = reductionOf(item);
  return {
    id,
    ...(typeof internetMessageId === "string" ? { internetMessageId } : {}),
    ...(typeof conversationId === "string" ? { conversationId } : {}),
    subject: text(item.subject),
    ...(from ? { from } : {}),
    ...(sender ? { sender } : {}),
    to: addresses(item.toRecipients),
    cc: addresses(item.ccRecipients),
    bcc: addresses(item.bccRecipients),
    replyTo: addresses(item.replyTo),
    receivedAt: date(item.receivedDateTime) ?? new Date(receivedAt),
    ...(sentAt ? { sentAt } : {}),
    ...(isObject(body) ? { body: { contentType: body.contentType === "text" ? "text" : "html", content: text(body.content) } } : {}),
    preview: text(item.bodyPreview),
    headers: list(item.internetMessageHeaders)
      .filter(isObject)
      .map((header) => ({ name: text(header.name), value: text(header.value) })),
    categories: list(item.categories).filter((category) => typeof category === "string"),
    importance: importance(item.importance),
    isRead: truth(item.isRead),
    hasAttachments: truth(item.hasAttachments),
    folder,
    ...(reduced ? { reduced } : {}),
  };
}

/** Bytes of memory that the content of a message takes, roughly: two per character of its long texts and a fixed part. */
export function contentBytes(item: JsonObject): number {
  const body = item.body;
  const content = isObject(body) ? text(body.content).length : 0;
  const headers = list(item.internetMessageHeaders).reduce<number>(
    (sum, header) => sum + (isObject(header) ? text(header.value).length + 100 : 0),
    0,
  );
  return (
    2_000 +
    2 * (content + headers + text(item.subject).length + 100 * list(item.toRecipients).length + 100 * list(item.ccRecipients).length)
  );
}

/** Epoch milliseconds at which it was received, when the item says so. */
export function receivedTime(item: JsonObject): number | undefined {
  return date(item.receivedDateTime)?.getTime();
}

/** Graph's booleans, also where they come as a text. */
export function truth(value: Json | undefined): boolean {
  return value === true || (typeof value === "string" && value.toLowerCase() === "true");
}

function text(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
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

function address(value: Json | undefined): MailAddress | undefined {
  const inner = isObject(value) ? value.emailAddress : undefined;
  return isObject(inner) ? { name: text(inner.name), address: text(inner.address) } : undefined;
}

function addresses(value: Json | undefined): MailAddress[] {
  return list(value)
    .map(address)
    .filter((found) => found !== undefined);
}

function importance(value: Json | undefined): MailMessage["importance"] {
  return value === "low" || value === "high" ? value : "normal";
}
