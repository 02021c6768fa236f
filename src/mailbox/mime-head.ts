/**
 * The headers of a mail from the head of its MIME, for mail that Graph gives without them.
 *
 * Invariants: of a large mail only the beginning is read; what is no header is passed over, and a header that is cut off
 * is none. Values stay as they are written (RFC 5322 §2.2), unfolded, as Graph's own are.
 */
import type { MailHeader } from "./mail-header.js";

/** Bytes that are read: more than any head has, and all of a short mail, whose connection stays open then. */
const mostBytes = 256 * 1_024;
const headEnd = /\r?\n\r?\n/;
const fold = /\r?\n(?=[ \t])/g;
/** RFC 5322 §3.6.8. */
const headerName = /^[!-9;-~]+$/;

/** Reads the beginning and ends the stream. @throws what the stream breaks off with */
export async function readMimeHead(stream: ReadableStream<Uint8Array>): Promise<MailHeader[]> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  const reader = stream.getReader();
  while (size < mostBytes) {
    const { done, value } = await reader.read();
    if (done) return headersIn(Buffer.concat(pieces).toString(), true);
    pieces.push(value);
    size += value.byteLength;
  }
  await reader.cancel();
  return headersIn(Buffer.concat(pieces).toString(), false);
}

function headersIn(text: string, isWhole: boolean): MailHeader[] {
  if (/^\r?\n/.test(text)) return [];
  const end = text.search(headEnd);
  const lines = (end < 0 ? text : text.slice(0, end)).replace(fold, "").split(/\r?\n/);
  if (end < 0 && !isWhole) lines.pop();
  return lines.flatMap((line) => {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon)).trimEnd();
    return headerName.test(name) ? [{ name, value: line.slice(colon + 1).trim() }] : [];
  });
}
