/** Errors and ends as alarms tell them: the sentence, who acts, what to do. */
import type { MailError } from "../base/errors.js";
import { adviceOf } from "./advice.js";
import type { AuthEvents } from "./events.js";
import { remedyDetails } from "./remedies.js";
import type { EndReason, SessionEnd } from "./session-end.js";

/** `remedy` stands in where the error brings none. */
export function alarmOf(error: MailError, remedy: string): Omit<AuthEvents["app:refused"], "account"> {
  const { code, message: reason, serviceCode, cause } = error;
  return {
    code,
    reason,
    remedy,
    ...adviceOf(error),
    ...(serviceCode === undefined ? {} : { serviceCode }),
    ...(serviceCode !== undefined && cause instanceof Error ? { diagnosis: cause.message } : {}),
  };
}

const reasons: Readonly<Record<EndReason, string>> = {
  unused: "its refresh token dies after 90 days without use",
  policy: "the tenant's sign-in frequency ended an earlier sign-in at that age",
  told: "Entra named that time",
};

/** What `token:expiring` says of it. */
export function endingOf(
  account: string,
  { at, why }: SessionEnd,
  hindrance: MailError | undefined,
): Omit<AuthEvents["token:expiring"], "queue" | "account"> {
  const renewing = hindrance ? ` It could not be renewed: ${hindrance.message}` : "";
  return {
    token: "refresh",
    expiresAt: at,
    why,
    ...(hindrance ? { code: hindrance.code } : {}),
    reason: `The sign-in of ${account} ends on ${new Date(at).toISOString()}: ${reasons[why]}.${renewing}`,
    ...remedyDetails({ remedy: `Sign ${account} in before that.`, who: "user", step: "keeping-sign-ins-alive" }),
    ...adviceOf(hindrance),
  };
}
