/**
 * What becomes of an order for a mark after a try.
 *
 * Invariant: only what says something about the order itself counts against it. A full or absent mailbox, a missing
 * right and a server in trouble say nothing: such an order waits, however long. It must not know how orders wait.
 */
import type { MailError } from "../base/errors.js";
import type { MarkResult } from "../mailbox/marker.js";
import type { OpenEntry } from "./ledger-record.js";

/** `again` and `counted` are tried again, the latter not for ever; `believed`: it is gone, if the mailbox itself is there. */
export type MarkVerdict = "done" | "believed" | "failed" | "again" | "counted";

/** An order refused this often for reasons that do not pass is let go. */
const tries = 10;
/** A message must be missing this often, over more than a minute, until it counts as vanished: a single 404 may pass. */
const vanishedTries = 6;
/** Codes about one message that come with a status of a server in trouble (EWS response codes). */
const ofTheMessage = /^Error(Item|MoveCopyFailed|PropertyUpdate|MailboxHold|.*Corrupt)/i;

/** `othersMade`: marks of other messages of the queue were made since the last try, so the server is not the matter. */
export function judgeMark(result: MarkResult | undefined, { markAttempts = 0 }: OpenEntry, othersMade: boolean): MarkVerdict {
  if (!result) return "again";
  if (result.done) {
    if (!result.vanished) return "done";
    return markAttempts + 1 < vanishedTries ? "counted" : "believed";
  }
  const { error } = result;
  if (error.code === "GRAPH_REFUSED" && !result.asWhole) return "failed";
  if (!isOfTheOrder(error, othersMade)) return "again";
  return markAttempts + 1 < tries ? "counted" : "failed";
}

function isOfTheOrder({ code, scope, serviceCode = "" }: MailError, othersMade: boolean): boolean {
  if (scope === "call" || scope === "message" || code === "SYNC_FOLDER_NOT_FOUND") return true;
  return code === "GRAPH_UNAVAILABLE" && (othersMade || ofTheMessage.test(serviceCode));
}
