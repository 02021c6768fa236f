/**
 * What Entra's refusals mean and what a person can do about them: by AADSTS number, and by OAuth error for numbers that
 * are not in the table.
 *
 * Invariant: what is not known by its number is told as such, so that it parks nothing for good; nothing of Entra's own
 * text is used, because it can repeat what the user typed. Sources of the OAuth errors: RFC 6749 §5.2, RFC 8628 §3.5,
 * identity-platform/v2-oauth2-device-code; of the suberrors: UiRequiredExceptionClassification of MSAL.
 */
import type { MailErrorDetails } from "../base/errors.js";
import { refusalTable } from "./refusal-table.js";
import type { Remedy } from "./remedy.js";

export type { RefusalClass, Remedy, SetUpStep } from "./remedy.js";

/** A remedy, and by what it was found. */
export interface FoundRemedy extends Remedy {
  /** False when the meaning was only guessed from an OAuth error that has many: such a refusal is tried again by itself. */
  readonly known: boolean;
  /** The AADSTS number that the table knows; absent when none was. */
  readonly number?: number;
}

const byCode = new Map<number, Remedy>();
/** Numbers by what their row says of them beside the remedy. */
const flagged = { neverByPassword: new Set<number>(), endsSignIn: new Set<number>(), byFrequency: new Set<number>() };
for (const [refusalClass, rows] of refusalTable) {
  for (const { codes, neverByPassword, endsSignIn, byFrequency, ...row } of rows) {
    // One object for all numbers of a row: the documentation groups by it.
    const remedy = { class: refusalClass, ...row };
    for (const code of codes) {
      byCode.set(code, remedy);
      if (neverByPassword) flagged.neverByPassword.add(code);
      if (endsSignIn) flagged.endsSignIn.add(code);
      if (byFrequency) flagged.byFrequency.add(code);
    }
  }
}

/** The remedy of a queue that has no sign-in at all. */
export const signInRemedy: Remedy = {
  class: "person",
  cause: "the account has to be signed in again",
  who: "user",
  step: "sign-in",
  remedy: "Sign the account in again.",
};
const setUp: Remedy = {
  class: "application",
  cause: "the app registration or the request is not accepted",
  who: "developer",
  step: "register-the-app",
  remedy: "Compare the app registration with every step of the set-up guide.",
};

/** The row of a number that has to stand in the table. */
function row(code: number): Remedy {
  const found = byCode.get(code);
  if (!found) throw new Error(`The table of refusals has no row for AADSTS${code}.`);
  return found;
}

/** Entra answers, but has no time: what a 429 or a 5xx means. */
export const busyRemedy: Remedy = row(90033);
/** What answers is not Entra, or not as Entra does. */
export const garbledRemedy: Remedy = {
  class: "transient",
  cause: "the answer is not of Entra's form",
  who: "developer",
  step: "troubleshooting",
  remedy: "See whether a proxy or a firewall answers in Entra's place: this server must reach Entra's address unchanged.",
};

/** Errors that have many causes; `Map`, so that a name from the network meets no inherited property. */
const byOAuthError: ReadonlyMap<string, Remedy> = new Map([
  ["invalid_grant", signInRemedy],
  ["interaction_required", signInRemedy],
  ["login_required", signInRemedy],
  ["consent_required", row(65001)],
  ["temporarily_unavailable", busyRemedy],
  ["server_error", busyRemedy],
  ["invalid_client", setUp],
  ["unauthorized_client", setUp],
  ["invalid_scope", row(70011)],
  ["unsupported_grant_type", setUp],
  ["unsupported_response_type", setUp],
  ["invalid_request", setUp],
  ["invalid_resource", row(500011)],
]);

/** Errors that mean one thing only, in the middle of a sign-in. */
const unfinished: ReadonlyMap<string, Remedy> = new Map([
  ["authorization_pending", row(70016)],
  ["slow_down", row(70016)],
  ["expired_token", row(70019)],
  ["code_expired", row(70019)],
  ["bad_verification_code", row(70018)],
  [
    "authorization_declined",
    { ...row(70019), cause: "the sign-in was declined", remedy: "Begin the sign-in again and accept it, as the queue's account." },
  ],
  [
    "access_denied",
    {
      ...row(50199),
      cause: "the sign-in was given up or declined",
      remedy: "Begin the sign-in again, in a private window, and accept it.",
    },
  ],
]);

/** What refines an OAuth error whose number is not known. */
const bySuberror: ReadonlyMap<string, Remedy> = new Map<string, Remedy>([
  [
    "basic_action",
    {
      ...signInRemedy,
      cause: "a person has to answer a question of the sign-in",
      step: "browser",
      remedy: "Sign in with the browser, where it can be answered.",
    },
  ],
  [
    "additional_action",
    {
      ...signInRemedy,
      cause: "something outside the sign-in has to be done first",
      who: "administrator",
      step: "conditional-access",
      remedy: "Entra ID > Monitoring & health > Sign-in logs > the failed sign-in says what is asked for; then sign the account in again.",
    },
  ],
  [
    "message_only",
    {
      ...signInRemedy,
      cause: "signing in again does not mend it",
      who: "administrator",
      step: "troubleshooting",
      remedy: "Entra ID > Monitoring & health > Sign-in logs > the failed sign-in says why; it is tried again by itself.",
    },
  ],
  ["consent_required", row(65001)],
  ["user_password_expired", row(50055)],
  ["bad_token", row(70000)],
  ["token_expired", row(70008)],
  [
    "client_mismatch",
    {
      ...signInRemedy,
      cause: "the refresh token is of another app",
      step: "refresh-token",
      remedy: "Give a refresh token of this app, or sign the account in again.",
    },
  ],
  ["protection_policy_required", row(53002)],
  ["device_authentication_failed", row(53000)],
]);

/**
 * What Entra's refusal means: by the first number that the table knows, else by the OAuth error, refined by the
 * suberror; `undefined` when none says anything.
 */
export function remedyFor(error: string, codes: readonly number[], suberror = ""): FoundRemedy | undefined {
  for (const code of codes) {
    const known = byCode.get(code);
    // A declined device code and a cancelled page come with the number of a declined consent.
    if (code === 65004 && (error === "authorization_declined" || error === "access_denied")) break;
    if (known) return { ...known, known: true, number: code };
  }
  const single = unfinished.get(error);
  if (single) return { ...single, known: true };
  const general = byOAuthError.get(error);
  if (!general) return undefined;
  const refined = general.class === "person" ? bySuberror.get(suberror) : undefined;
  return { ...(refined ?? general), known: false };
}

/** Whether the row of a service code, as an error carries it (`AADSTS50076`), has the flag. */
const has = (flag: keyof typeof flagged) => (serviceCode: string) => {
  const found = /^AADSTS(\d{4,9})$/.exec(serviceCode);
  return found !== null && flagged[flag].has(Number(found[1]));
};

/** True when no password can ever pass this refusal. */
export const neverByPassword = has("neverByPassword");
/** True when only another sign-in helps, whoever mends what. */
export const endsSignIn = has("endsSignIn");
/** True when the tenant's sign-in frequency has ended the sign-in. */
export const endedByFrequency = has("byFrequency");

/** The whole table by number, for the documentation and its tests; the numbers of one row share their remedy. */
export function knownRefusals(): ReadonlyMap<number, Remedy> {
  return byCode;
}

/** What is told apart where no number is known: by OAuth error, and by suberror. */
export function knownErrors(): ReadonlyMap<string, Remedy> {
  return new Map([...unfinished, ...byOAuthError, ...[...bySuberror].map(([name, remedy]) => [`suberror ${name}`, remedy] as const)]);
}

/** The remedy as an administrator reads it: what, who, and where it is described. */
export function remedyText({ who, remedy, step }: { readonly who: string; readonly remedy: string; readonly step: string }): string {
  return `${remedy} (${who}; docs/setup-entra.md#${step})`;
}

/** What an error carries of a remedy. */
export function remedyDetails(
  remedy: Pick<Remedy, "who" | "remedy" | "step">,
): Required<Pick<MailErrorDetails, "remedy" | "who" | "step">> {
  return { remedy: remedyText(remedy), who: remedy.who, step: remedy.step };
}
