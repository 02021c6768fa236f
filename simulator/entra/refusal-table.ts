/**
 * What Entra answers with each AADSTS number at the token endpoint: the OAuth error, its own words, the finer error, the status.
 * Invariant: a number that is not here is answered as `unlisted`. Knows no request.
 * Source: entra-docs reference-error-codes (meaning). Which of the transient ones come with 500 or 503 is not documented.
 */
import { accountRefusals } from "./account-refusals.js";
import { applicationRefusals } from "./application-refusals.js";
import { flowRefusals, policyRefusals } from "./policy-refusals.js";
import { broken, busy, grant, type RefusalRow } from "./refusal-row.js";

/** What passes by itself. 80…: the agents of pass-through authentication answer in the place of a password check. */
const passingRefusals = {
  50000: broken("The token could not be issued."),
  50033: busy("A retryable error has occurred."),
  50087: busy("A transient error occurred during sign-out."),
  50088: busy("The limit on telephony calls for multi-factor authentication has been reached."),
  50166: busy("The request to an external provider failed."),
  50196: grant("The server terminated an operation because it encountered a client request loop."),
  70012: broken("A server error occurred while authenticating a consumer user."),
  80001: grant("The authentication agent cannot reach the Active Directory."),
  80002: grant("The authentication agent's password validation request timed out."),
  80005: grant("The authentication agent encountered an unpredictable error during the web request."),
  80007: grant("The authentication agent cannot validate the password."),
  80010: grant("The authentication agent cannot decrypt the password."),
  80013: grant("The clocks of the agent and of the domain controller are too far apart."),
  80014: grant("The validation request responded after the maximum elapsed time was exceeded."),
  90006: busy("The external server is not available at the moment."),
  90012: busy("The request has timed out."),
  90024: busy("The request budget was exceeded. A transient error has occurred."),
  90025: busy("An internal service has used up its retries."),
  90033: busy("A transient error has occurred. Please try again."),
  90036: broken("A directory service failed in a way that repeating does not mend."),
  90055: busy("Too many requests came in for this tenant."),
  90090: busy("The graph request of the sign-in failed or timed out."),
  90091: busy("The graph request of the sign-in was not accepted."),
  90092: broken("The graph request of the sign-in failed in a way that repeating does not mend."),
} as const;

/** A number that the simulator knows. */
export type AadstsNumber =
  | keyof typeof accountRefusals
  | keyof typeof policyRefusals
  | keyof typeof flowRefusals
  | keyof typeof applicationRefusals
  | keyof typeof passingRefusals;

const rows: Readonly<Record<number, RefusalRow>> = {
  ...accountRefusals,
  ...policyRefusals,
  ...flowRefusals,
  ...applicationRefusals,
  ...passingRefusals,
};

/** How a number is answered that nobody has heard of. */
const unlisted: RefusalRow = grant("The request was refused.");

/** The row of a number. */
export const refusalRow = (number: number): RefusalRow => rows[number] ?? unlisted;

/** The status of a row. */
export const statusOf = ({ status, error }: RefusalRow): number => status ?? (error === "invalid_client" ? 401 : 400);
