/** Of errors: what `queue:failed` says of one (code and sentence, the service's own code, what can be done), and how far it may reach. */
import { type Advice, adviceOf } from "../auth/advice.js";
import { MailError, type MailErrorCode } from "../base/errors.js";

export interface ToldFailure extends Advice {
  readonly code: MailErrorCode;
  readonly reason: string;
  readonly serviceCode?: string;
}

export function toldOf(error: MailError): ToldFailure {
  const { code, message, serviceCode } = error;
  return { code, reason: message, ...(serviceCode === undefined ? {} : { serviceCode }), ...adviceOf(error) };
}

/** `queue`: as configured. */
export function pausedError(queue: string): MailError {
  return new MailError("LIFECYCLE_PAUSED", `${queue} is paused; resume it first.`, { queue });
}

/**
 * Whether it may be the matter with one folder alone, so that the others are looked at all the same. Where the whole
 * mailbox is in trouble, each of its folders says so.
 */
export function mayBeOfOneFolder(error: unknown): error is MailError {
  return error instanceof MailError && error.scope !== "daemon" && !/^(AUTH|LIFECYCLE)_/.test(error.code) && !ofWhole.has(error.code);
}

/** Of the sign-in, the mailbox, the network or the store. */
const ofWhole: ReadonlySet<MailErrorCode> = new Set([
  "GRAPH_UNAUTHORIZED",
  "GRAPH_THROTTLED",
  "GRAPH_UNREACHABLE",
  "GRAPH_MAILBOX_UNAVAILABLE",
  "STORE_UNAVAILABLE",
]);

/** Mended by a person who signs in, or sees to keys. */
export const needsSignIn: ReadonlySet<MailErrorCode> = new Set([
  "AUTH_SIGN_IN_REQUIRED",
  "AUTH_APP_REFUSED",
  "AUTH_WRONG_ACCOUNT",
  "CONFIG_KEY_INVALID",
  "AUTH_VAULT_KEY_MISSING",
  "AUTH_VAULT_KEY_LOCKED",
  "AUTH_VAULT_KEY_UNKNOWN",
  "AUTH_VAULT_NEWER_FORMAT",
  "AUTH_VAULT_TAMPERED",
  "GRAPH_UNAUTHORIZED",
]);

/** Why a queue is in the state that the error has brought it to. */
export function whyOf({ code, message }: MailError): string {
  return `${code}: ${message}`;
}
