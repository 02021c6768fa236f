/**
 * Query parameters of a Graph request.
 * Invariant: a parameter a route does not take fails loudly, given twice it is refused. Knows no resource.
 */
import { parseQuery } from "../exchange.js";
import { badQuery, badRequest, unknownParameter } from "./refusal.js";

/** The parameters by name. */
export type GraphQuery = ReadonlyMap<string, string>;

/** Reads a query and checks the names. Throws `GraphRefusal`. */
export function readQuery(query: string, allowed: readonly string[]): GraphQuery {
  const read = new Map<string, string>();
  for (const [name, value] of parseQuery(query)) {
    if (!allowed.includes(name)) throw unknownParameter(`the query parameter "${name}" here`);
    if (read.has(name)) throw badRequest(`Query option '${name}' was specified more than once, but it must be specified at most once.`);
    read.set(name, value);
  }
  return read;
}

/** `$top`, or `fallback`. Source: user-list-messages ("minimum 1, maximum 1000", default 10). */
export function readTop(query: GraphQuery, fallback: number): number {
  const text = query.get("$top");
  if (text === undefined) return fallback;
  const top = Number(text);
  if (!Number.isInteger(top) || top < 1 || top > 1000)
    throw badQuery(`Invalid page size specified: '${text}'. Must be between 1 and 1000 inclusive.`);
  return top;
}

/** The start of a list: `$skiptoken` of an earlier page, or `$skip`, or 0. */
export function readSkip(query: GraphQuery): number {
  const token = query.get("$skiptoken");
  if (token !== undefined) {
    const match = /^skip:(\d+)$/.exec(Buffer.from(token, "base64url").toString("latin1"));
    if (!match) throw badRequest("Badly formed token.");
    return Number(match[1]);
  }
  const text = query.get("$skip") ?? "0";
  if (!/^\d+$/.test(text)) throw badQuery(`Invalid value '${text}' for $skip query option found.`);
  return Number(text);
}

/** The same query, further on. */
export function queryFrom(query: GraphQuery, skip: number): string {
  const kept = [...query].filter(([name]) => name !== "$skip" && name !== "$skiptoken");
  const pairs = [...kept, ["$skiptoken", Buffer.from(`skip:${skip}`).toString("base64url")]];
  return pairs.map(([name = "", value = ""]) => `${name}=${encodeURIComponent(value)}`).join("&");
}
