/**
 * Reads and checks the body of a `$batch` before any part runs.
 * Invariant: a batch that breaks a rule runs no part at all. Knows no mailbox.
 * Source: json-batching; known-issues for the three forms of dependsOn.
 */
import type { Ask } from "../exchange.js";
import { readJsonBody } from "./call.js";
import { badRequest, GraphRefusal } from "./refusal.js";

/** One part, ready to run. */
export interface BatchPart {
  readonly id: string;
  readonly method: string;
  /** Path with "/v1.0" in front. */
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly dependsOn: string | undefined;
}

/** A batch as read. */
export interface BatchPlan {
  readonly parts: readonly BatchPart[];
  /** Each part but the first waits for the one before it. */
  readonly serial: boolean;
}

/** A batch takes this many parts. */
const mostParts = 20;

/** Reads the batch. Throws `GraphRefusal`. */
export function readBatch(ask: Ask): BatchPlan {
  const { requests, ...others } = readJsonBody(ask);
  if (!Array.isArray(requests) || requests.length === 0 || Object.keys(others).length > 0)
    throw badRequest("Invalid batch payload format.");
  if (requests.length > mostParts)
    throw new GraphRefusal(400, "MaximumValueExceeded", `Number of batch request steps exceeds the maximum value of ${mostParts}.`);
  const parts = requests.map((request) => readPart(request));
  if (new Set(parts.map((part) => part.id.toLowerCase())).size < parts.length) throw badRequest("Request ids in a batch must be unique.");
  checkDependencies(parts);
  const serial = parts.every((part, place) => part.dependsOn === (place === 0 ? undefined : parts[place - 1]?.id));
  return { parts, serial };
}

const partFields = new Set(["id", "method", "url", "headers", "body", "dependsOn"]);

function readPart(request: unknown): BatchPart {
  if (typeof request !== "object" || request === null) throw badRequest("Invalid batch payload format.");
  const { id, method, url, headers = {}, body, dependsOn = [] } = request as Record<string, unknown>;
  const stranger = Object.keys(request).find((name) => !partFields.has(name));
  if (stranger !== undefined) throw badRequest(`Invalid batch payload format: unknown property '${stranger}'.`);
  if (typeof id !== "string" || id === "" || typeof method !== "string" || typeof url !== "string")
    throw badRequest("Invalid batch payload format.");
  if (/^[a-z][a-z0-9+.-]*:|^\/\//i.test(url)) throw badRequest(`Write request id : ${id} must have a relative URL.`);
  if (!Array.isArray(dependsOn) || dependsOn.length > 1) throw badRequest(`Invalid dependsOn of request id : ${id}.`);
  const named = new Map<string, string>();
  for (const [name, value] of Object.entries(headers as Record<string, unknown>)) named.set(name.toLowerCase(), String(value));
  if (body !== undefined && !named.has("content-type"))
    throw badRequest(`Write request id : ${id} does not contain Content-Type header or body.`);
  if (body === undefined && /^(patch|put)$/i.test(method))
    throw badRequest(`Write request id : ${id} does not contain Content-Type header or body.`);
  const [path = "", query = ""] = `/v1.0/${url.replace(/^\//, "")}`.split(/\?(.*)/s);
  if (/^\/v1\.0\/\$batch/i.test(path)) throw badRequest("A batch must not hold a batch.");
  return {
    id,
    method: method.toUpperCase(),
    path,
    query,
    headers: Object.fromEntries(named),
    body: body === undefined ? "" : JSON.stringify(body),
    dependsOn: dependsOn[0] === undefined ? undefined : String(dependsOn[0]),
  };
}

/** Only three forms are taken: none, a single row, or all others waiting for one and the same. */
function checkDependencies(parts: readonly BatchPart[]): void {
  const dependent = parts.filter((part) => part.dependsOn !== undefined);
  if (dependent.length === 0) return;
  for (const [place, part] of parts.entries()) {
    if (part.dependsOn !== undefined && !parts.slice(0, place).some((earlier) => earlier.id === part.dependsOn)) {
      throw badRequest(`Request id : ${part.id} depends on an id that does not come before it.`);
    }
  }
  const sameOne = new Set(dependent.map((part) => part.dependsOn)).size === 1;
  const inOneRow = parts.every((part, place) => part.dependsOn === (place === 0 ? undefined : parts[place - 1]?.id));
  if (!sameOne && !inOneRow)
    throw badRequest("Invalid dependsOn: requests must be parallel, serial in one row, or all depend on the same request.");
}
