/**
 * Attachments and MIME of one mailbox's messages, fetched when a host asks for them, during a delivery or after it.
 *
 * Invariants: bytes are always asked for as `$value` and handed on as they come, never as JSON (an item's JSON is its
 * properties); a request that a host waits for is urgent; each goes through the mailbox's gate, where a stream keeps its
 * place until it ends; when the queue ends, what is under way ends with it, and nothing more is asked. An attachment whose
 * id is not known any more is looked for once in a new list: a scan of the mail rebuilds attachments (msgraph-sdk-dotnet
 * discussion 3142).
 */

import { ConfigError, MailError } from "../base/errors.js";
import { type HeldUntil, leavingAfter } from "../base/held-until.js";
import type { HttpAnswer } from "../base/http.js";
import { onAbort, sharedWait } from "../base/shared-wait.js";
import type { GraphClient, MailboxAccess } from "../graph/client.js";
import type { Urgency } from "../graph/fair-order.js";
import { parseObject } from "../graph/wire.js";
import { attachedItem } from "./attached-item.js";
import { type ListedAttachment, listAttachments, sameAttachment } from "./attachment-list.js";
import { contentError, finalContentError, linkError, noItemError, readingError, type Wanted } from "./content-errors.js";
import type { AttachedItem, ContentSource, MailAttachment, StreamOptions } from "./mail-content.js";
import type { MailHeader } from "./mail-header.js";
import { preferences } from "./message.js";
import { readMimeHead } from "./mime-head.js";
import { safeNames } from "./safe-name.js";

/** A source that ends with its queue. */
export interface MailboxContent extends ContentSource {
  /** The headers of a message by its MIME, after those who wait for what they asked for. @throws MailError as `mime` does */
  headers(messageId: string, signal: AbortSignal): Promise<readonly MailHeader[]>;
  /** Ends what is under way with this error, and answers everything later with it. */
  end(reason: MailError): void;
}

/** Milliseconds for which nobody has to read from a stream. */
const unreadMs = 120_000;

export function createMailboxContent(client: GraphClient, mailbox: MailboxAccess): MailboxContent {
  return new ContentOfMailbox(client, mailbox);
}

class ContentOfMailbox implements MailboxContent {
  readonly #client: GraphClient;
  readonly #mailbox: MailboxAccess;
  /** What is under way. */
  readonly #underWay = new Set<AbortController>();
  /** Empty until the queue has ended. */
  #ended: MailError | undefined;

  constructor(client: GraphClient, mailbox: MailboxAccess) {
    this.#client = client;
    this.#mailbox = mailbox;
  }

  async attachments(messageId: string, options: { readonly signal?: AbortSignal } = {}): Promise<readonly MailAttachment[]> {
    assertOptions(options);
    const listed = await this.#list(messageId, options.signal);
    const names = safeNames(listed.map(({ name }) => name));
    return listed.map((one, index) => new Attachment(this, { messageId, listed, index }, one, names[index] as string));
  }

  async mime(messageId: string, options: StreamOptions = {}): Promise<ReadableStream<Uint8Array>> {
    assertOptions(options);
    return this.#mime(messageId, options, "urgent");
  }

  async headers(messageId: string, signal: AbortSignal): Promise<readonly MailHeader[]> {
    return readMimeHead(await this.#mime(messageId, { signal }, "backlog"));
  }

  async #mime(messageId: string, options: StreamOptions, urgency: Urgency): Promise<ReadableStream<Uint8Array>> {
    const wanted = { queue: this.#mailbox.queue, messageId, what: "the MIME", kind: "mime" } as const;
    try {
      return await this.#open(`/messages/${encodeURIComponent(messageId)}/$value`, wanted, { ...options, urgency });
    } catch (error) {
      throw contentError(error, wanted);
    }
  }

  /** The stream, and the id by which it was found. */
  async openAttachment(place: Place, id: string, options: StreamOptions): Promise<Found<ReadableStream<Uint8Array>>> {
    const wanted = this.#wanted(place);
    if (place.listed[place.index]?.kind === "reference") throw linkError(wanted);
    return this.#found(place, id, options.signal, (path) => this.#open(`${path}/$value`, wanted, options));
  }

  /** What an item holds, and the id by which it was found. */
  async readItem(place: Place, id: string, signal: AbortSignal | undefined): Promise<Found<AttachedItem>> {
    const wanted = this.#wanted(place);
    if (place.listed[place.index]?.kind !== "item") throw noItemError(wanted);
    const call = { method: "GET", prefer: preferences(), what: wanted.what, urgency: "urgent", isFinal: finalContentError() } as const;
    return this.#found(place, id, signal, async (path) => {
      const target = `${this.#mailbox.root}${path}?$expand=microsoft.graph.itemattachment/item`;
      const answer = await this.#during(signal, (ending) => this.#client.call(this.#mailbox, { ...call, target, signal: ending }));
      return attachedItem(parseObject(answer.text, wanted.what));
    });
  }

  #wanted({ messageId, index }: Place): Wanted {
    return { queue: this.#mailbox.queue, messageId, what: `attachment ${index + 1}`, kind: "attachment" };
  }

  /** Asks by the id known, and where that is not known any more once by the one that a new list has. */
  async #found<T>(place: Place, id: string, signal: AbortSignal | undefined, ask: (path: string) => Promise<T>): Promise<Found<T>> {
    const { messageId, listed, index } = place;
    const attempt = async (known: string) => ({
      id: known,
      value: await ask(`/messages/${encodeURIComponent(messageId)}/attachments/${encodeURIComponent(known)}`),
    });
    const wanted = this.#wanted(place);
    try {
      return await attempt(id);
    } catch (error) {
      if (!(error instanceof MailError) || error.code !== "GRAPH_NOT_FOUND") throw contentError(error, wanted);
      const again = sameAttachment(listed[index] as ListedAttachment, listed, await this.#list(messageId, signal));
      if (!again) throw contentError(error, wanted);
      try {
        return await attempt(again.id);
      } catch (second) {
        throw contentError(second, wanted);
      }
    }
  }

  end(reason: MailError): void {
    this.#ended ??= reason;
    for (const one of this.#underWay) one.abort(reason);
  }

  async #list(messageId: string, signal: AbortSignal | undefined): Promise<ListedAttachment[]> {
    try {
      return await this.#during(signal, (ending) =>
        listAttachments(this.#client, this.#mailbox, { messageId, signal: ending, isFinal: finalContentError() }),
      );
    } catch (error) {
      throw contentError(error, { queue: this.#mailbox.queue, messageId, what: "the list of attachments", kind: "list" });
    }
  }

  async #open(
    path: string,
    wanted: Wanted,
    { maxBytes, signal, urgency = "urgent" }: StreamOptions & { urgency?: Urgency },
  ): Promise<ReadableStream<Uint8Array>> {
    const failure = (why: "over" | "unread") => readingError(wanted, { why, limit: why === "over" ? (maxBytes ?? 0) : unreadMs });
    const isFinal = finalContentError();
    const fetchIt = (ending: AbortSignal) =>
      this.#client.call(this.#mailbox, {
        method: "GET",
        target: this.#mailbox.root + path,
        prefer: preferences(),
        what: wanted.what,
        urgency,
        stream: { maxBytes, unreadMs, failure },
        // Whoever reads headers repeats that by itself.
        isFinal: (error) => isFinal(error) || (urgency === "backlog" && error.code === "GRAPH_UNREACHABLE"),
        signal: ending,
      });
    const { body } = await this.#during<HttpAnswer>(signal, fetchIt, (answer) => answer.body?.ended);
    if (body) return body.stream;
    throw new MailError("GRAPH_BAD_RESPONSE", `Graph gave no bytes where ${wanted.what} of ${wanted.queue} was asked for.`, wanted);
  }

  /** Work that ends with the host's signal and with the queue, whichever is first. */
  async #during<T>(given: AbortSignal | undefined, work: (ending: AbortSignal) => Promise<T>, heldUntil?: HeldUntil<T>): Promise<T> {
    if (this.#ended) throw this.#ended;
    given?.throwIfAborted();
    const ending = new AbortController();
    this.#underWay.add(ending);
    const stopListening = given && onAbort(given, (reason) => ending.abort(reason));
    const leave = () => {
      this.#underWay.delete(ending);
      stopListening?.();
    };
    // Whoever gave it up does not wait while its request has its last second.
    return leavingAfter(leave, heldUntil, () => sharedWait(work(ending.signal), ending.signal));
  }
}

/** What was asked for, and the id by which it was there. */
interface Found<T> {
  readonly value: T;
  readonly id: string;
}

/** Which one of a message's it is. */
interface Place {
  readonly messageId: string;
  readonly listed: readonly ListedAttachment[];
  readonly index: number;
}

class Attachment implements MailAttachment {
  id: string;
  readonly kind: MailAttachment["kind"];
  readonly name: string;
  readonly safeName: string;
  readonly contentType: string;
  readonly size: number;
  readonly isInline: boolean;
  // Declared only: what Graph did not tell is not there.
  declare readonly contentId?: string;
  readonly #source: ContentOfMailbox;
  readonly #place: Place;

  constructor(source: ContentOfMailbox, place: Place, listed: ListedAttachment, safeName: string) {
    const { id, kind, name, contentType, size, isInline, contentId } = listed;
    this.id = id;
    this.kind = kind;
    this.name = name;
    this.safeName = safeName;
    this.contentType = contentType;
    this.size = size;
    this.isInline = isInline;
    if (contentId !== undefined) this.contentId = contentId;
    this.#source = source;
    this.#place = place;
  }

  async stream(options: StreamOptions = {}): Promise<ReadableStream<Uint8Array>> {
    assertOptions(options);
    const { value, id } = await this.#source.openAttachment(this.#place, this.id, options);
    this.id = id;
    return value;
  }

  async item(options: { readonly signal?: AbortSignal } = {}): Promise<AttachedItem> {
    assertOptions(options);
    const { value, id } = await this.#source.readItem(this.#place, this.id, options.signal);
    this.id = id;
    return value;
  }
}

/** What a host gave with its call. */
function assertOptions(options: unknown): void {
  if (typeof options !== "object" || options === null) throw unlike("the options", "an object", options);
  const { maxBytes, signal } = options as { maxBytes?: unknown; signal?: unknown };
  if (maxBytes !== undefined && !(typeof maxBytes === "number" && maxBytes >= 0)) {
    throw unlike("`maxBytes`", "a number of bytes, 0 or more", maxBytes);
  }
  const { aborted, addEventListener } = Object(signal ?? {}) as Partial<AbortSignal>;
  if (signal !== undefined && (typeof aborted !== "boolean" || typeof addEventListener !== "function")) {
    throw unlike("`signal`", "an AbortSignal", signal);
  }
}

function unlike(what: string, expected: string, got: unknown): ConfigError {
  return new ConfigError("CONFIG_INVALID", `Expected ${what} to be ${expected}, got ${String(got)} (${typeof got}).`);
}
