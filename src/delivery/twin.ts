/**
 * What a message has in common with its copy under another id: a mailbox that was restored or imported gives every
 * message a new immutable id, and what was settled must not come again for that.
 *
 * Neither part is unique, so a twin is a hint only: it counts while the message under the known id is not there any more.
 */
import { hash } from "node:crypto";

/** 72 bits: among a million messages, two differing ones share theirs once in ten thousand million mailboxes. */
const length = 12;

/** Nothing when the message has no Message-ID or no date. */
export function twinOf(internetMessageId: unknown, receivedAt: number | undefined): string | undefined {
  if (typeof internetMessageId !== "string" || internetMessageId === "" || receivedAt === undefined) return undefined;
  return hash("sha256", `${receivedAt} ${internetMessageId}`, "base64url").slice(0, length);
}
