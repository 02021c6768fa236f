/**
 * Every refusal of Entra by AADSTS number, in the three classes: this file joins the lists.
 *
 * Invariant: a number stands in one row only (a test checks). Numbers diagnose; nothing else may branch on them:
 * Microsoft keeps the right to change them (identity-platform/reference-error-codes).
 */
import { accountRefusals } from "./account-refusals.js";
import { applicationRefusals } from "./application-refusals.js";
import { consentRefusals, policyRefusals, unfinishedRefusals } from "./flow-refusals.js";
import type { RefusalClass, RefusalRow } from "./remedy.js";

const transientRefusals: readonly RefusalRow[] = [
  {
    codes: [70016],
    cause: "the device code was not answered yet",
    who: "user",
    step: "device-code",
    remedy: "Open the address that was shown and type the code.",
  },
  {
    codes: [50196],
    cause: "it sees a loop of token requests",
    who: "developer",
    step: "troubleshooting",
    remedy: "Look for a second program that asks for this account's tokens; the daemon pauses.",
  },
  {
    codes: [80001, 80002, 80005, 80007, 80010, 80013, 80014],
    cause: "the on-premises agent that checks passwords does not answer",
    who: "administrator",
    step: "password",
    remedy:
      "It is tried again. If it lasts, look at Entra ID > Entra Connect > Connect Sync > Pass-through authentication, and at the agents' own logs.",
  },
  {
    codes: [50000, 90036, 90092],
    cause: "the service failed and says that trying again may not help",
    who: "administrator",
    step: "troubleshooting",
    remedy: "It is tried again. If it lasts, open a support request with the trace id of the error's cause.",
  },
  {
    codes: [50033, 50087, 50088, 50166, 70012, 90006, 90012, 90024, 90025, 90033, 90055, 90090, 90091],
    cause: "the service is busy or out of order",
    who: "administrator",
    step: "troubleshooting",
    remedy: "Nothing to do: it is tried again. If it lasts, look at Microsoft 365 admin center > Health > Service health.",
  },
];

/** The lists by class, in the order in which the documentation shows them. */
export const refusalTable: readonly (readonly [RefusalClass, readonly RefusalRow[]])[] = [
  ["person", [...accountRefusals, ...policyRefusals, ...consentRefusals, ...unfinishedRefusals]],
  ["application", applicationRefusals],
  ["transient", transientRefusals],
];
