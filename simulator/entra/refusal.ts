/**
 * Entra's refusals and the error body around them.
 * Invariant: a refusal always carries error, description, number and the two trace ids, as Entra's do. Knows no grant.
 */
import type { Answer } from "../exchange.js";
import { type AadstsNumber, refusalRow, statusOf } from "./refusal-table.js";

/** Thrown by grants and endpoints; becomes the error answer. */
export class EntraRefusal extends Error {
  override name = "EntraRefusal";
  readonly number: number;
  /** The OAuth error, when it is not the one usual for the number. */
  readonly error: string;

  /** `detail` is put after Entra's own text. */
  constructor(number: AadstsNumber, detail = "", error: string = refusalRow(number).error) {
    super(refusalRow(number).text + (detail && ` ${detail}`));
    this.number = number;
    this.error = error;
  }
}

/** What an error body carries besides the refusal. */
export interface Traces {
  readonly traceId: string;
  readonly correlationId: string;
  readonly now: number;
}

/** The answer for a refusal. */
export function refuse({ number, error, message }: EntraRefusal, host: string, traces: Traces): Answer {
  return answer(number, error, message, host, traces);
}

/** The answer as Entra refuses with that number, for faults; also for a number that the simulator has never heard of. */
export function refuseAs(number: number, host: string, traces: Traces): Answer {
  const { error, text } = refusalRow(number);
  return answer(number, error, text, host, traces);
}

/** The body usual for a bare status, for faults that bring none. */
export function usualErrorBody(status: number, host: string, traces: Traces): string {
  if (status < 400) return "{}";
  const error = status === 429 || status >= 500 ? "temporarily_unavailable" : "invalid_request";
  return JSON.stringify({ error, ...describe(90033, refusalRow(90033).text, host, traces) });
}

/** A refusal's text with the numbers people quote to the support. */
export function refusalText(number: number, text: string, { traceId, correlationId, now }: Traces): string {
  return `AADSTS${number}: ${text} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestampOf(now)}`;
}

function answer(number: number, error: string, text: string, host: string, traces: Traces): Answer {
  const row = refusalRow(number);
  const body = {
    error,
    ...describe(number, text, host, traces),
    ...(row.suberror === undefined ? {} : { suberror: row.suberror }),
    ...(row.claims === undefined ? {} : { claims: row.claims }),
  };
  return { status: statusOf(row), headers: { "content-type": "application/json; charset=utf-8" }, body: JSON.stringify(body) };
}

function describe(number: number, text: string, host: string, traces: Traces): Record<string, unknown> {
  return {
    error_description: refusalText(number, text, traces),
    error_codes: [number],
    timestamp: timestampOf(traces.now),
    trace_id: traces.traceId,
    correlation_id: traces.correlationId,
    error_uri: `https://${host}/error?code=${number}`,
  };
}

const timestampOf = (now: number) => `${new Date(now).toISOString().slice(0, 19).replace("T", " ")}Z`;
