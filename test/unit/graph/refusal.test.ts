/** Every refusal that the project's notes on Graph list for a reader and marker of mail, and what the daemon makes of it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MailErrorCode } from "../../../src/base/errors.js";
import { refusalError } from "../../../src/graph/refusal.js";
import type { Json } from "../../../src/graph/wire.js";
import { leaks } from "../../support/rejection.js";

const now = Date.parse("2026-03-01T08:00:00Z");
const queue = "support@contoso.com";

function refused(status: number, body: Json | undefined, retryAfter?: string) {
  return refusalError({ status, retryAfter, body, what: "a page", queue, now });
}

const coded = (code: string): Json => ({ error: { code, message: "Words of Graph's that name jane@contoso.com." } });

const table: readonly (readonly [status: number, codes: string, MailErrorCode])[] = [
  [401, "InvalidAuthenticationToken AuthenticationError unauthenticated", "GRAPH_UNAUTHORIZED"],
  [401, "ErrorAccessDenied NoPermissionsInAccessToken somethingElse", "GRAPH_UNAUTHORIZED"],
  [400, "InvalidAuthenticationToken AuthenticationError unauthenticated", "GRAPH_UNAUTHORIZED"],
  [403, "InvalidAuthenticationToken AuthenticationError unauthenticated", "GRAPH_UNAUTHORIZED"],
  [503, "InvalidAuthenticationToken AuthenticationError unauthenticated", "GRAPH_UNAVAILABLE"],
  [403, "ErrorAccessDenied Authorization_RequestDenied accessDenied insufficient_claims somethingElse", "GRAPH_FORBIDDEN"],
  [400, "ErrorAccessDenied Authorization_RequestDenied accessDenied", "GRAPH_FORBIDDEN"],
  [403, "NoPermissionsInAccessToken extensionError ErrorQuotaExceeded", "GRAPH_FORBIDDEN"],
  [400, "NoPermissionsInAccessToken extensionError ErrorQuotaExceeded", "GRAPH_FORBIDDEN"],
  [500, "NoPermissionsInAccessToken extensionError ErrorQuotaExceeded", "GRAPH_FORBIDDEN"],
  [403, "ErrorInvalidLicense ErrorOrganizationAccessBlocked", "GRAPH_MAILBOX_UNAVAILABLE"],
  [
    404,
    "MailboxNotEnabledForRESTAPI MailboxNotSupportedForRESTAPI RESTAPINotEnabledForComponentSharedMailbox",
    "GRAPH_MAILBOX_UNAVAILABLE",
  ],
  [404, "ResourceNotFound ErrorInvalidUser Request_ResourceNotFound ErrorNonExistentMailbox", "GRAPH_MAILBOX_UNAVAILABLE"],
  [500, "ErrorNonExistentMailbox", "GRAPH_MAILBOX_UNAVAILABLE"],
  [404, "ErrorItemNotFound somethingElse", "GRAPH_NOT_FOUND"],
  [403, "ErrorCannotDeleteObject", "GRAPH_NOT_FOUND"],
  [404, "ErrorSyncFolderNotFound ErrorFolderNotFound", "SYNC_FOLDER_NOT_FOUND"],
  [503, "MailboxInfoStale ErrorMailboxMoveInProgress ErrorMailboxFailover ErrorMailboxStoreUnavailable", "GRAPH_UNAVAILABLE"],
  [503, "ErrorConnectionFailed ErrorADUnavailable ErrorServiceUnavailable serviceNotAvailable ErrorServerBusy", "GRAPH_UNAVAILABLE"],
  [400, "ErrorTimeoutExpired ErrorNotEnoughMemory ErrorExceededConnectionCount ErrorBatchProcessingStopped", "GRAPH_UNAVAILABLE"],
  [409, "ErrorServerBusy ErrorInternalServerTransientError ErrorApiQuarantined generalException", "GRAPH_UNAVAILABLE"],
  [500, "ErrorInternalServerError ErrorInternalServerTransientError ErrorMoveCopyFailed ErrorItemSave", "GRAPH_UNAVAILABLE"],
  [502, "UnknownError", "GRAPH_UNAVAILABLE"],
  [504, "UnknownError", "GRAPH_UNAVAILABLE"],
  [507, "quotaLimitReached", "GRAPH_FORBIDDEN"],
  [507, "somethingElse", "GRAPH_UNAVAILABLE"],
  [429, "ApplicationThrottled TooManyRequests ErrorTooManyObjectsOpened activityLimitReached SyncStateNotFound", "GRAPH_THROTTLED"],
  [509, "activityLimitReached", "GRAPH_THROTTLED"],
  [503, "TooManyRequests activityLimitReached throttledRequest ApplicationThrottled", "GRAPH_THROTTLED"],
  [412, "ErrorIrresolvableConflict anything", "GRAPH_CONFLICT"],
  [409, "ErrorFolderExists anything", "GRAPH_CONFLICT"],
  [410, "SyncStateNotFound somethingElse ErrorItemNotFound", "SYNC_CURSOR_LOST"],
  [
    400,
    "ErrorInvalidUrlQuery InefficientFilter ErrorInvalidIdMalformed invalidRequest BadRequest RequestBroker--ParseUri",
    "GRAPH_REFUSED",
  ],
  [405, "Request_BadRequest", "GRAPH_REFUSED"],
  [413, "x", "GRAPH_REFUSED"],
  [415, "x", "GRAPH_REFUSED"],
  [424, "FailedDependency", "GRAPH_REFUSED"],
  [302, "x", "GRAPH_REFUSED"],
];
const rows = table.flatMap(([status, codes, ours]) => codes.split(" ").map((code) => [status, code, ours] as const));

describe("a refusal", () => {
  it.each(rows)("of %i %s is %s, in whatever case the code is written", (status, code, ours) => {
    for (const written of [code, code.toLowerCase(), code.toUpperCase()]) {
      expect(refused(status, coded(written))).toMatchObject({ code: ours, status, queue, serviceCode: written });
    }
  });

  const dead =
    "syncStateNotFound SyncStateInvalid resyncRequired ErrorSyncStateNotFound ErrorInvalidSyncStateData InvalidSyncStateData InvalidDeltaToken";
  const deadRows = dead.split(" ").flatMap((code) => [400, 404, 409, 410].map((status) => [code, status] as const));
  it.each(deadRows)("with %s and status %i means that the cursor is lost, in odd letter case too", (code, status) => {
    const odd = [...code].map((letter, index) => (index % 2 ? letter.toUpperCase() : letter.toLowerCase())).join("");
    for (const written of [code, odd]) expect(refused(status, coded(written)).code).toBe("SYNC_CURSOR_LOST");
  });

  it.each<[number, MailErrorCode]>([
    [400, "GRAPH_UNAVAILABLE"],
    [404, "GRAPH_UNAVAILABLE"],
    [500, "GRAPH_UNAVAILABLE"],
    [502, "GRAPH_UNAVAILABLE"],
    [503, "GRAPH_UNAVAILABLE"],
    [504, "GRAPH_UNAVAILABLE"],
    [401, "GRAPH_UNAUTHORIZED"],
    [403, "GRAPH_FORBIDDEN"],
    [410, "SYNC_CURSOR_LOST"],
    [412, "GRAPH_CONFLICT"],
    [429, "GRAPH_THROTTLED"],
    [509, "GRAPH_THROTTLED"],
    [405, "GRAPH_REFUSED"],
  ])("with status %i and no code to read is %s", (status, ours) => {
    for (const body of [undefined, {}, { error: {} }, { error: { code: "" } }, "a text", [], null]) {
      const error = refused(status, body);
      expect(error.code).toBe(ours);
      expect("serviceCode" in error).toBe(false);
      expect(error.message).toBe(`Graph answered ${status} without a code to a page of ${queue}.`);
    }
  });

  it.each<[number, MailErrorCode]>([
    [401, "GRAPH_UNAUTHORIZED"],
    [403, "GRAPH_UNAUTHORIZED"],
    [404, "GRAPH_NOT_FOUND"],
    [429, "GRAPH_THROTTLED"],
    [410, "SYNC_CURSOR_LOST"],
    [503, "GRAPH_UNAVAILABLE"],
  ])("of %i with claims for the next token is %s, and does not repeat them", (status, ours) => {
    const error = refusalError({ status, retryAfter: null, body: coded("x"), claims: '{"a":"secret"}', what: "x", queue, now });
    expect(error.code).toBe(ours);
    expect(leaks(error, ["secret"])).toEqual([]);
  });

  it("that lacks a right, or room, is retried and is never about the cursor", () => {
    for (const code of ["accessDenied", "NoPermissionsInAccessToken", "extensionError", "ErrorQuotaExceeded", "quotaLimitReached"]) {
      expect(refused(403, coded(code))).toMatchObject({ code: "GRAPH_FORBIDDEN", retryable: true, scope: "queue" });
    }
  });

  it("is decided by the deepest code that is known", () => {
    const nested = (outer: string, inner: Json): Json => ({ error: { code: outer, innerError: inner } });
    expect(refused(400, nested("BadRequest", { code: "SyncStateNotFound" }))).toMatchObject({
      code: "SYNC_CURSOR_LOST",
      serviceCode: "SyncStateNotFound",
    });
    expect(refused(400, nested("SyncStateNotFound", { code: "GenerationDetail" }))).toMatchObject({
      code: "SYNC_CURSOR_LOST",
      serviceCode: "SyncStateNotFound",
    });
    expect(refused(404, nested("ResourceNotFound", { innererror: { code: "ErrorItemNotFound" } })).code).toBe("GRAPH_NOT_FOUND");
    expect(refused(400, nested("A", { innererror: { code: "B" } }))).toMatchObject({ code: "GRAPH_REFUSED", serviceCode: "B" });
  });

  it("never depends on the message, and does not repeat it", () => {
    const error = refused(400, { error: { code: "BadRequest", message: "SyncStateNotFound for jane@contoso.com" } });
    expect(error.code).toBe("GRAPH_REFUSED");
    expect(leaks(error, ["jane"])).toEqual([]);
  });

  it("says what was asked, of whom, and what came", () => {
    const error = refused(403, coded("ErrorAccessDenied"));
    expect(error.message).toBe("Graph answered 403 ErrorAccessDenied to a page of support@contoso.com.");
  });
});

describe("the time before which nothing may be asked", () => {
  it.each([
    [429, "2.128", now + 2_128],
    [503, "10", now + 10_000],
    [429, "Sun, 01 Mar 2026 08:01:00 GMT", now + 60_000],
    [429, "0", now],
  ])("is in a %i with Retry-After %j", (status, retryAfter, notBeforeAt) => {
    expect(refused(status, coded("x"), retryAfter).notBeforeAt).toBe(notBeforeAt);
  });

  it.each([[undefined], [""], ["soon"]])("is not in one with Retry-After %j", (retryAfter) => {
    expect("notBeforeAt" in refused(429, coded("x"), retryAfter)).toBe(false);
  });
});

it("a refusal of any status and body is an error of ours", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 100, max: 599 }),
      fc.option(fc.jsonValue(), { nil: undefined }),
      fc.option(fc.string()),
      (status, body, retryAfter) => {
        const error = refusalError({ status, retryAfter, body: body as Json | undefined, what: "x", queue, now });
        expect(error.code).toMatch(/^(GRAPH|SYNC)_/);
        expect(error.status).toBe(status);
      },
    ),
  );
});
