/**
 * Reads a mail as MIME and parses it with postal-mime, which any other parser of MIME could stand for.
 * Invariant: no more than the limit is ever in memory, as a parser takes the mail whole.
 */
import type { MailMessage } from "m365-mail-daemon";
import PostalMime, { type Email } from "postal-mime";

/** @throws MailError `GRAPH_MIME_REFUSED` for mail that Exchange cannot write as MIME: take the message's own properties then. */
export async function parseMime(message: MailMessage, { maxBytes, signal }: { maxBytes: number; signal: AbortSignal }): Promise<Email> {
  const stream = await message.mime({ maxBytes, signal });
  return PostalMime.parse(await new Response(stream).arrayBuffer());
}
