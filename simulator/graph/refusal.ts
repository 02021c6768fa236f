/**
 * Graph's refusals and the error body around them.
 * Invariant: every error body has code, message and innerError with date and request ids, as Graph's. Knows no route.
 */
import type { Answer } from "../exchange.js";
import type { Fault } from "../traffic/fault.js";
import { plainError } from "../traffic/interception.js";

/** Thrown by whatever answers a Graph request; becomes its error answer. */
export class GraphRefusal extends Error {
  override name = "GraphRefusal";
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** What an error body carries besides the refusal. */
export interface GraphTraces {
  readonly requestId: string;
  readonly clientRequestId: string;
  readonly now: number;
}

/** The answer for a refusal. */
export function refuseGraph(refusal: GraphRefusal, traces: GraphTraces): Answer {
  return {
    status: refusal.status,
    headers: { "content-type": "application/json", ...refusal.headers },
    body: errorBody(refusal.code, refusal.message, traces),
  };
}

/** Graph's error body. */
export function errorBody(code: string, message: string, { requestId, clientRequestId, now }: GraphTraces): string {
  const innerError = { date: new Date(now).toISOString().slice(0, 19), "request-id": requestId, "client-request-id": clientRequestId };
  return JSON.stringify({ error: { code, message, innerError } });
}

/** Usual code and message by status. Source: microsoft-graph-docs errors page and reported bodies. */
const usual: Readonly<Record<number, readonly [code: string, message: string]>> = {
  400: ["BadRequest", "Bad request."],
  401: ["InvalidAuthenticationToken", "Access token validation failure."],
  403: ["ErrorAccessDenied", "Access is denied. Check credentials and try again."],
  404: ["ErrorItemNotFound", "The specified object was not found in the store."],
  409: ["ErrorFolderExists", "A folder with the specified name already exists."],
  410: ["SyncStateNotFound", "The sync state generation is not found; generation=1;[highest=9][9][7][8]."],
  412: [
    "ErrorIrresolvableConflict",
    "The send or update operation could not be performed because the change key passed in the request does not match the current change key for the item.",
  ],
  429: ["ApplicationThrottled", "Application is over its MailboxConcurrency limit."],
  500: ["ErrorInternalServerError", "An internal server error occurred. The operation failed."],
  502: ["UnknownError", ""],
  503: ["ErrorServiceUnavailable", "Active Directory operation did not succeed. Try again later."],
  504: ["UnknownError", ""],
};

/** The body usual for a bare status, for faults that bring none. */
export function usualGraphBody(status: number, traces: GraphTraces): string {
  if (status === 204) return "";
  if (status < 400) return "{}";
  const [code, message] = usual[status] ?? ["UnknownError", ""];
  return errorBody(code, message, traces);
}

/** Status by code, for faults that name a code alone. Source: graph errors page and reported bodies; 400 is usual for what is not here. */
const statusByCode: Readonly<Record<string, number>> = {
  invalidauthenticationtoken: 401,
  authenticationerror: 401,
  unauthenticated: 401,
  erroraccessdenied: 403,
  accessdenied: 403,
  authorization_requestdenied: 403,
  nopermissionsinaccesstoken: 403,
  extensionerror: 403,
  errorinvalidlicense: 403,
  errororganizationaccessblocked: 403,
  errorquotaexceeded: 403,
  mailboxnotenabledforrestapi: 404,
  mailboxnotsupportedforrestapi: 404,
  restapinotenabledforcomponentsharedmailbox: 404,
  resourcenotfound: 404,
  request_resourcenotfound: 404,
  errorinvaliduser: 404,
  erroritemnotfound: 404,
  errornonexistentmailbox: 404,
  errorfolderexists: 409,
  syncstatenotfound: 410,
  errorirresolvableconflict: 412,
  applicationthrottled: 429,
  toomanyrequests: 429,
  errortoomanyobjectsopened: 429,
  activitylimitreached: 429,
  errorinternalservererror: 500,
  errorinternalservertransienterror: 500,
  errormovecopyfailed: 500,
  errorapiquarantined: 500,
  mailboxinfostale: 503,
  errormailboxmoveinprogress: 503,
  errormailboxfailover: 503,
  errormailboxstoreunavailable: 503,
  errorserviceunavailable: 503,
  servicenotavailable: 503,
  errorserverbusy: 503,
  unknownerror: 504,
  quotalimitreached: 507,
};

/** What a fault with a status or a code answers; undefined for other faults. */
export function graphFaultAnswer({ status, graphCode }: Fault, traces: GraphTraces): Answer | undefined {
  if (graphCode === undefined) return status === undefined ? undefined : plainError(status, usualGraphBody(status, traces));
  const message = Object.values(usual).find(([code]) => code.toLowerCase() === graphCode.toLowerCase())?.[1] ?? "The request failed.";
  return plainError(status ?? statusByCode[graphCode.toLowerCase()] ?? 400, errorBody(graphCode, message, traces));
}

/** A loud failure for what the simulator does not know: never guess what a client meant. */
export const unknownRoute = (what: string) => new GraphRefusal(501, "SimulatorUnknownRoute", `The simulator does not know ${what}.`);

/** See `unknownRoute`. */
export const unknownParameter = (what: string) =>
  new GraphRefusal(501, "SimulatorUnknownParameter", `The simulator does not know ${what}.`);

/** A query Outlook refuses. */
export const badQuery = (message: string) => new GraphRefusal(400, "ErrorInvalidUrlQuery", message);

/** A request Graph cannot read. */
export const badRequest = (message: string) => new GraphRefusal(400, "BadRequest", message);

/** An id that cannot be one. */
export const malformedId = () => new GraphRefusal(400, "ErrorInvalidIdMalformed", "Id is malformed.");

/** An id that names nothing here. */
export const notFound = () => new GraphRefusal(404, "ErrorItemNotFound", "The specified object was not found in the store.");

/** A full mailbox. Source: microsoft-graph-docs 5730 and 2927. */
export const quotaExceeded = (message: string) => new GraphRefusal(403, "ErrorQuotaExceeded", message);

/** No right to it. */
export const accessDenied = () => new GraphRefusal(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.");
