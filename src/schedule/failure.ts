/** What `queue:failed` says of an error: its code and sentence, the service's own code, and what can be done. */
import { type Advice, adviceOf } from "../auth/advice.js";
import type { MailError, MailErrorCode } from "../base/errors.js";

export interface ToldFailure extends Advice {
  readonly code: MailErrorCode;
  readonly reason: string;
  readonly serviceCode?: string;
}

export function toldOf(error: MailError): ToldFailure {
  const { code, message, serviceCode } = error;
  return { code, reason: message, ...(serviceCode === undefined ? {} : { serviceCode }), ...adviceOf(error) };
}
