/**
 * The headers of a mail, and the ids of other mails that stand in them.
 *
 * Invariant: headers stay in the order of the mail, repeated ones kept. Ids are read from what real programs write:
 * folded, with comments and phrases around them, without their brackets.
 */
import { isObject, type Json } from "../graph/wire.js";
import { mailList, mailText } from "./mail-text.js";

export interface MailHeader {
  readonly name: string;
  readonly value: string;
}

export function readHeaders(value: Json | undefined): MailHeader[] {
  return mailList(value)
    .filter(isObject)
    .map(({ name, value: text }) => ({ name: mailText(name), value: mailText(text) }));
}

/** Characters of a header that are looked at for ids: more are no thread, and a mail may carry megabytes. */
const longest = 64 * 1_024;
/** An id in its brackets; or what is passed over: a comment, a quoted phrase. Each begins with a character of its own. */
const token = /<[^<>]*>|\([^()]*\)|"[^"]*"/g;

/** The ids in all headers of that name (in lower case), as `<id@host>`, in order. */
export function messageIds(headers: readonly MailHeader[], name: string): string[] {
  const isNamed = (header: MailHeader) => header.name.length === name.length && header.name.toLowerCase() === name;
  return headers.filter(isNamed).flatMap(({ value }) => idsIn(value.slice(0, longest)));
}

function idsIn(value: string): string[] {
  const bracketed = (value.match(token) ?? [])
    .filter((found) => found.startsWith("<"))
    .map((found) => found.slice(1, -1).replace(/\s+/g, ""));
  const ids = bracketed.filter((id) => id !== "");
  if (ids.length > 0) return ids.map((id) => `<${id}>`);
  // Only ids and nothing else: a sentence of an old program that names somebody's address is none.
  const bare = value
    .replace(token, " ")
    .split(/[\s,;<>]+/)
    .filter((word) => word !== "");
  return bare.every((word) => word.includes("@")) ? bare.map((word) => `<${word}>`) : [];
}
