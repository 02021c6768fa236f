/**
 * Entra's refusals: the AADSTS numbers, and the error body around them.
 * Invariant: a refusal always carries error, description, number and the two trace ids, as Entra's do. Knows no grant.
 * Source: entra-docs reference-error-codes, and reports for the suberrors.
 */
import type { Answer } from "../exchange.js";

const table = {
  50034: {
    error: "invalid_grant",
    text: "The user account does not exist in the directory. To sign into this application, the account must be added to the directory.",
  },
  50053: {
    error: "invalid_grant",
    text: "The account is locked, you've tried to sign in too many times with an incorrect user ID or password.",
  },
  50057: { error: "invalid_grant", text: "The user account is disabled." },
  50076: {
    error: "invalid_grant",
    suberror: "basic_action",
    text: "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '00000003-0000-0000-c000-000000000000'.",
  },
  50126: { error: "invalid_grant", text: "Error validating credentials due to invalid username or password." },
  50173: {
    error: "invalid_grant",
    text: "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password.",
  },
  65001: {
    error: "invalid_grant",
    suberror: "consent_required",
    text: "The user or administrator has not consented to use the application. Send an interactive authorization request for this user and resource.",
  },
  70000: { error: "invalid_grant", suberror: "bad_token", text: "The provided value for the 'refresh_token' parameter is not valid." },
  70003: { error: "unsupported_grant_type", text: "The app requested an unsupported grant type." },
  70011: { error: "invalid_scope", text: "The provided value for the input parameter 'scope' is not valid." },
  90002: {
    error: "invalid_request",
    text: "Tenant not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.",
  },
  700016: {
    error: "unauthorized_client",
    text: "Application was not found in the directory. This can happen if the application has not been installed by the administrator of the tenant or consented to by any user in the tenant.",
  },
  700025: { error: "invalid_client", text: "Client is public so neither 'client_assertion' nor 'client_secret' should be presented." },
  700082: { error: "invalid_grant", suberror: "bad_token", text: "The refresh token has expired due to inactivity." },
  900144: { error: "invalid_request", text: "The request body must contain the following parameter" },
  9001023: {
    error: "invalid_request",
    text: "The grant type is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.",
  },
  9002313: { error: "invalid_request", text: "Invalid request. Request is malformed or invalid." },
} as const satisfies Record<number, { error: string; suberror?: string; text: string }>;

/** The AADSTS numbers the simulator gives by itself. */
export type AadstsNumber = keyof typeof table;

/** Thrown by grants; becomes the 400 answer. */
export class EntraRefusal extends Error {
  override name = "EntraRefusal";
  readonly number: AadstsNumber;

  /** `detail` is put after Entra's own text. */
  constructor(number: AadstsNumber, detail = "") {
    super(table[number].text + (detail && ` ${detail}`));
    this.number = number;
  }
}

/** What an error body carries besides the refusal. */
export interface Traces {
  readonly traceId: string;
  readonly correlationId: string;
  readonly now: number;
}

/** The answer for a refusal. */
export function refuse(refusal: EntraRefusal, host: string, traces: Traces): Answer {
  const entry: { error: string; suberror?: string } = table[refusal.number];
  const body = {
    error: entry.error,
    ...describe(`AADSTS${refusal.number}: ${refusal.message}`, refusal.number, host, traces),
    ...(entry.suberror === undefined ? {} : { suberror: entry.suberror }),
  };
  return { status: 400, headers: { "content-type": "application/json; charset=utf-8" }, body: JSON.stringify(body) };
}

/** The body usual for a bare status, for faults that bring none. */
export function usualErrorBody(status: number, host: string, traces: Traces): string {
  if (status < 400) return "{}";
  const error = status === 429 || status >= 500 ? "temporarily_unavailable" : "invalid_request";
  return JSON.stringify({ error, ...describe("AADSTS90033: A transient error has occurred. Please try again.", 90033, host, traces) });
}

function describe(text: string, number: number, host: string, { traceId, correlationId, now }: Traces): Record<string, unknown> {
  const timestamp = `${new Date(now).toISOString().slice(0, 19).replace("T", " ")}Z`;
  return {
    error_description: `${text} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
    error_codes: [number],
    timestamp,
    trace_id: traceId,
    correlation_id: correlationId,
    error_uri: `https://${host}/error?code=${number}`,
  };
}
