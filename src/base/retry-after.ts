/** Reading `Retry-After`: seconds (Graph also sends fractions), or an HTTP date (RFC 9110 §10.2.3). */

/** The longest pause believed, milliseconds: a day. Anything above is taken as a broken header and cut to it. */
const longestPauseMs = 24 * 3_600_000;

/** Epoch milliseconds before which the server does not want to be asked again; `undefined` when it did not say. */
export function retryAfterAt(header: string | null | undefined, now: number): number | undefined {
  const text = header?.trim() ?? "";
  const at = /^\d+(\.\d+)?$/.test(text) ? now + Math.ceil(Number(text) * 1000) : /[A-Za-z]/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.min(Math.max(at, now), now + longestPauseMs);
}
