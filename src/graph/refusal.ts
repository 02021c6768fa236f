/**
 * What a refusal of Graph means: from status and code to one of our errors.
 *
 * Invariant: decided by the deepest code that is known, compared without case, and else by status; never by message
 * text (Graph's advice: concepts/errors). The error's text is composed here: Graph's own can name people and subjects.
 */
import { MailError, type MailErrorCode } from "../base/errors.js";
import { retryAfterAt } from "../base/retry-after.js";
import { errorCodes, type Json } from "./wire.js";

/** Codes that decide whatever the status; keys in lower case. Sources: Graph error pages, EWS response codes, field reports. */
const byCode: ReadonlyMap<string, MailErrorCode> = new Map(
  Object.entries({
    SYNC_CURSOR_LOST:
      "syncStateNotFound SyncStateInvalid resyncRequired ErrorSyncStateNotFound ErrorInvalidSyncStateData InvalidSyncStateData InvalidDeltaToken",
    SYNC_FOLDER_NOT_FOUND: "ErrorSyncFolderNotFound ErrorFolderNotFound",
    GRAPH_MAILBOX_UNAVAILABLE:
      "MailboxNotEnabledForRESTAPI MailboxNotSupportedForRESTAPI RESTAPINotEnabledForComponentSharedMailbox ResourceNotFound ErrorInvalidUser " +
      "Request_ResourceNotFound ErrorNonExistentMailbox ErrorInvalidLicense ErrorOrganizationAccessBlocked",
    GRAPH_UNAVAILABLE:
      "MailboxInfoStale ErrorMailboxMoveInProgress ErrorMailboxFailover ErrorMailboxStoreUnavailable ErrorConnectionFailed ErrorADUnavailable " +
      "ErrorServerBusy ErrorTimeoutExpired ErrorInternalServerTransientError ErrorNotEnoughMemory ErrorBatchProcessingStopped generalException " +
      "ErrorInternalServerError ErrorApiQuarantined ErrorServiceUnavailable serviceNotAvailable ErrorExceededConnectionCount",
    GRAPH_THROTTLED: "TooManyRequests ApplicationThrottled activityLimitReached throttledRequest ErrorTooManyObjectsOpened",
    GRAPH_NOT_FOUND: "ErrorItemNotFound ErrorCannotDeleteObject",
    // A right that is missing, or a full mailbox: never the request's own fault, so never given up for good.
    GRAPH_FORBIDDEN:
      "ErrorAccessDenied accessDenied Authorization_RequestDenied NoPermissionsInAccessToken extensionError ErrorQuotaExceeded " +
      "quotaLimitReached",
    // The second comes with 400 too (microsoft-graph-docs 7782).
    GRAPH_UNAUTHORIZED: "InvalidAuthenticationToken AuthenticationError unauthenticated",
  } satisfies Partial<Record<MailErrorCode, string>>).flatMap(([ours, theirs]) =>
    theirs.split(" ").map((code) => [code.toLowerCase(), ours as MailErrorCode] as const),
  ),
);

export interface Refusal {
  readonly status: number;
  readonly retryAfter: string | null | undefined;
  /** The answer's `Date`. */
  readonly date?: string | null | undefined;
  readonly body: Json | undefined;
  /** The claims that the next token is to answer, when it is a claims challenge. */
  readonly claims?: string | undefined;
  /** What was asked, in a few words. */
  readonly what: string;
  readonly queue: string;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** The error for an answer that is no success. */
export function refusalError({ status, retryAfter, date, body, claims, what, queue, now }: Refusal): MailError {
  const codes = errorCodes(body);
  const serviceCode = codes.findLast((code) => byCode.has(code.toLowerCase())) ?? codes.at(-1) ?? "";
  const notBeforeAt = retryAfterAt(retryAfter, now, date);
  const code = meaning(status, serviceCode, claims !== undefined);
  const named = serviceCode === "" ? "without a code" : serviceCode;
  return new MailError(code, `Graph answered ${status} ${named} to ${what} of ${queue}.`, {
    queue,
    status,
    ...(serviceCode === "" ? {} : { serviceCode }),
    ...(notBeforeAt === undefined ? {} : { notBeforeAt }),
  });
}

function meaning(status: number, serviceCode: string, isChallenge: boolean): MailErrorCode {
  if (status === 429 || status === 509) return "GRAPH_THROTTLED";
  if (status === 410) return "SYNC_CURSOR_LOST";
  if (status === 401 || (status === 403 && isChallenge)) return "GRAPH_UNAUTHORIZED";
  const known = byCode.get(serviceCode.toLowerCase());
  // A server in trouble says nothing about a token, and nobody is to sign in for it.
  if (known && !(known === "GRAPH_UNAUTHORIZED" && status >= 500)) return known;
  if (status >= 500) return "GRAPH_UNAVAILABLE";
  if (status === 412 || status === 409) return "GRAPH_CONFLICT";
  // An empty 404 or 400 is a server in trouble, not a verdict (alcion/corso, twenty).
  if (serviceCode === "" && (status === 404 || status === 400)) return "GRAPH_UNAVAILABLE";
  if (status === 404) return "GRAPH_NOT_FOUND";
  if (status === 403) return "GRAPH_FORBIDDEN";
  return "GRAPH_REFUSED";
}
