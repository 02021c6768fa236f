/** What an error advises: its own remedy, or that of a mailbox that Graph will not open. Empty where nobody can help. */
import type { MailError, MailErrorDetails } from "../base/errors.js";
import { mailboxRemedy } from "./mailbox-remedies.js";
import { remedyDetails } from "./remedies.js";

export type Advice = Pick<MailErrorDetails, "remedy" | "who" | "step">;

export function adviceOf(error: MailError | undefined): Advice {
  if (error?.remedy !== undefined) {
    const { remedy, who, step } = error;
    return { remedy, ...(who === undefined ? {} : { who }), ...(step === undefined ? {} : { step }) };
  }
  const found = error && mailboxRemedy(error);
  return found ? remedyDetails(found) : {};
}
