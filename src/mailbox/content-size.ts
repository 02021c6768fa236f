/**
 * How much memory a message's content takes, and what is left of one that would take too much.
 *
 * Invariant: what is left out is said on the item, under a name that no property of Graph's can have; who it is from and
 * to, and its dates and ids, are never left out.
 */
import { isObject, type Json, type JsonObject } from "../graph/wire.js";
import { mailList } from "./mail-text.js";

/** What of a message was left out for its size. */
export type OversizePart = "body" | "uniqueBody" | "headers";

/** The message is larger than the queue's `maxMessageBytes`. */
export interface Oversize {
  /** Bytes of memory that its content would have taken, about two for each character. */
  readonly bytes: number;
  /** What was left out. Of the headers only the long ones are, where the message was too large without its bodies too. */
  readonly missing: readonly OversizePart[];
}

const oversize = Symbol("oversize");

type OversizeItem = JsonObject & { readonly [oversize]?: Oversize };

/** What was left out of the item; nothing as a rule. */
export function oversizeOf(item: JsonObject): Oversize | undefined {
  return (item as OversizeItem)[oversize];
}

/** Headers that stay when the long ones go: enough for every sign of a program and every thread id. */
const keptHeaderLength = 1_000;
const keptHeaders = 500;

/** The item, or what of it is kept: without its bodies, and without its long headers where that is not enough. 0: no limit. */
export function withinBytes(item: JsonObject, mostBytes: number): { readonly item: JsonObject; readonly bytes: number } {
  const bytes = contentBytes(item);
  if (mostBytes === 0 || bytes <= mostBytes) return { item, bytes };
  const { body, uniqueBody, ...envelope } = item;
  const before = oversizeOf(item)?.missing ?? [];
  const missing = [...before];
  if (isObject(body)) missing.push("body");
  if (isObject(uniqueBody)) missing.push("uniqueBody");
  let kept: JsonObject = envelope;
  if (contentBytes(kept) > mostBytes) {
    const headers = mailList(item.internetMessageHeaders);
    const short = headers
      .filter((header) => lengthOf(header, "value") + lengthOf(header, "name") <= keptHeaderLength)
      .slice(0, keptHeaders);
    if (short.length < headers.length) missing.push("headers");
    kept = { ...kept, internetMessageHeaders: short };
  }
  if (missing.length === before.length) return { item, bytes };
  const cut: OversizeItem = { ...kept, [oversize]: { bytes, missing } };
  return { item: cut, bytes: contentBytes(cut) };
}

/** Bytes of memory that the content of a message takes, roughly: two per character of its texts and a fixed part. */
export function contentBytes(item: JsonObject): number {
  const { body, uniqueBody, subject, bodyPreview, internetMessageHeaders, toRecipients, ccRecipients, bccRecipients, replyTo } = item;
  let characters = lengthOf(body, "content") + lengthOf(uniqueBody, "content") + textLength(subject) + textLength(bodyPreview);
  for (const header of mailList(internetMessageHeaders)) characters += lengthOf(header, "name") + lengthOf(header, "value") + 100;
  for (const list of [toRecipients, ccRecipients, bccRecipients, replyTo]) {
    for (const recipient of mailList(list)) {
      const inner = isObject(recipient) ? recipient.emailAddress : undefined;
      characters += lengthOf(inner, "name") + lengthOf(inner, "address") + 100;
    }
  }
  return 2_000 + 2 * characters;
}

function lengthOf(value: Json | undefined, name: string): number {
  return isObject(value) ? textLength(value[name]) : 0;
}

function textLength(value: Json | undefined): number {
  return typeof value === "string" ? value.length : 0;
}
