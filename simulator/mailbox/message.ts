/**
 * A message as the mailbox stores it, made from what a test asks for.
 * Invariant: the immutable id never changes; everything a client may change is mutable here and nowhere else. Knows no folder and no JSON.
 */

import { type NewAttachment, type StoredAttachment, storeAttachments } from "./attachment.js";
import type { Damage } from "./damage.js";

/** A name and an address, as in the headers of a mail. */
export interface MailAddress {
  readonly name?: string;
  readonly address: string;
}

/** A message to put into a mailbox; whatever is left out is made up. */
export interface NewMessage {
  subject?: string;
  from?: MailAddress;
  /** Default: the mailbox itself. */
  to?: readonly MailAddress[];
  cc?: readonly MailAddress[];
  replyTo?: readonly MailAddress[];
  body?: { contentType: "html" | "text"; content: string };
  /** What the body says beside the text it quotes, in the same form. Default: all of it. */
  uniqueBody?: string;
  /** A date or ms since 1970. Default: now. */
  receivedAt?: Date | number;
  isRead?: boolean;
  categories?: readonly string[];
  conversationId?: string;
  internetMessageId?: string;
  /** The internet headers. Default: a plausible set; none for what is put into Sent Items. */
  headers?: readonly { name: string; value: string }[];
  importance?: "low" | "normal" | "high";
  /** Default: none. */
  attachments?: readonly NewAttachment<NewMessage>[];
}

/** A message as last written out, kept because a page of messages is mostly written again as it was. */
export interface WrittenMessage {
  /** Which properties and which view it was written for; compared by identity. */
  readonly by: object;
  readonly version: number;
  readonly text: string;
}

/** The stored form. */
export interface StoredMessage {
  readonly number: number;
  readonly immutableId: string;
  defaultId: string;
  folderId: string;
  readonly subject: string;
  readonly from: MailAddress;
  readonly to: readonly MailAddress[];
  readonly cc: readonly MailAddress[];
  readonly replyTo: readonly MailAddress[];
  readonly contentType: "html" | "text";
  readonly content: string;
  /** What `uniqueBody` shows of it. */
  readonly uniqueContent: string;
  /** Filled when first asked for; undefined until then. */
  preview: string | undefined;
  /** The content as JSON text; filled when first written out as it is, undefined until then. */
  quotedContent: string | undefined;
  /** Filled when first written out; undefined until then, and for messages beyond those worth keeping. */
  written: WrittenMessage | undefined;
  readonly receivedAt: number;
  modifiedAt: number;
  /** Rises with every change; the change key and the etag are made of it. */
  version: number;
  isRead: boolean;
  categories: readonly string[];
  flag: Readonly<Record<string, unknown>> & { readonly flagStatus: string };
  importance: string;
  inferenceClassification: string;
  isDeliveryReceiptRequested: boolean | null;
  isReadReceiptRequested: boolean;
  readonly conversationId: string;
  readonly internetMessageId: string;
  /** Sent from this mailbox: then its headers are in its MIME alone (msgraph-sdk-dotnet 3025). */
  readonly sent: boolean;
  /** Undefined: the default set. Empty: none. */
  readonly headers: readonly { name: string; value: string }[] | undefined;
  attachments: readonly StoredAttachment<StoredMessage>[];
  /** Undefined while it can be read. */
  damage: Damage | undefined;
}

/** What the mailbox adds to a new message. */
export interface MessageOrigin {
  readonly number: number;
  readonly immutableId: string;
  readonly defaultId: string;
  readonly folderId: string;
  readonly owner: MailAddress;
  readonly now: number;
  readonly sent: boolean;
  /** A new value for the made-up ids, different for each message and run. */
  readonly tag: string;
}

/** What a copy has of its own. */
export type CopyOrigin = Pick<MessageOrigin, "number" | "immutableId" | "defaultId" | "folderId" | "now">;

/** The same mail once more, as it is now, under ids of its own. */
export function copyOfMessage(message: StoredMessage, { now, ...origin }: CopyOrigin): StoredMessage {
  return { ...message, ...origin, written: undefined, modifiedAt: now, version: origin.number * 8 };
}

const notFlagged = { flagStatus: "notFlagged" } as const;

/** Makes the stored form. Exchange keeps whole seconds, so a received time is cut to one. */
export function storeMessage(wish: NewMessage, origin: MessageOrigin): StoredMessage {
  const receivedAt = Math.floor(Number(wish.receivedAt ?? origin.now) / 1000) * 1000;
  const content = wish.body?.content ?? `<html><body><p>Good day,</p><p>this is question ${origin.number}.</p></body></html>`;
  return {
    number: origin.number,
    immutableId: origin.immutableId,
    defaultId: origin.defaultId,
    folderId: origin.folderId,
    subject: wish.subject ?? `Question ${origin.number}`,
    from: wish.from ?? { name: `Customer ${origin.number}`, address: `customer-${origin.number}@example.org` },
    to: wish.to ?? [origin.owner],
    cc: wish.cc ?? [],
    replyTo: wish.replyTo ?? [],
    contentType: wish.body?.contentType ?? "html",
    content,
    uniqueContent: wish.uniqueBody ?? content,
    preview: undefined,
    quotedContent: undefined,
    written: undefined,
    receivedAt,
    modifiedAt: origin.now,
    version: origin.number * 8,
    isRead: wish.isRead ?? false,
    categories: [...(wish.categories ?? [])],
    flag: notFlagged,
    importance: wish.importance ?? "normal",
    inferenceClassification: "focused",
    isDeliveryReceiptRequested: false,
    isReadReceiptRequested: false,
    conversationId: wish.conversationId ?? `AAQkADZhM2Y4${origin.tag.padEnd(56, "C").slice(0, 56)}AQAA=`,
    internetMessageId: wish.internetMessageId ?? `<${origin.tag}@mail.example.org>`,
    sent: origin.sent,
    headers: wish.headers,
    // One inside another is stored as if it had come at the same time.
    attachments: storeAttachments(wish.attachments, origin, (nested, tag) => storeMessage(nested, { ...origin, tag, sent: false })),
    damage: undefined,
  };
}
