/**
 * Entra's refusals of one account by the tenant's policies, for want of consent, or in the middle of a sign-in.
 *
 * Invariant: nothing of Entra's own text is used. Sources: identity-platform/reference-error-codes; 530036 and protocol
 * tracking: conditional-access/concept-authentication-flows; 70020: github.com/Azure/azure-cli/issues/22251.
 */
import type { RefusalRow } from "./remedy.js";

/** Where an administrator sees which policy it was. */
const findPolicy =
  "Entra ID > Monitoring & health > Sign-in logs > the failed sign-in > Conditional Access names the policy; in Entra ID > Conditional Access > Policies";

/** What a policy of the tenant does not let pass. */
export const policyRefusals: readonly RefusalRow[] = [
  {
    codes: [70043, 70046],
    cause: "a sign-in frequency policy ended the session",
    who: "administrator",
    step: "conditional-access",
    remedy: `Sign the account in again. It will happen again: ${findPolicy}, exclude the queue's account from "Sign-in frequency".`,
    endsSignIn: true,
    byFrequency: true,
  },
  {
    codes: [53000, 53001, 53002, 50005, 50097, 50127, 50129, 50155, 50187],
    cause: "a policy asks for a managed device or an approved app",
    who: "administrator",
    step: "conditional-access",
    remedy: `${findPolicy}, exclude the queue's account: a daemon has no device to show.`,
    neverByPassword: true,
  },
  {
    codes: [53003, 530032],
    cause: "a conditional access policy blocks the sign-in",
    who: "administrator",
    step: "conditional-access",
    remedy: `${findPolicy}, exclude the queue's account or allow this server's address. If it blocks device code, sign in with the browser; otherwise the queue goes on within the hour.`,
  },
  {
    codes: [530036],
    cause: "a policy refuses sessions that began with a device code",
    who: "user",
    step: "device-code",
    remedy: "Sign the account in with the browser: what began with a device code stays subject to that policy at every renewal.",
    endsSignIn: true,
  },
  {
    codes: [50131, 53011, 530034],
    cause: "the sign-in or the user is held to be at risk",
    who: "administrator",
    step: "conditional-access",
    remedy:
      "ID Protection > Risky users > the user: look into it and dismiss the risk if it was this server; make its address a named location. Then sign the account in again.",
  },
  {
    codes: [530035],
    cause: "security defaults block this way of signing in",
    who: "user",
    step: "conditional-access",
    remedy: "Sign in with the browser; security defaults block the password method.",
    neverByPassword: true,
  },
];

const grantConsent =
  'Entra ID > App registrations > the app > API permissions: press "Grant admin consent for" your organization. A queue that was signed in goes on within the hour, or as soon as it is signed in again.';

export const consentRefusals: readonly RefusalRow[] = [
  {
    codes: [65001, 90008],
    cause: "the permissions were not consented to",
    who: "administrator",
    step: "grant-consent",
    remedy: grantConsent,
  },
  {
    codes: [65004],
    cause: "the consent was declined",
    who: "user",
    step: "grant-consent",
    remedy: "Sign in again and accept the permissions, or let an administrator grant consent for all.",
  },
  {
    codes: [90094, 90095],
    cause: "the permissions need an administrator's consent",
    who: "administrator",
    step: "grant-consent",
    remedy: grantConsent,
  },
];

/** What ends a sign-in that a person is in the middle of. */
export const unfinishedRefusals: readonly RefusalRow[] = [
  {
    codes: [50140, 50199, 16001],
    cause: "a question in the browser was left unanswered",
    who: "user",
    step: "browser",
    remedy: "Begin the sign-in again, in a private window, and answer every question.",
  },
  {
    codes: [54005, 501481, 700005],
    cause: "the code from the browser was used before or belongs to another sign-in",
    who: "user",
    step: "browser",
    remedy: "Begin the sign-in again, in a private window, and follow its newest link only.",
  },
  {
    codes: [90013],
    cause: "what was typed is not valid",
    who: "user",
    step: "sign-in",
    remedy: "Begin the sign-in again with the full e-mail address of the account.",
  },
  {
    codes: [70018, 90119],
    cause: "the device code was typed wrongly",
    who: "user",
    step: "device-code",
    remedy: "Begin the sign-in again and type the code as it is shown.",
  },
  {
    codes: [70019, 70020],
    cause: "the device code has expired",
    who: "user",
    step: "device-code",
    remedy: "Begin the sign-in again; a code lives for a quarter of an hour.",
  },
  {
    codes: [90120, 50134],
    cause: "the device code was answered already or cannot be answered from there",
    who: "user",
    step: "device-code",
    remedy: "Begin the sign-in again, or sign in with the browser.",
  },
];
