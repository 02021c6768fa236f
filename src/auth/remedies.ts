/**
 * What Entra's refusals mean and what a person can do about them: one table by AADSTS number, and the OAuth error for
 * numbers that are not in it.
 *
 * Invariant: every row names who acts and the step of the set-up guide; nothing of Entra's own text is used, because it
 * can repeat what the user typed. Source of the numbers: Microsoft's list of AADSTS error codes
 * (identity-platform/reference-error-codes); of the classes: the OAuth error that each comes with.
 */
import type { Responsible } from "../base/errors.js";
import { applicationRows, personRows, transientRows } from "./refusal-table.js";

/** `transient`: try again later; `person`: this account needs somebody; `application`: the app or the tenant is set up wrongly. */
export type RefusalClass = "transient" | "person" | "application";

export interface Remedy {
  readonly class: RefusalClass;
  /** What happened, as the end of a sentence that begins with "Entra refused:". */
  readonly cause: string;
  readonly who: Responsible;
  /** Anchor in docs/setup-entra.md. */
  readonly step: string;
  /** What to do, as a sentence. */
  readonly remedy: string;
}

const signIn = "sign-in";

const byCode: ReadonlyMap<number, Remedy> = new Map(
  (
    [
      ["person", personRows],
      ["application", applicationRows],
      ["transient", transientRows],
    ] as const
  ).flatMap(([refusalClass, rows]) =>
    rows.flatMap(([codes, cause, who, step, remedy]) =>
      codes.map((code): [number, Remedy] => [code, { class: refusalClass, cause, who, step, remedy }]),
    ),
  ),
);

const again: Remedy = {
  class: "person",
  cause: "the account has to be signed in again",
  who: "user",
  step: signIn,
  remedy: "Sign the account in again.",
};
const consent: Remedy = {
  ...again,
  cause: "the permissions were not consented to",
  who: "administrator",
  step: "grant-consent",
  remedy: "Grant consent for the app's delegated permissions, then sign the account in again.",
};
const setUp: Remedy = {
  class: "application",
  cause: "the app registration or the request is not accepted",
  who: "developer",
  step: "register-the-app",
  remedy: "Compare the app registration with every step of the set-up guide.",
};
const busy: Remedy = {
  class: "transient",
  cause: "the service is busy or out of order",
  who: "administrator",
  step: "troubleshooting",
  remedy: "Nothing to do: it is tried again. If it lasts, look at the Microsoft 365 service health page.",
};

/** RFC 6749 §5.2 and Entra's own; `Map`, so that a name from the network meets no inherited property. */
const byOAuthError: ReadonlyMap<string, Remedy> = new Map([
  ["invalid_grant", again],
  ["interaction_required", again],
  ["login_required", again],
  ["consent_required", consent],
  ["temporarily_unavailable", busy],
  ["server_error", busy],
  ["invalid_client", setUp],
  ["unauthorized_client", setUp],
  ["invalid_scope", setUp],
  ["unsupported_grant_type", setUp],
  ["invalid_request", setUp],
  ["invalid_resource", setUp],
]);

/** The row for Entra's refusal: by the first number that the table knows, else by the OAuth error; `undefined` when neither says anything. */
export function remedyFor(error: string, codes: readonly number[]): Remedy | undefined {
  for (const code of codes) {
    const row = byCode.get(code);
    if (row) return row;
  }
  return byOAuthError.get(error);
}

/** The remedy of a queue that has no sign-in at all. */
export const signInRemedy: Remedy = again;

/** The whole table, for the documentation and its tests. */
export function knownRefusals(): ReadonlyMap<number, Remedy> {
  return byCode;
}

/** The remedy as an administrator reads it: who, what, and where it is described. */
export function remedyText({ who, remedy, step }: Remedy): string {
  return `${remedy} (${who}; set-up guide, step "${step}")`;
}
