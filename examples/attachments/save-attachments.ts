/**
 * Writes the attachments of a mail into a folder, as a host should: by their safe names, as they come, and never over
 * a file that is there.
 * Invariant: a file that is there is whole; what was cut, refused or too large leaves none. Nothing is held in memory.
 */
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type MailAttachment, MailError, type MailMessage } from "m365-mail-daemon";

/** What became of one attachment. */
export interface Saved {
  readonly attachment: MailAttachment;
  /** Where it was written; absent when it was not. */
  readonly path?: string;
  /** Why it was not, by the error's code. */
  readonly refusal?: string;
}

export interface SaveOptions {
  /** A folder that holds nothing but this mail's attachments. */
  readonly folder: string;
  /** The largest attachment that is taken, in bytes. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** One after the other. An error that may pass is thrown, so that the delivery is repeated; one that stays is noted. */
export async function saveAttachments(message: MailMessage, options: SaveOptions): Promise<Saved[]> {
  const saved: Saved[] = [];
  for (const attachment of await message.attachments({ signal: options.signal })) saved.push(await saveOne(attachment, options));
  return saved;
}

async function saveOne(attachment: MailAttachment, { folder, maxBytes, signal }: SaveOptions): Promise<Saved> {
  // An attached mail, event or contact has no ending of its own.
  const path = join(folder, attachment.safeName);
  try {
    const stream = await attachment.stream({ maxBytes, signal });
    // "wx": a file that is there already is not written over.
    await pipeline(Readable.fromWeb(stream), createWriteStream(path, { flags: "wx" }), { signal });
    return { attachment, path };
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) await rm(path, { force: true });
    if (error instanceof MailError && !error.retryable) return { attachment, refusal: error.code };
    throw error;
  }
}
