/**
 * What an error advises: its own remedy, that of a mailbox that Graph will not open, or that of a network that does not
 * let us through. Empty where nobody can help.
 */
import type { MailError, MailErrorCode, MailErrorDetails } from "../base/errors.js";
import { mailboxRemedy } from "./mailbox-remedies.js";
import { garbledRemedy, remedyDetails } from "./remedies.js";
import type { Remedy } from "./remedy.js";

export type Advice = Pick<MailErrorDetails, "remedy" | "who" | "step">;

const unreachable: Remedy = {
  ...garbledRemedy,
  cause: "the service is not reached",
  remedy:
    "Nothing to do if it passes: it is tried again. If it lasts, see whether this server's name service, proxy and firewall let it reach the hosts that the set-up guide lists.",
};

/** Where the network, and nobody's account, is the matter. */
const ofNetwork: ReadonlyMap<MailErrorCode, Remedy> = new Map([
  ["AUTH_UNREACHABLE", unreachable],
  ["AUTH_TIMEOUT", unreachable],
  ["AUTH_BAD_RESPONSE", garbledRemedy],
  ["GRAPH_UNREACHABLE", unreachable],
  ["GRAPH_TIMEOUT", unreachable],
  ["GRAPH_BAD_RESPONSE", garbledRemedy],
]);

export function adviceOf(error: MailError | undefined): Advice {
  if (!error) return {};
  if (error.remedy !== undefined) {
    const { remedy, who, step } = error;
    return { remedy, ...(who === undefined ? {} : { who }), ...(step === undefined ? {} : { step }) };
  }
  const found = mailboxRemedy(error) ?? ofNetwork.get(error.code);
  return found ? remedyDetails(found) : {};
}
