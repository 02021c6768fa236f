/**
 * What of a mail is fetched only when the host asks for it: its attachments and its MIME, as the host sees them.
 *
 * Invariant: a message that nobody asks costs nothing for it: all messages of a queue share one source, and the methods
 * are the class's. It must not know how the content is had.
 */
import { MailError } from "../base/errors.js";
import type { MailAddress } from "./mail-address.js";

/** How an attachment or a message is read. */
export interface StreamOptions {
  /** More bytes than this end the stream with `DELIVERY_CONTENT_OVER_LIMIT`; 0 or more. Default: no limit. */
  readonly maxBytes?: number;
  /** Ends the request, and the stream when it has begun, with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A mail inside a mail, as Graph's JSON tells it. Its own attachments and its headers are in its MIME, see {@link MailAttachment.stream}. */
export interface AttachedMessage {
  readonly internetMessageId?: string;
  readonly subject: string;
  readonly from?: MailAddress;
  readonly to: readonly MailAddress[];
  readonly cc: readonly MailAddress[];
  readonly sentAt?: Date;
  readonly body?: { readonly contentType: "html" | "text"; readonly content: string };
  readonly preview: string;
  readonly hasAttachments: boolean;
}

/** What an attachment of kind `"item"` holds. */
export type AttachedItem =
  | { readonly type: "message"; readonly message: AttachedMessage }
  /** `title`: the subject of an event, the display name of a contact; empty when there is none. */
  | { readonly type: "event" | "contact" | "other"; readonly title: string };

/** One attachment. Its bytes are not fetched before {@link MailAttachment.stream}. */
export interface MailAttachment {
  /** Graph's id, in this message; another one when a scan of the mail has rebuilt its attachments. */
  readonly id: string;
  /** A file; a message, an event or a contact; or a link to a file elsewhere, which has no bytes here. */
  readonly kind: "file" | "item" | "reference";
  /** As the sender gave it: may be empty, a path, a megabyte long. Never write it to a disk, see {@link MailAttachment.safeName}. */
  readonly name: string;
  /** A name that can be written to a disk, on Linux and on Windows, in a folder of yours; unique within the message, at most 180 bytes. */
  readonly safeName: string;
  /** As the sender gave it; empty where there is none, as with items. */
  readonly contentType: string;
  /** Bytes as Graph says them: of the encoded form in the store, about a third more than the file has. */
  readonly size: number;
  /** Shown inside the body, by its `contentId`. */
  readonly isInline: boolean;
  /** By which the HTML body shows it: `cid:` and this. Only of files, where Graph tells it. */
  readonly contentId?: string;
  /**
   * The bytes: of a file itself; of an item as MIME, iCalendar or vCard. They are fetched as they are read and never
   * gathered; two of a mailbox are read at once, further ones wait for their turn. One that nobody reads from for two minutes ends.
   * @throws MailError `GRAPH_ATTACHMENT_REFUSED` (a link, damaged, infected), `GRAPH_CONTENT_TOO_LARGE`, `GRAPH_NOT_FOUND`,
   * `DELIVERY_CONTENT_OVER_LIMIT`, `LIFECYCLE_STOPPED`, others of `GRAPH_…` and `AUTH_…`, and the signal's reason
   */
  stream(options?: StreamOptions): Promise<ReadableStream<Uint8Array>>;
  /**
   * What an item holds, typed; of a mail without its own attachments. One request, its answer in memory.
   * @throws MailError `GRAPH_ATTACHMENT_REFUSED` also for what is no item, and as `stream` does
   */
  item(options?: { readonly signal?: AbortSignal }): Promise<AttachedItem>;
}

/** The content of a mail that is fetched when it is asked for, by the methods of the message: call them on it. */
export interface LazyContent {
  /**
   * Lists the attachments, inline ones too, which `hasAttachments` does not count. One request, made anew at each call.
   * @throws MailError `GRAPH_NOT_FOUND` when the message was deleted, `LIFECYCLE_STOPPED`, others of `GRAPH_…` and `AUTH_…`
   */
  attachments(options?: { readonly signal?: AbortSignal }): Promise<readonly MailAttachment[]>;
  /**
   * The mail as MIME, which Exchange writes anew: not the bytes that the sender sent, so signatures over them do not hold.
   * Read as an attachment is, see {@link MailAttachment.stream}.
   * @throws MailError `GRAPH_MIME_REFUSED` when Exchange cannot write it (damaged, some encrypted mail), and as `stream` does
   */
  mime(options?: StreamOptions): Promise<ReadableStream<Uint8Array>>;
}

/** Where the messages of one queue have their content from. */
export interface ContentSource {
  attachments(messageId: string, options?: { readonly signal?: AbortSignal }): Promise<readonly MailAttachment[]>;
  mime(messageId: string, options?: StreamOptions): Promise<ReadableStream<Uint8Array>>;
}

const withoutMailbox = async () => {
  throw new MailError("LIFECYCLE_STOPPED", "This message was made without its mailbox, so it has no attachments and no MIME to fetch.");
};

/** Of messages that come from no running queue. */
export const nowhere: ContentSource = { attachments: withoutMailbox, mime: withoutMailbox };

class ContentOfMessage implements LazyContent {
  readonly #source: ContentSource;
  readonly #id: string;

  constructor(source: ContentSource, id: string) {
    this.#source = source;
    this.#id = id;
  }

  attachments(options?: { readonly signal?: AbortSignal }): Promise<readonly MailAttachment[]> {
    return this.#source.attachments(this.#id, options);
  }

  mime(options?: StreamOptions): Promise<ReadableStream<Uint8Array>> {
    return this.#source.mime(this.#id, options);
  }
}

/** The same properties, and the methods, which are none of them: what is printed or stored of a message has none. */
export function withContent<Plain extends { readonly id: string }>(plain: Plain, source: ContentSource): Plain & LazyContent {
  return Object.assign(new ContentOfMessage(source, plain.id), plain);
}
