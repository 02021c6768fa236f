/**
 * Attachments as a message stores them, made from what a test asks for.
 * Invariant: content that was asked for by its length is never kept: its bytes are made anew at each reading, always the same ones.
 * Knows no JSON and no message: what messages are is given as a type.
 */
import type { ByteBody } from "../exchange.js";

/** How an attachment is refused whenever its content is wanted; its name and size can be listed. */
export interface AttachmentDamage {
  /** Graph's error code, as "ErrorVirusDetected". Default "ErrorCannotOpenFileAttachment". */
  code?: string;
  /** Default 500. */
  status?: number;
}

interface AnyAttachment {
  /** As the sender gave it; null as Graph has it where there was none. */
  name?: string | null;
  contentType?: string | null;
  /** Default false. */
  isInline?: boolean;
  damage?: AttachmentDamage;
}

/** A file. */
export interface NewFileAttachment extends AnyAttachment {
  kind?: "file";
  /** The bytes; a text, as UTF-8; or how many bytes to make up. Default 1,000. */
  content?: Uint8Array | string | number;
  /** The id by which an HTML body shows it (`cid:`). Default null. */
  contentId?: string | null;
}

/** What an item attachment holds. */
export type NewItem<Message> =
  | { type: "message"; message: Message }
  | { type: "event"; subject?: string }
  | { type: "contact"; displayName?: string };

/** A message, an event or a contact as an attachment. */
export interface NewItemAttachment<Message> extends AnyAttachment {
  kind: "item";
  item: NewItem<Message>;
}

/** A link to a file elsewhere. */
export interface NewReferenceAttachment extends AnyAttachment {
  kind: "reference";
}

/** An attachment to put into a message; whatever is left out is made up. */
export type NewAttachment<Message> = NewFileAttachment | NewItemAttachment<Message> | NewReferenceAttachment;

interface StoredAny {
  /** Part of its id; another one after a rescan. */
  tail: string;
  readonly name: string | null;
  readonly contentType: string | null;
  readonly isInline: boolean;
  /** As Graph says it: the encoded size in the store. */
  readonly size: number;
  readonly damage: Required<AttachmentDamage> | undefined;
}

/** The stored forms. */
export type StoredFile = StoredAny & { readonly kind: "file"; readonly contentId: string | null; readonly content: Content };
export type StoredItem<Message> = StoredAny & { readonly kind: "item"; readonly item: NewItem<Message> };
export type StoredReference = StoredAny & { readonly kind: "reference" };
export type StoredAttachment<Message> = StoredFile | StoredItem<Message> | StoredReference;

/** Bytes with a known length. */
export type Content = ByteBody & { readonly length: number };

/** What the mailbox adds. */
interface AttachmentOrigin {
  readonly number: number;
  readonly tag: string;
}

const none: readonly never[] = [];

/** Makes the stored forms. `store` stores a message inside one. */
export function storeAttachments<Wish, Message>(
  wishes: readonly NewAttachment<Wish>[] | undefined,
  { number, tag }: AttachmentOrigin,
  store: (message: Wish, tag: string) => Message,
): readonly StoredAttachment<Message>[] {
  if (!wishes || wishes.length === 0) return none;
  return wishes.map((wish, index): StoredAttachment<Message> => {
    const { name = `attachment ${index + 1}`, contentType = null, isInline = false } = wish;
    const damage = wish.damage && { code: "ErrorCannotOpenFileAttachment", status: 500, ...wish.damage };
    const base = { tail: tailOf(`${tag} ${index}`), name, isInline, damage };
    if (wish.kind === "reference") return { ...base, kind: "reference", contentType, size: 1_060 };
    if (wish.kind === "item") {
      const { item } = wish;
      const stored = item.type === "message" ? { type: item.type, message: store(item.message, `${tag}.${index}`) } : item;
      return { ...base, kind: "item", contentType, size: 32_005, item: stored };
    }
    const content = contentOf(wish.content ?? 1_000, number * 1_000 + index);
    const { contentId = null } = wish;
    return {
      ...base,
      kind: "file",
      contentType: wish.contentType === undefined ? "application/octet-stream" : contentType,
      contentId,
      content,
      size: encodedSize(content.length),
    };
  });
}

/** Gives all attachments other ids, as a scan that rebuilds them does (msgraph-sdk-dotnet discussion 3142). */
export function rescan(attachments: readonly StoredAttachment<unknown>[]): void {
  for (const attachment of attachments) attachment.tail = tailOf(`${attachment.tail} again`);
}

/** 22 characters by which an attachment is told from the others of its message. */
function tailOf(text: string): string {
  let hash = 0x811c9dc5;
  let tail = "";
  while (tail.length < 22) {
    for (const character of `${text}${tail.length}`) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0;
    tail += Buffer.from([hash & 0xff, (hash >>> 8) & 0xff, (hash >>> 16) & 0xff]).toString("base64url");
  }
  return tail.slice(0, 22);
}

/** Graph's size is the encoded one in the store, not that of the file: base64 and some properties. */
function encodedSize(length: number): number {
  return 4 * Math.ceil(length / 3) + 315;
}

const pieceBytes = 65_536;

function contentOf(wish: Uint8Array | string | number, seed: number): Content {
  if (typeof wish === "number") return madeUp(wish, seed);
  const bytes = typeof wish === "string" ? Buffer.from(wish) : wish;
  return {
    length: bytes.length,
    *pieces() {
      for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
    },
  };
}

/** Bytes that look like a packed file: one block that repeats, but for a count at the head of each. */
function madeUp(length: number, seed: number): Content {
  return {
    length,
    *pieces() {
      for (let at = 0; at < length; at += pieceBytes) {
        // A block of its own each time: whoever gets it may keep it.
        const block = Buffer.allocUnsafeSlow(Math.min(pieceBytes, length - at));
        block.fill(Buffer.from(`${seed}/${(seed * 2_654_435_761) >>> 0}#`));
        block.write(String(at).slice(0, block.length));
        yield block;
      }
    },
  };
}
