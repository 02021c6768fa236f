/**
 * Entra's refusals that concern one account: its user, its password, its second factor, its session.
 *
 * Invariant: nothing of Entra's own text is used, because it can repeat what the user typed. Sources of the numbers:
 * identity-platform/reference-error-codes; 500121 and 70046: monitoring-health/howto-troubleshoot-sign-in-errors.
 */
import type { RefusalRow } from "./remedy.js";

export const accountRefusals: readonly RefusalRow[] = [
  {
    codes: [50034, 51004, 16003, 50197],
    cause: "the user is not in this directory",
    who: "administrator",
    step: "the-users",
    remedy:
      "Compare the sign-in name with Entra ID > Users and tenantId with Entra ID > Overview: the user must exist in the tenant that the app is registered in.",
  },
  {
    codes: [50020, 500208, 90072, 16000, 50014, 500212, 500213],
    cause: "the account is of another kind or of another tenant",
    who: "user",
    step: "the-users",
    remedy: "Sign in with a work account of this tenant; guests and personal accounts cannot own a queue.",
    neverByPassword: true,
  },
  {
    codes: [50057],
    cause: "the account is disabled",
    who: "administrator",
    step: "the-users",
    remedy:
      'Entra ID > Users > the user > Edit properties > Settings: tick "Account enabled" and keep the licence, then sign the account in again.',
  },
  {
    codes: [50105],
    cause: "the user is not assigned to the app",
    who: "administrator",
    step: "assign-users",
    remedy:
      'Entra ID > Enterprise apps > the app > Users and groups > Add user/group: assign the user; or Properties: set "Assignment required?" to No. A queue that was signed in goes on within the hour.',
  },
  {
    codes: [50053],
    cause: "the account is locked after too many bad sign-ins, or the address asked from is blocked",
    who: "administrator",
    step: "password",
    remedy:
      "Try no password meanwhile. Entra ID > Monitoring & health > Sign-in logs shows which of the two it was; when the lock has ended, sign the account in again.",
  },
  {
    codes: [50055, 50144],
    cause: "the password has expired",
    who: "user",
    step: "password",
    remedy: "Set a new password for the account, let it never expire, then sign the account in again.",
  },
  {
    codes: [50125, 50135, 50142],
    cause: "the password has to be changed or its reset to be registered first",
    who: "user",
    step: "password",
    remedy: "Sign in to https://myaccount.microsoft.com as the account, do what it asks, then sign the account in again.",
  },
  {
    codes: [50056],
    cause: "the account has no password in this directory",
    who: "administrator",
    step: "password",
    remedy: "Sign in with the browser instead: accounts without a cloud password cannot use the password method.",
    neverByPassword: true,
  },
  {
    codes: [50064, 50126],
    cause: "the user name or the password is wrong",
    who: "user",
    step: "password",
    remedy:
      "Correct the password and sign in again; a refused password is not tried twice. A federated user, whose password is kept elsewhere, signs in with the browser.",
  },
  {
    codes: [80012],
    cause: "the account may not sign in at this hour",
    who: "administrator",
    step: "password",
    remedy: "Widen the account's logon hours in the on-premises Active Directory, then sign the account in again.",
  },
  {
    codes: [50072, 50079],
    cause: "the user must register for multi-factor authentication",
    who: "user",
    step: "multi-factor-authentication",
    remedy: "Register the second factor at https://aka.ms/mfasetup, then sign in with the browser; the password method cannot give one.",
    neverByPassword: true,
  },
  {
    codes: [53004, 53010],
    cause: "the user must register for multi-factor authentication and may not do so from here",
    who: "administrator",
    step: "multi-factor-authentication",
    remedy: "Register the account's second factor from a place that the policy trusts, then sign in with the browser.",
    neverByPassword: true,
  },
  {
    codes: [50074, 50076, 50078, 500121],
    cause: "multi-factor authentication is needed",
    who: "user",
    step: "multi-factor-authentication",
    remedy: "Sign in with the browser, where the second factor can be given; the password method cannot.",
    neverByPassword: true,
  },
  {
    codes: [50158, 50161],
    cause: "another identity provider's challenge was not met",
    who: "user",
    step: "multi-factor-authentication",
    remedy: "Sign in with the browser, where the challenge can be answered.",
    neverByPassword: true,
  },
  {
    codes: [50058, 50085, 50089, 50132, 50133, 70000, 70008, 700020],
    cause: "the session or the grant has ended",
    who: "user",
    step: "sign-in",
    remedy: "Sign the account in again.",
  },
  {
    codes: [50173],
    cause: "the session was revoked, by a new password or by an administrator",
    who: "user",
    step: "keeping-sign-ins-alive",
    remedy: "Sign the account in again. A sign-in with a password ends with each change of it; one with a passkey does not.",
  },
  {
    codes: [700082],
    cause: "the refresh token was not used for 90 days",
    who: "user",
    step: "keeping-sign-ins-alive",
    remedy: "Sign the account in again; a running daemon keeps its token alive by itself.",
  },
  {
    // Comes as `invalid_request`, which would blame the application; what is malformed is this account's token.
    codes: [9002313],
    cause: "the refresh token is not one that Entra issued",
    who: "user",
    step: "refresh-token",
    remedy: "Give a whole refresh token of this app, or sign the account in again.",
  },
];
