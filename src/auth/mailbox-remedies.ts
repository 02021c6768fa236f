/**
 * What a person can do about Graph's errors that concern a whole mailbox.
 *
 * Invariant: decided by the service's code, compared without case, then by status and our own code; no text of Graph is
 * used. Where nobody can help (a mailbox that moves, a service out of order) there is no remedy. Sources: Graph's known
 * issues (mailboxes of the last quarter of an hour, on-premises ones), concepts/errors, EWS response codes, and
 * microsoft-365/admin (assign-licenses-to-users, give-mailbox-permissions-to-another-user) for the menu words.
 */
import type { MailError, MailErrorCode } from "../base/errors.js";
import type { Remedy } from "./remedy.js";

/** Graph's codes, and what they mean together. */
export type MailboxRefusal = readonly [serviceCodes: readonly string[], remedy: Remedy];

const administrator = { class: "person", who: "administrator" } as const;

const noMailbox: Remedy = {
  ...administrator,
  cause: "there is no mailbox that Graph may open: no licence for one, soft-deleted, or on-premises",
  step: "mailbox-licence",
  remedy:
    "Microsoft 365 admin center > Users > Active users > the user > Licenses and apps: give a licence that includes Exchange Online and leave that app on. " +
    "A new or restored mailbox is found within 15 minutes; an on-premises one has to be moved to Exchange Online. It is tried again by itself.",
};
const unknownUser: Remedy = {
  ...administrator,
  cause: "Graph finds no mailbox of that address",
  step: "the-users",
  remedy:
    "Compare the queue's address with Microsoft 365 admin center > Users > Active users, and with Deleted users: the user must exist and be licensed. " +
    "A new mailbox is found within 15 minutes. It is tried again by itself.",
};
const denied: Remedy = {
  ...administrator,
  cause: "the account may not open the mailbox",
  step: "shared-mailboxes",
  remedy:
    "A queue with `account`: Microsoft 365 admin center > Teams & groups > Shared mailboxes > the mailbox > Read and manage permissions: add the account (Full Access; up to an hour passes), " +
    "add Mail.ReadWrite.Shared to the app with consent, and sign in again. Any other queue: see that Mail.ReadWrite has consent. It is tried again by itself.",
};
const noPermission: Remedy = {
  ...administrator,
  cause: "the token carries no permission for this",
  step: "grant-consent",
  remedy:
    'Entra ID > App registrations > the app > API permissions: see that every permission of the guide says "Granted for" your organization, then sign the account in again.',
};
/** Where Graph refuses tokens that Entra has just given. */
export const refusedTokens: Remedy = {
  class: "person",
  cause: "Graph refuses the account's tokens",
  who: "user",
  step: "sign-in",
  remedy: "Sign the account in again. If Graph goes on refusing, look for the account in Entra ID > Monitoring & health > Sign-in logs.",
};
const noFolder: Remedy = {
  class: "person",
  cause: "the mailbox has no such folder",
  who: "developer",
  step: "troubleshooting",
  remedy:
    "Compare the queue's `folders` option with the mailbox; the error names the folders that are there. One that was deleted has to be made again, or another one named. It is looked for again by itself.",
};
const full: Remedy = {
  ...administrator,
  cause: "the mailbox is full",
  step: "full-mailboxes",
  remedy:
    "Empty Deleted Items and Junk Email, switch the online archive on, or give a licence with a larger mailbox; marks wait until then.",
};

/** By Graph's own codes, in the order in which the documentation shows them. */
export const mailboxRefusals: readonly MailboxRefusal[] = [
  [["MailboxNotEnabledForRESTAPI", "MailboxNotSupportedForRESTAPI"], noMailbox],
  [["ResourceNotFound", "ErrorInvalidUser", "Request_ResourceNotFound", "ErrorNonExistentMailbox"], unknownUser],
  [
    ["ErrorInvalidLicense"],
    {
      ...noMailbox,
      cause: "the user's licence does not cover the mailbox",
      remedy:
        "Microsoft 365 admin center > Users > Active users > the user > Licenses and apps: give a licence that includes Exchange Online. It is tried again by itself.",
    },
  ],
  [
    ["ErrorOrganizationAccessBlocked"],
    {
      ...noMailbox,
      cause: "the whole organization's access is blocked",
      remedy: "Microsoft 365 admin center > Billing > Your products: see whether the subscription has lapsed, and ask Microsoft's support.",
    },
  ],
  [["RESTAPINotEnabledForComponentSharedMailbox", "ErrorAccessDenied", "accessDenied"], denied],
  [["Authorization_RequestDenied", "NoPermissionsInAccessToken", "extensionError"], noPermission],
  [["ErrorQuotaExceeded", "quotaLimitReached"], full],
  [["InvalidAuthenticationToken"], refusedTokens],
  [["ErrorSyncFolderNotFound", "ErrorFolderNotFound"], noFolder],
];

const byServiceCode: ReadonlyMap<string, Remedy> = new Map(
  mailboxRefusals.flatMap(([codes, remedy]) => codes.map((code) => [code.toLowerCase(), remedy] as const)),
);

/** Where Graph's code is not known. */
const byCode: ReadonlyMap<MailErrorCode, Remedy> = new Map([
  ["GRAPH_MAILBOX_UNAVAILABLE", noMailbox],
  ["GRAPH_FORBIDDEN", denied],
  ["GRAPH_UNAUTHORIZED", refusedTokens],
  ["SYNC_FOLDER_NOT_FOUND", noFolder],
]);

/** What a person can do about an error of Graph that concerns a mailbox; `undefined` where nobody can help. */
export function mailboxRemedy({ code, serviceCode, status }: Pick<MailError, "code" | "serviceCode" | "status">): Remedy | undefined {
  if (status === 401) return refusedTokens;
  // A code may come with a time of waiting or with a server in trouble; then it is no verdict on the mailbox.
  if (code === "GRAPH_THROTTLED" || code === "GRAPH_UNAVAILABLE") return status === 507 ? full : undefined;
  return byServiceCode.get(serviceCode?.toLowerCase() ?? "") ?? byCode.get(code);
}
