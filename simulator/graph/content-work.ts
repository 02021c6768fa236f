/**
 * Bytes: the `$value` of an attachment and of a message.
 * Invariant: they are made while they are sent and never kept; what is refused is refused before the first of them. Knows no JSON.
 */
import type { Answer, ByteBody } from "../exchange.js";
import { findAttachment } from "./attachment-work.js";
import { type GraphCall, type GraphWork, mailboxOf } from "./call.js";
import { damageRefusal, requireNotSpoilt } from "./damaged-message.js";
import { findMessage } from "./message-work.js";
import { calendarOf, cardOf, mimeOf } from "./mime.js";
import { readQuery } from "./query.js";
import { GraphRefusal } from "./refusal.js";

/** Answers `attachmentValue`: a file's bytes; an item as MIME, iCalendar or vCard; a reference is 405. */
export const answerAttachmentValue: GraphWork = (call) => {
  const { mailbox } = mailboxOf(call);
  readQuery(call.ask.query, []);
  const message = findMessage(call, mailbox);
  requireNotSpoilt(message, "attachments");
  const found = findAttachment(call, message);
  if (found.kind === "reference") {
    // Source: microsoft-graph-docs 15766.
    const words = "'$value' segment is only supported for File Attachments and Item Attachments";
    throw new GraphRefusal(405, "", `'$value' segment is not supported for the given attachment. ${words}`);
  }
  if (found.damage) throw damageRefusal(found.damage);
  if (found.kind === "file") return answerBytes(call, found.contentType ?? "application/octet-stream", found.content);
  const { item } = found;
  if (item.type === "event") return answerText("text/calendar", calendarOf(item.subject));
  if (item.type === "contact") return answerText("text/vcard", cardOf(item.displayName));
  return answerBytes(call, "text/plain", { length: undefined, pieces: () => mimeOf(item.message) });
};

/** Answers `mime`: Exchange writes it anew from what it stores. Damaged items are not converted. */
export const answerMime: GraphWork = (call) => {
  const { mailbox } = mailboxOf(call);
  readQuery(call.ask.query, []);
  const message = findMessage(call, mailbox);
  if (message.damage?.spoils("mime")) throw damageRefusal({ status: message.damage.status, code: "ErrorMimeContentConversionFailed" });
  return answerBytes(call, "text/plain", { length: undefined, pieces: () => mimeOf(message) });
};

const answerText = (type: string, body: string): Answer => ({ status: 200, headers: { "content-type": type }, body });

function answerBytes({ settings }: GraphCall, type: string, body: ByteBody): Answer {
  if (settings.largestValueBytes < Number.POSITIVE_INFINITY && lengthOf(body) > settings.largestValueBytes)
    throw new GraphRefusal(504, "UnknownError", "");
  return { status: 200, headers: { "content-type": type }, body };
}

/** Counted where it is not told. */
function lengthOf({ length, pieces }: ByteBody): number {
  if (length !== undefined) return length;
  let sum = 0;
  const all = pieces();
  for (let piece = all.next(); !piece.done; piece = all.next()) sum += piece.value.length;
  return sum;
}
