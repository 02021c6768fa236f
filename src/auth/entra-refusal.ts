/**
 * An answer of Entra that brought no token, as one of our errors: try later, ask a person, or mend the application.
 *
 * Invariant: the sentence is ours. Nothing that Entra wrote is repeated but numbers, ids of the expected form and
 * OAuth error names, because its descriptions can repeat what was sent.
 */
import { MailError } from "../base/errors.js";
import { retryAfterAt } from "../base/retry-after.js";
import type { EntraAnswer, EntraJson } from "./entra-network.js";
import { busyRemedy, garbledRemedy, type RefusalClass, remedyDetails, remedyFor } from "./remedies.js";

const codeOf = {
  transient: "AUTH_UNAVAILABLE",
  person: "AUTH_SIGN_IN_REQUIRED",
  application: "AUTH_APP_REFUSED",
} as const satisfies Record<RefusalClass, string>;

/** AADSTS50196: Entra saw a loop and wants fewer requests; it says no time, so the pause is ours. */
const loopDetected = 50196;
const loopPauseMs = 5 * 60_000;
/** After a refusal that is not known by its number: it may pass without anybody, so it parks nothing for good. */
const unknownPauseMs = 60 * 60_000;

/** What the caller was doing, to name it in the sentence. */
export interface RefusalContext {
  readonly host: string;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** The error for an answer that is not a token. */
export function refusalOf(answer: EntraAnswer, { host, now }: RefusalContext): MailError {
  const { status, json } = answer;
  const retryAt = retryAfterAt(answer.headers.get("retry-after"), now, answer.headers.get("date"));
  const error = oauthError(json);
  const suberror = oauthName(json?.suberror);
  const codes = errorCodes(json);
  const found = remedyFor(error ?? "", codes, suberror);
  const busy = status === 429 || status >= 500;
  const number = found?.number ?? codes[0];
  const serviceCode = number === undefined ? undefined : `AADSTS${number}`;
  const details = {
    status,
    ...(serviceCode ? { serviceCode } : {}),
    ...(retryAt === undefined ? {} : { notBeforeAt: retryAt }),
    cause: diagnosis(answer, { error, suberror }),
  };
  if (busy) {
    const said = `${host} answered ${status}: it is busy or out of order.`;
    // A status of the server's trouble outweighs the number, but for what to do where both say that it passes.
    return new MailError("AUTH_UNAVAILABLE", said, { ...details, ...remedyDetails(found?.class === "transient" ? found : busyRemedy) });
  }
  if (!json || !found) {
    const what = json ? `an answer that is neither a token nor a known refusal` : "something that is no JSON object";
    return new MailError("AUTH_BAD_RESPONSE", `${host} answered ${status} with ${what}.`, { ...details, ...remedyDetails(garbledRemedy) });
  }
  const named = serviceCode ?? error ?? "";
  const pauseMs = codes.includes(loopDetected) ? loopPauseMs : found.class === "person" && !found.known ? unknownPauseMs : undefined;
  return new MailError(codeOf[found.class], `Entra refused: ${found.cause} (${named}).`, {
    ...details,
    ...remedyDetails(found),
    ...(pauseMs === undefined ? {} : { notBeforeAt: Math.max(retryAt ?? 0, now + pauseMs) }),
  });
}

/** The OAuth error of an answer, when it is of the form of one. */
export function oauthError(json: EntraJson | undefined): string | undefined {
  return oauthName(json?.error);
}

function oauthName(value: unknown): string | undefined {
  return typeof value === "string" && /^[a-z_]{3,40}$/.test(value) ? value : undefined;
}

function errorCodes(json: EntraJson | undefined): readonly number[] {
  const codes = json?.error_codes;
  const listed = Array.isArray(codes) ? codes.filter((code): code is number => Number.isSafeInteger(code)) : [];
  if (listed.length > 0) return listed;
  // Some answers carry the number only in the description.
  const description = json?.error_description;
  const found = typeof description === "string" ? /^AADSTS(\d{4,9})\b/.exec(description) : null;
  return found ? [Number(found[1])] : [];
}

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What Microsoft's support asks for, in the place of MSAL's error, which repeats Entra's text. */
function diagnosis({ status, json }: EntraAnswer, names: Readonly<Record<string, string | undefined>>): Error {
  const parts = [`status ${status}`];
  for (const [name, value] of Object.entries(names)) if (value) parts.push(`${name} ${value}`);
  for (const name of ["trace_id", "correlation_id"]) {
    const id = json?.[name];
    if (typeof id === "string" && guid.test(id)) parts.push(`${name} ${id}`);
  }
  return new Error(`Entra's answer: ${parts.join(", ")}`);
}
