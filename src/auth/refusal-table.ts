/**
 * Entra's refusals by AADSTS number: what each means, who acts, and what to do.
 *
 * Invariant: nothing of Entra's own text is used, because it can repeat what the user typed. Source of the numbers:
 * Microsoft's list of AADSTS error codes (identity-platform/reference-error-codes).
 */

import type { Responsible } from "../base/errors.js";

/** `cause`, `who`, `step` and `remedy` as in `Remedy`. */
export type RefusalRow = readonly [codes: readonly number[], cause: string, who: Responsible, step: string, remedy: string];

const signIn = "sign-in";
const policies = "conditional-access";

/** The account needs somebody. */
export const personRows: readonly RefusalRow[] = [
  [
    [50034],
    "the user is not in this directory",
    "administrator",
    signIn,
    "Check the sign-in name and the tenant id: the user must exist in the tenant that the app is registered in.",
  ],
  [
    [50053],
    "the account is locked after too many bad sign-ins, or the address asked from is blocked",
    "administrator",
    "password",
    "Wait until the lock ends, look at the user's sign-in log, and do not try passwords meanwhile.",
  ],
  [[50055, 50144], "the password has expired", "user", "password", "Set a new password for the account, then sign it in again."],
  [
    [50056],
    "the account has no password in this directory",
    "administrator",
    "password",
    "Sign in with the browser instead: accounts without a cloud password cannot use the password method.",
  ],
  [[50057], "the account is disabled", "administrator", signIn, "Enable the account in Entra and keep its licence, then sign it in again."],
  [
    [50064, 50126],
    "the user name or the password is wrong",
    "user",
    "password",
    "Correct the password and sign in again; the same password is not tried twice.",
  ],
  [
    [50072, 50079],
    "the user must register for multi-factor authentication",
    "user",
    signIn,
    "Register the second factor at https://aka.ms/mfasetup, then sign in with the browser.",
  ],
  [
    [50074, 50076, 50078],
    "multi-factor authentication is needed",
    "user",
    signIn,
    "Sign in with the browser, where the second factor can be given; the password method cannot.",
  ],
  [
    [50158],
    "another identity provider's challenge was not met",
    "user",
    signIn,
    "Sign in with the browser, where the challenge can be answered.",
  ],
  [[50058, 50085, 50089, 50132, 50133, 70000, 70008], "the session or the grant has ended", "user", signIn, "Sign the account in again."],
  // Comes as `invalid_request`, which would blame the application; what is malformed is this account's token.
  [
    [9002313],
    "the refresh token is not one that Entra issued",
    "user",
    signIn,
    "Give a whole refresh token of this app, or sign the account in again.",
  ],
  [[50173], "the session was revoked, by a new password or by an administrator", "user", signIn, "Sign the account in again."],
  [
    [700082],
    "the refresh token was not used for 90 days",
    "user",
    signIn,
    "Sign the account in again; a running daemon keeps its token alive by itself.",
  ],
  [
    [70043],
    "a sign-in frequency policy ended the session",
    "administrator",
    policies,
    "Sign the account in again, and exclude it from the sign-in frequency policy: it will end every session.",
  ],
  [
    [53000, 53001, 53002],
    "a policy asks for a managed device or an approved app",
    "administrator",
    policies,
    "Exclude the queue's account from that conditional access policy: a daemon has no device to show.",
  ],
  [
    [53003, 530032, 53004, 53011, 50131],
    "a conditional access or risk policy blocks the sign-in",
    "administrator",
    policies,
    "Find the policy in the user's sign-in log and exclude the queue's account or allow this server's address.",
  ],
  [
    [530035],
    "security defaults block this way of signing in",
    "administrator",
    policies,
    "Sign in with the browser; security defaults block the password method.",
  ],
  [
    [65001, 65004],
    "the permissions were not consented to",
    "administrator",
    "grant-consent",
    "Grant consent for the app's delegated permissions, then sign the account in again.",
  ],
  [
    [90094, 90095],
    "the permissions need an administrator's consent",
    "administrator",
    "grant-consent",
    'Let an administrator press "Grant admin consent" on the app\'s API permissions, then sign the account in again.',
  ],
  [
    [50020, 500208, 90072],
    "the account is of another kind or another tenant",
    "user",
    signIn,
    "Sign in with a work account of this tenant; guests and personal accounts cannot own a queue.",
  ],
  [
    [50105],
    "the user is not assigned to the app",
    "administrator",
    "assign-users",
    'Assign the user to the enterprise application, or switch "Assignment required" off.',
  ],
];

/** The app or the tenant is set up wrongly. */
export const applicationRows: readonly RefusalRow[] = [
  [
    [700084],
    "the redirect address is registered as a single-page app, whose refresh tokens end after a day",
    "developer",
    "redirect-address",
    'Register http://localhost under "Mobile and desktop applications" and remove the single-page one.',
  ],
  [
    [650052, 650053, 650054, 650055, 650056, 650057],
    "a permission or its resource is misconfigured",
    "developer",
    "api-permissions",
    "Add User.Read, User.ReadBasic.All and Mail.ReadWrite (delegated, Microsoft Graph) to the app's API permissions.",
  ],
  [
    [700016, 700011],
    "the app is not known in this tenant",
    "developer",
    "register-the-app",
    "Check clientId and tenantId: the app must be registered in, or consented to by, this tenant.",
  ],
  [
    [70001, 7000112],
    "the app is disabled",
    "administrator",
    "register-the-app",
    'Enable the app under Enterprise applications, Properties, "Enabled for users to sign-in".',
  ],
  [
    [7000218],
    "the app does not allow public client flows",
    "developer",
    "public-client-flows",
    'Set "Allow public client flows" to Yes under Authentication; never add a client secret.',
  ],
  [
    [700025],
    "a client secret was sent for a public client",
    "developer",
    "public-client-flows",
    "Remove whatever adds a secret to the requests: this app is a public client.",
  ],
  [
    [70011, 28002],
    "a scope is not valid",
    "developer",
    "api-permissions",
    "Check the cloud option and the app's API permissions: they must belong to the same cloud.",
  ],
  [[90002], "the tenant was not found", "developer", "national-clouds", "Check tenantId and the cloud option."],
  [
    [90038],
    "the tenant belongs to another national cloud",
    "developer",
    "national-clouds",
    "Set the cloud option to the cloud that the tenant lives in.",
  ],
  [
    [9001023, 90124, 50194],
    "this way of signing in needs a tenant of its own",
    "developer",
    "register-the-app",
    'Give the tenant\'s id or domain as tenantId, not "common" or "organizations".',
  ],
];

/** Trying again later is all there is to do. */
export const transientRows: readonly RefusalRow[] = [
  [
    [50196],
    "it sees a loop of token requests",
    "developer",
    "troubleshooting",
    "Look for a second program that asks for this account's tokens; the daemon pauses.",
  ],
  [
    [50033, 50087, 50088, 70012, 90006, 90012, 90024, 90033, 90055, 90090, 80002, 80005, 80014],
    "the service is busy or out of order",
    "administrator",
    "troubleshooting",
    "Nothing to do: it is tried again. If it lasts, look at the Microsoft 365 service health page.",
  ],
];
