/**
 * Messages as MIME, events as iCalendar, contacts as vCard, written from what is stored, as Exchange does.
 * Invariant: written piece by piece, so that no message is whole in memory; nested messages are parts of type message/rfc822.
 * Knows no request.
 */
import type { Content, StoredAttachment } from "../mailbox/attachment.js";
import type { MailAddress, StoredMessage } from "../mailbox/message.js";

/** The message, headers first. */
export function* mimeOf(message: StoredMessage): Generator<Uint8Array, undefined> {
  const { from, to, cc, subject, internetMessageId, receivedAt, contentType, content, attachments } = message;
  const headers = [
    `From: ${party(from)}`,
    `To: ${to.map(party).join(",\r\n ")}`,
    ...(cc.length > 0 ? [`Cc: ${cc.map(party).join(",\r\n ")}`] : []),
    `Subject: ${word(subject)}`,
    `Date: ${new Date(receivedAt).toUTCString().replace("GMT", "+0000")}`,
    `Message-ID: ${internetMessageId}`,
    "MIME-Version: 1.0",
    ...othersOf(message),
  ];
  const body = `Content-Type: text/${contentType === "text" ? "plain" : "html"}; charset="utf-8"\r\nContent-Transfer-Encoding: base64\r\n\r\n`;
  const text = textContent(content);
  if (attachments.length === 0) {
    yield bytes(`${headers.join("\r\n")}\r\n${body}`);
    yield* base64Lines(text);
    return;
  }
  const boundary = `_004_${message.number}_${message.version}_${attachments.length}_`;
  yield bytes(`${headers.join("\r\n")}\r\nContent-Type: multipart/mixed;\r\n boundary="${boundary}"\r\n\r\n--${boundary}\r\n${body}`);
  yield* base64Lines(text);
  for (const attachment of attachments) {
    yield bytes(`\r\n--${boundary}\r\n`);
    yield* partOf(attachment);
  }
  yield bytes(`\r\n--${boundary}--\r\n`);
}

/** Of headers that are written from what is stored: with its content, not with its text. */
const own = new Set(["from", "to", "cc", "subject", "date", "message-id", "mime-version", "content-type", "content-transfer-encoding"]);

function othersOf({ headers = [] }: StoredMessage): string[] {
  return headers
    .filter(({ name }) => /^[!-9;-~]+$/.test(name) && !own.has(name.toLowerCase()))
    .map(({ name, value }) => `${name}: ${value.replace(/\s*[\r\n]+\s*/g, "\r\n ")}`);
}

function* partOf(attachment: StoredAttachment<StoredMessage>): Generator<Uint8Array, undefined> {
  const { name, isInline } = attachment;
  const disposition = `Content-Disposition: ${isInline ? "inline" : "attachment"}; filename="${word(name ?? "").replaceAll('"', "'")}"\r\n`;
  if (attachment.kind === "file") {
    const id = attachment.contentId === null ? "" : `Content-ID: <${attachment.contentId}>\r\n`;
    const type = attachment.contentType ?? "application/octet-stream";
    yield bytes(`Content-Type: ${type}\r\n${disposition}${id}Content-Transfer-Encoding: base64\r\n\r\n`);
    yield* base64Lines(attachment.content);
  } else if (attachment.kind === "item") {
    const { item } = attachment;
    const type = item.type === "message" ? "message/rfc822" : item.type === "event" ? "text/calendar" : "text/vcard";
    yield bytes(`Content-Type: ${type}\r\n${disposition}\r\n`);
    if (item.type === "message") yield* mimeOf(item.message);
    else yield bytes(item.type === "event" ? calendarOf(item.subject) : cardOf(item.displayName));
  } else yield bytes(`Content-Type: text/plain\r\n${disposition}\r\nA file elsewhere.\r\n`);
}

/** An event. */
export function calendarOf(subject = "Meeting"): string {
  const event = ["BEGIN:VEVENT", "UID:040000008200", `SUMMARY:${subject}`, "DTSTART:20260105T140000Z", "END:VEVENT"];
  return ["BEGIN:VCALENDAR", "METHOD:PUBLISH", "PRODID:Microsoft Exchange Server 2010", "VERSION:2.0", ...event, "END:VCALENDAR", ""].join(
    "\r\n",
  );
}

/** A contact. */
export function cardOf(name = "A Person"): string {
  return ["BEGIN:VCARD", "PROFILE:VCARD", "VERSION:3.0", "MAILER:Microsoft Exchange", `FN:${name}`, "END:VCARD", ""].join("\r\n");
}

const bytes = (text: string) => Buffer.from(text, "utf8");
const textContent = (text: string): Content => {
  const all = bytes(text);
  return { length: all.length, pieces: () => [all][Symbol.iterator]() };
};

/** A text in a header; one that is not plain ASCII as an encoded word. */
function word(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : `=?utf-8?B?${bytes(text).toString("base64")}?=`;
}

function party({ name, address }: MailAddress): string {
  return name === undefined ? `<${address}>` : `"${word(name).replaceAll('"', "'")}" <${address}>`;
}

/** Bytes that become one line. */
const lineBytes = 57;

function* base64Lines(content: Content): Generator<Uint8Array, undefined> {
  let left: Uint8Array = new Uint8Array();
  const pieces = content.pieces();
  for (let piece = pieces.next(); !piece.done; piece = pieces.next()) {
    const all = Buffer.concat([left, piece.value]);
    const whole = all.length - (all.length % lineBytes);
    left = all.subarray(whole);
    if (whole > 0) yield lines(all.subarray(0, whole));
  }
  if (left.length > 0) yield lines(left);
}

const lines = (some: Uint8Array) =>
  bytes(
    Buffer.from(some)
      .toString("base64")
      .replace(/.{1,76}/g, "$&\r\n"),
  );
