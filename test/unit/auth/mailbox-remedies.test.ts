import { describe, expect, it } from "vitest";
import { mailboxRefusals, mailboxRemedy } from "../../../src/auth/mailbox-remedies.js";
import { setUpSteps } from "../../../src/auth/remedy.js";
import type { MailErrorDetails } from "../../../src/base/errors.js";
import { MailError, type MailErrorCode } from "../../../src/base/errors.js";

const remedyOf = (code: MailErrorCode, details: MailErrorDetails = {}) => mailboxRemedy(new MailError(code, "Graph said no.", details));

describe("Graph's errors of a mailbox", () => {
  it("have a cause, somebody who acts, a step and a sentence, every one, and name no code twice", () => {
    const codes = mailboxRefusals.flatMap(([names]) => names.map((name) => name.toLowerCase()));
    expect(codes.length).toBe(new Set(codes).size);
    for (const [, remedy] of mailboxRefusals) {
      expect(remedy.class).toBe("person");
      expect(remedy.cause).toMatch(/^[a-z].*[^.]$/i);
      expect(remedy.remedy).toMatch(/^[A-Z].*\.$/);
      expect(setUpSteps).toContain(remedy.step);
    }
  });

  it.each<[MailErrorCode, string, number, string, RegExp]>([
    ["GRAPH_MAILBOX_UNAVAILABLE", "MailboxNotEnabledForRESTAPI", 404, "mailbox-licence", /Licenses and apps.*Exchange Online.*15 minutes/],
    ["GRAPH_MAILBOX_UNAVAILABLE", "MailboxNotSupportedForRESTAPI", 404, "mailbox-licence", /on-premises/],
    ["GRAPH_MAILBOX_UNAVAILABLE", "RESTAPINotEnabledForComponentSharedMailbox", 404, "shared-mailboxes", /Full Access/],
    ["GRAPH_MAILBOX_UNAVAILABLE", "ResourceNotFound", 404, "the-users", /Active users/],
    ["GRAPH_MAILBOX_UNAVAILABLE", "ErrorInvalidUser", 404, "the-users", /Deleted users/],
    ["GRAPH_MAILBOX_UNAVAILABLE", "ErrorNonExistentMailbox", 500, "the-users", /15 minutes/],
    ["GRAPH_MAILBOX_UNAVAILABLE", "ErrorInvalidLicense", 403, "mailbox-licence", /Exchange Online/],
    ["GRAPH_MAILBOX_UNAVAILABLE", "ErrorOrganizationAccessBlocked", 403, "mailbox-licence", /Your products/],
    ["GRAPH_FORBIDDEN", "ErrorAccessDenied", 403, "shared-mailboxes", /Full Access.*Mail\.ReadWrite\.Shared/],
    ["GRAPH_FORBIDDEN", "Authorization_RequestDenied", 403, "grant-consent", /API permissions/],
    ["GRAPH_FORBIDDEN", "NoPermissionsInAccessToken", 403, "grant-consent", /sign the account in again/],
    ["GRAPH_FORBIDDEN", "ErrorQuotaExceeded", 403, "full-mailboxes", /archive/],
    ["GRAPH_FORBIDDEN", "quotaLimitReached", 507, "full-mailboxes", /archive/],
    ["GRAPH_UNAUTHORIZED", "InvalidAuthenticationToken", 401, "sign-in", /Sign the account in again/],
    ["SYNC_FOLDER_NOT_FOUND", "ErrorFolderNotFound", 404, "troubleshooting", /`folders`/],
  ])("%s by %s (%i) leads to the step %s", (code, serviceCode, status, step, text) => {
    expect(remedyOf(code, { serviceCode, status })).toMatchObject({ step, remedy: expect.stringMatching(text) });
  });

  it("are compared without case", () => {
    expect(remedyOf("GRAPH_FORBIDDEN", { serviceCode: "errorquotaexceeded", status: 403 })?.step).toBe("full-mailboxes");
  });

  it.each<[MailErrorCode, string]>([
    ["GRAPH_MAILBOX_UNAVAILABLE", "mailbox-licence"],
    ["GRAPH_FORBIDDEN", "shared-mailboxes"],
    ["GRAPH_UNAUTHORIZED", "sign-in"],
    ["SYNC_FOLDER_NOT_FOUND", "troubleshooting"],
  ])("with a code that nobody knows go by %s, to the step %s", (code, step) => {
    expect(remedyOf(code, { serviceCode: "SomethingNew" })?.step).toBe(step);
    expect(remedyOf(code, { serviceCode: "constructor" })?.step).toBe(step);
    expect(remedyOf(code)?.step).toBe(step);
  });

  it.each<[MailErrorCode, MailErrorDetails]>([
    ["GRAPH_UNAVAILABLE", { serviceCode: "MailboxInfoStale", status: 503 }],
    ["GRAPH_UNAVAILABLE", { serviceCode: "ErrorMailboxMoveInProgress", status: 503 }],
    ["GRAPH_THROTTLED", { serviceCode: "ErrorAccessDenied", status: 429 }],
    ["GRAPH_NOT_FOUND", { serviceCode: "ErrorItemNotFound", status: 404 }],
    ["SYNC_CURSOR_LOST", { serviceCode: "syncStateNotFound", status: 410 }],
    ["GRAPH_TIMEOUT", {}],
  ])("%s %j leave a person nothing to do", (code, details) => {
    expect(remedyOf(code, details)).toBeUndefined();
  });
});
