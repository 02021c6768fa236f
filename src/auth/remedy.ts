/**
 * The form of a remedy: what happened, who has to act, what to do, and at which step of the set-up guide.
 *
 * Invariant: a step is a heading of docs/setup-entra.md (a test compares), so whoever names a step that is not there
 * does not compile. It knows no code of any service.
 */
import type { Responsible } from "../base/errors.js";

/** `transient`: try again later; `person`: this account needs somebody; `application`: the app or the tenant is set up wrongly. */
export type RefusalClass = "transient" | "person" | "application";

/** The anchors of docs/setup-entra.md, in the order in which the guide has them. */
export const setUpSteps = [
  "register-the-app",
  "redirect-address",
  "public-client-flows",
  "api-permissions",
  "grant-consent",
  "the-users",
  "mailbox-licence",
  "full-mailboxes",
  "multi-factor-authentication",
  "assign-users",
  "conditional-access",
  "sign-in",
  "browser",
  "device-code",
  "password",
  "refresh-token",
  "shared-mailboxes",
  "keeping-sign-ins-alive",
  "national-clouds",
  "this-machine",
  "troubleshooting",
] as const;
export type SetUpStep = (typeof setUpSteps)[number];

export interface Remedy {
  readonly class: RefusalClass;
  /** What happened, as the end of a sentence that begins with "Entra refused:". */
  readonly cause: string;
  readonly who: Responsible;
  /** Anchor in docs/setup-entra.md. */
  readonly step: SetUpStep;
  /** What to do, as a sentence. A path of menu words belongs to the Microsoft Entra admin center unless it names another. */
  readonly remedy: string;
}

/** A row of the table of AADSTS numbers; its class is that of the list it stands in. */
export interface RefusalRow extends Omit<Remedy, "class"> {
  readonly codes: readonly number[];
  /** True when the refresh token is void for good, whoever mends what: only another sign-in helps. */
  readonly endsSignIn?: true;
  /** True when the tenant's sign-in frequency has ended the sign-in: the next one will end at the same age. */
  readonly byFrequency?: true;
  /** True when no password can ever pass it, whatever is mended in the password. */
  readonly neverByPassword?: true;
}
