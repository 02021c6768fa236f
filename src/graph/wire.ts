/**
 * Graph's JSON in, our types out: the one file that spells Graph's own names. Everything from Graph is checked here;
 * what does not fit is `GRAPH_BAD_RESPONSE`.
 *
 * Invariants: an absent property stays apart from `null` (a changed item brings only part of what was selected); a
 * link is opaque text, but only one to the Graph host of this cloud leaves this file.
 */
import { MailError } from "../base/errors.js";

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [name: string]: Json | undefined;
}

/** One item of a page: look at this id; what else it brings may be partial. */
export interface WireItem {
  readonly id: string;
  /** Left the folder or was deleted; not proof that it is gone. */
  readonly removed: boolean;
  readonly properties: JsonObject;
}

export interface WirePage {
  readonly items: readonly WireItem[];
  /** Where the walk goes on; `delta` ends the round. Absent at the end of a plain listing. */
  readonly link?: { readonly kind: "next" | "delta"; readonly url: string };
}

/** The JSON object in an answer's text. @throws MailError `GRAPH_BAD_RESPONSE` when it is empty, cut or no object. */
export function parseObject(text: string, what: string): JsonObject {
  if (text === "") throw bad(`an empty answer to ${what}`);
  // The parser's own message quotes the text, which is mail content: it is not kept as a cause.
  const json = parsed(text) ?? parsed(withEscapedControls(text));
  if (json === undefined) throw bad(`an answer to ${what} that is not JSON, or only the beginning of it (${text.length} characters)`);
  if (!isObject(json)) throw bad(`an answer to ${what} that is no JSON object`);
  return json;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The JSON of some messages holds raw control characters in its strings (alcion/corso): there they are escaped, and stay. */
function withEscapedControls(text: string): string {
  let inString = false;
  return text.replace(/\\[ -\uffff]|"|[^ -\uffff]/g, (found) => {
    if (found === '"') inString = !inString;
    return inString && found < " " ? `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}` : found;
  });
}

/** A page of a listing or of a delta round. */
export function parsePage(text: string, { graphHost, delta }: { graphHost: string; delta: boolean }): WirePage {
  const json = parseObject(text, "a page");
  const { value } = json;
  if (!Array.isArray(value)) throw bad("a page without `value`");
  const items = value.map(parseItem);
  const next = json["@odata.nextLink"];
  const end = json["@odata.deltaLink"];
  if (next !== undefined && end !== undefined) throw bad("a page with both a nextLink and a deltaLink");
  if (next !== undefined) return { items, link: { kind: "next", url: checkedLink(next, graphHost) } };
  if (end !== undefined) return { items, link: { kind: "delta", url: checkedLink(end, graphHost) } };
  if (delta) throw bad("a delta page with neither a nextLink nor a deltaLink");
  return { items };
}

function parseItem(item: Json): WireItem {
  // Half a surrogate pair could be written into no request.
  if (!isObject(item) || typeof item.id !== "string" || item.id === "" || !item.id.isWellFormed())
    throw bad("a page with an item that has no id");
  return { id: item.id, removed: item["@removed"] !== undefined, properties: item };
}

function checkedLink(link: Json, graphHost: string): string {
  const url = typeof link === "string" && URL.canParse(link) ? new URL(link) : undefined;
  if (typeof link !== "string" || url?.protocol !== "https:" || url.host !== graphHost || url.username !== "" || url.password !== "") {
    throw bad(`a link to ${url ? `${url.protocol}//${url.host}` : "no URL"} instead of https://${graphHost}; it was not followed`);
  }
  // Seen in the field: a nextLink whose user segment is empty answers for nobody (alcion/corso).
  if (/\/users\/\//i.test(url.pathname)) throw bad("a link with an empty user; it was not followed");
  return link;
}

/** The codes of an error answer, outermost first; empty ones, as some answers have, left out. */
export function errorCodes(json: Json | undefined): readonly string[] {
  const codes: string[] = [];
  let at = isObject(json) ? json.error : undefined;
  for (let depth = 0; isObject(at) && depth < 5; depth += 1) {
    if (typeof at.code === "string" && at.code !== "") codes.push(at.code);
    at = at.innerError ?? at.innererror;
  }
  return codes;
}

/** One request inside a batch; `id` is chosen by the caller and unique in it. */
export interface BatchPart {
  readonly id: string;
  readonly method: "GET" | "PATCH" | "POST";
  /** Relative to the version, beginning with a slash. */
  readonly path: string;
  readonly body?: JsonObject;
  /** The version (see {@link versionOf}) that the change is meant for: Graph refuses it with 412 when the item has another. */
  readonly ifMatch?: string;
  /** `Prefer` of this part; preferences of the outer request do not reach the parts. */
  readonly prefer: string;
}

export interface WirePartAnswer {
  readonly id: string;
  readonly status: number;
  /** By its name in lower case. */
  readonly header: (name: string) => string | undefined;
  readonly body: Json | undefined;
}

export function encodeBatch(parts: readonly BatchPart[]): JsonObject {
  return {
    requests: parts.map(({ id, method, path, body, ifMatch, prefer }) => ({
      id,
      method,
      url: path,
      headers: {
        Prefer: prefer,
        ...(ifMatch === undefined ? {} : { "If-Match": ifMatch }),
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
      ...(body === undefined ? {} : { body }),
    })),
  };
}

/** The parts' answers, in whatever order Graph gave them. */
export function parseBatch(text: string): WirePartAnswer[] {
  const { responses } = parseObject(text, "a batch");
  if (!Array.isArray(responses)) throw bad("a batch answer without `responses`");
  return responses.map((part) => {
    if (!isObject(part) || typeof part.id !== "string" || typeof part.status !== "number") {
      throw bad("a batch answer with a part that has no id or status");
    }
    const { id, status, body, headers } = part;
    return { id, status, body, header: (name) => (isObject(headers) ? headerOf(headers, name) : undefined) };
  });
}

/** Whether it is the answer of a batch, whatever its parts say. */
export function isBatch(text: string): boolean {
  const json = jsonOrNothing(text);
  return isObject(json) && Array.isArray(json.responses);
}

/** For an answer that need not be JSON: the bodies of many refusals are empty or HTML. */
export function jsonOrNothing(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function headerOf(headers: JsonObject, wanted: string): string | undefined {
  const name = Object.keys(headers).find((one) => one.toLowerCase() === wanted);
  return name === undefined ? undefined : String(headers[name]);
}

/** Whether a folder shows what a search finds, and holds no mail itself (resources/mailsearchfolder). */
export function isSearchFolder(folder: JsonObject): boolean {
  return String(folder["@odata.type"] ?? "").endsWith("mailSearchFolder");
}

/** The version of an item, when it brings one: changes with every change of the item. */
export function versionOf(item: JsonObject): string | undefined {
  const version = item["@odata.etag"];
  return typeof version === "string" ? version : undefined;
}

/** The type of an item by its own name, as "fileAttachment"; with or without the number sign, which some answers leave out. */
export function typeOf(item: JsonObject): string | undefined {
  const type = item["@odata.type"];
  return typeof type === "string" ? type.replace(/^#?microsoft\.graph\./i, "") : undefined;
}

export function isObject(json: unknown): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

function bad(what: string): MailError {
  return new MailError("GRAPH_BAD_RESPONSE", `Graph gave ${what}. Nothing was recorded from it; it will be asked for again.`);
}
