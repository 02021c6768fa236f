/** Reading `Retry-After`: seconds (Graph also sends fractions), or an HTTP date (RFC 9110 §10.2.3). */

/** The longest pause believed, milliseconds: a day. Anything above is taken as a broken header and cut to it. */
export const longestPauseMs = 24 * 3_600_000;

/** What every date has, and nothing that merely looks like one to `Date.parse`. */
const timeOfDay = /\d{2}:\d{2}:\d{2}/;
const zone = /(GMT|UTC|Z|[+-]\d{2}:?\d{2})$/i;

/**
 * Epoch milliseconds before which the server does not want to be asked again; `undefined` when it did not say.
 * `date`: the answer's own `Date`, as a time of day is meant by the server's clock, which may differ from ours.
 */
export function retryAfterAt(header: string | null | undefined, now: number, date?: string | null): number | undefined {
  const text = header?.trim() ?? "";
  const server = parsedDate(date?.trim() ?? "");
  const aheadMs = Number.isNaN(server) ? 0 : now - server;
  const at = /^\d+(\.\d+)?$/.test(text) ? now + Math.ceil(Number(text) * 1000) : parsedDate(text) + aheadMs;
  return Number.isNaN(at) ? undefined : Math.min(Math.max(at, now), now + longestPauseMs);
}

/** HTTP dates are in GMT; the oldest of their forms does not say so. */
function parsedDate(text: string): number {
  return timeOfDay.test(text) ? Date.parse(zone.test(text) ? text : `${text} GMT`) : Number.NaN;
}
