/**
 * What the host is told when content cannot be had: which message, why, and what can be had instead.
 *
 * Invariant: what Graph says of the one thing that was asked for gets a code of its own; what it says of the mailbox, the
 * sign-in or the network stays what it is. No name and no text of a mail is in it.
 */
import { MailError, type MailErrorCode } from "../base/errors.js";
import { isDamage } from "./reduced.js";

/** What was asked for. */
export interface Wanted {
  readonly queue: string;
  readonly messageId: string;
  /** "attachment 3", "the MIME": never a name. */
  readonly what: string;
  readonly kind: "attachment" | "mime" | "list";
}

const instead = {
  attachment: "The message and the list of its attachments can be had as before; `mime()` may hold it.",
  mime: "The message's own properties, from Graph's JSON, can be had as before.",
  list: "The message's own properties can be had as before; `mime()` may hold the attachments.",
} as const;

/** True where Graph will say the same again: damage, and a time-out by size that came twice. */
export function finalContentError(): (error: MailError) => boolean {
  const timeOuts = new Set<MailError>();
  return (error) => {
    if (error.status === 504) timeOuts.add(error);
    return timeOuts.size > 1 || isDamage(error);
  };
}

/** The error as the host is told it; what is none of Graph's word on this content passes through. */
export function contentError(error: unknown, { queue, messageId, what, kind }: Wanted): unknown {
  if (!(error instanceof MailError)) return error;
  const { status, serviceCode } = error;
  const told = (code: MailErrorCode, message: string) =>
    new MailError(code, `${message} (${what} of message ${messageId} of ${queue}). ${instead[kind]}`, {
      cause: error,
      queue,
      messageId,
      ...(status === undefined ? {} : { status }),
      ...(serviceCode === undefined ? {} : { serviceCode }),
    });
  if (status === 504) return told("GRAPH_CONTENT_TOO_LARGE", "Graph did not give it in its time, as happens with content above 30 MB");
  if (error.code === "GRAPH_NOT_FOUND") return told("GRAPH_NOT_FOUND", "Graph does not have it any more");
  if (!isDamage(error) && error.code !== "GRAPH_REFUSED") return error;
  const because = `Graph refuses it: ${status} ${serviceCode ?? "without a code"}`;
  return kind === "mime" ? told("GRAPH_MIME_REFUSED", because) : told("GRAPH_ATTACHMENT_REFUSED", because);
}

/** A link has no bytes: Graph would answer 405. */
export function linkError({ queue, messageId, what }: Wanted): MailError {
  const message = `${what} of message ${messageId} of ${queue} is a link to a file elsewhere, which has no bytes in the mailbox.`;
  return new MailError("GRAPH_ATTACHMENT_REFUSED", message, { queue, messageId });
}

/** It holds no item: nothing was asked. */
export function noItemError({ queue, messageId, what }: Wanted): MailError {
  const message = `${what} of message ${messageId} of ${queue} is of another kind than "item", so it holds none.`;
  return new MailError("GRAPH_ATTACHMENT_REFUSED", message, { queue, messageId });
}

/** Errors of reading it; see `StreamLimits` of the door. */
export function readingError({ queue, messageId, what }: Wanted, { why, limit }: { why: "over" | "unread"; limit: number }): MailError {
  const of = `${what} of message ${messageId} of ${queue}`;
  return why === "over"
    ? new MailError("DELIVERY_CONTENT_OVER_LIMIT", `There are more bytes than \`maxBytes\` (${limit}) in ${of}.`, { queue, messageId })
    : new MailError(
        "DELIVERY_CONTENT_UNREAD",
        `Nobody read from ${of} for ${limit / 1_000} seconds, so it was ended for others to be read. Read it as it comes, or ask for it again.`,
        { queue, messageId },
      );
}
