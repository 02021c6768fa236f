/**
 * What is left of a message that Graph cannot give whole: which parts it lacks, and for which reasons that is believed.
 *
 * Invariant: a reduction travels with its item under a name that no property of Graph's can have. It must not know how
 * often and for how long a message was asked for.
 */
import type { MailError, MailErrorCode } from "../base/errors.js";
import type { JsonObject } from "../graph/wire.js";

/**
 * `envelope`: subject, addresses, `Message-ID`, conversation, `sentAt`, categories, importance and `hasAttachments`.
 * What is never missing: the id, the folder, and `receivedAt`.
 */
export type MissingPart = "body" | "uniqueBody" | "preview" | "headers" | "envelope";

/** Why a message is not whole, and what it lacks. */
export interface Reduction {
  /** Graph's code for the message (`ErrorItemCorrupt`, …), or, where Graph gave none, a code of {@link MailError}. */
  readonly code: string;
  /**
   * What of the queue's `content` could not be had: texts that are missing are empty, lists too, `isRead` is false where
   * the envelope is missing and nothing else told it.
   */
  readonly missing: readonly MissingPart[];
}

const reduction = Symbol("reduction");

type ReducedItem = JsonObject & { readonly [reduction]?: Reduction };

/** The item, with what it lacks. */
export function reducedItem(item: JsonObject, lacking: Reduction): JsonObject {
  return { ...item, [reduction]: lacking } as ReducedItem;
}

/** What the item lacks; nothing when it is whole. */
export function reductionOf(item: JsonObject): Reduction | undefined {
  return (item as ReducedItem)[reduction];
}

/** Codes that say for good that the item itself is damaged. Sources: EWS response codes, which are Graph's too; alcion/corso. */
const damaged = new Set(
  (
    "ErrorItemCorrupt ErrorCorruptData ErrorInvalidRecipients ErrorMimeContentConversionFailed ErrorContentConversionFailed " +
    "ErrorCannotOpenFileAttachment ErrorVirusDetected"
  )
    .toLowerCase()
    .split(" "),
);

export function isDamage({ serviceCode = "" }: MailError): boolean {
  return damaged.has(serviceCode.toLowerCase());
}

/** What is said of the mailbox, the sign-in or the network, even where it comes as the answer to one message. */
const aboutOthers: ReadonlySet<MailErrorCode> = new Set([
  "GRAPH_THROTTLED",
  "GRAPH_UNAUTHORIZED",
  "GRAPH_UNREACHABLE",
  "GRAPH_TIMEOUT",
  "GRAPH_MAILBOX_UNAVAILABLE",
]);

/** Whether the error may be the message's own: then it counts against it. */
export function isAboutMessage({ code }: MailError): boolean {
  return (code.startsWith("GRAPH_") || code.startsWith("SYNC_")) && !aboutOthers.has(code);
}

/** The code that a reduction names. */
export function reductionCode({ serviceCode, code }: MailError): string {
  return serviceCode ?? code;
}
