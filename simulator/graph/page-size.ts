/**
 * How many messages a request asks for on a page.
 * Invariant: never throws; what cannot be read counts as not asked. Knows no mailbox.
 */
import { type Ask, parseQuery } from "../exchange.js";
import type { RouteName } from "../traffic/route-name.js";
import { readPreferences } from "./prefer.js";

/** The smaller of `odata.maxpagesize` and `$top`, 10 when neither is given; undefined when no page of messages is asked for. */
export function askedPageSize(ask: Ask, route: RouteName): number | undefined {
  if (route !== "delta" && route !== "messages") return undefined;
  const top = Number(new Map(parseQuery(ask.query)).get("$top") ?? Number.NaN);
  const asked = [top, preferred(ask.headers.prefer) ?? Number.NaN].filter((size) => !Number.isNaN(size));
  return asked.length === 0 ? 10 : Math.min(...asked);
}

function preferred(header: string | undefined): number | undefined {
  try {
    return readPreferences(header).maxPageSize;
  } catch {
    return undefined;
  }
}
