/**
 * A delivery as JSON, the same for lines, files and webhooks: docs/command-line.md describes it.
 *
 * Invariant: what is in it keeps its name and its meaning; what comes new is added. It holds no attachments and no MIME.
 */
import { createHash } from "node:crypto";
import type { MailErrorCode } from "../base/errors.js";
import type { Delivery } from "../delivery/delivery.js";
import type { LazyContent } from "../mailbox/mail-content.js";
import type { MailMessage } from "../mailbox/message.js";

/** A mail as JSON has it: dates are ISO 8601 in UTC; what is absent in a `MailMessage` is absent here. */
export type MessageJson = Omit<MailMessage, keyof LazyContent | "receivedAt" | "sentAt"> & {
  readonly receivedAt: string;
  readonly sentAt?: string;
};

/** What the built-in sinks of `run` hand over for each mail. */
export interface MailJson {
  /** The idempotency key: the same each time this mail is handed over. */
  readonly key: string;
  /** The queue address as configured. */
  readonly queue: string;
  /** Which attempt this is, 1-based. */
  readonly attempt: number;
  readonly message: MessageJson;
}

/** The `.json` file of a mail: its `.eml` stands beside it, or Graph refuses for good to give its MIME. */
export interface FiledMailJson extends MailJson {
  readonly mime: { readonly file: string } | { readonly refused: MailErrorCode };
}

export function mailJson({ key, queue, attempt, message }: Delivery): MailJson {
  // Its methods are none of its own properties.
  const { receivedAt, sentAt, ...plain }: Omit<MailMessage, keyof LazyContent> = message;
  const dates = { receivedAt: receivedAt.toISOString(), ...(sentAt ? { sentAt: sentAt.toISOString() } : {}) };
  return { key, queue, attempt, message: { ...plain, ...dates } };
}

/** The beginning of the SHA-256 of the key, 32 hexadecimal digits: a name for files and headers, which a key is not. */
export function nameOfKey(key: string): string {
  return createHash("sha256").update(key).digest("hex").slice(0, 32);
}
