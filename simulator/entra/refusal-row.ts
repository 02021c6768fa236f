/**
 * The form of a row of Entra's refusals, and the forms that many rows share.
 * Invariant: a row is complete by itself. Knows no number.
 */

/** One row. The status is 401 for `invalid_client` and 400 otherwise, unless told. */
export interface RefusalRow {
  readonly error: string;
  readonly text: string;
  readonly suberror?: string;
  readonly status?: number;
  /** Sent as `claims`, as conditional access does. */
  readonly claims?: string;
}

const policyClaims = '{"access_token":{"capolids":{"essential":true,"values":["7f2d1c55-0000-4000-a000-5c1b7a90e001"]}}}';

export const grant = (text: string, more: Partial<RefusalRow> = {}): RefusalRow => ({ error: "invalid_grant", text, ...more });
export const request = (text: string): RefusalRow => ({ error: "invalid_request", text });
export const client = (text: string): RefusalRow => ({ error: "invalid_client", text });
export const unauthorized = (text: string): RefusalRow => ({ error: "unauthorized_client", text });
export const misplaced = (text: string): RefusalRow => ({ error: "invalid_resource", text });
export const busy = (text: string): RefusalRow => ({ error: "temporarily_unavailable", text, status: 503 });
export const broken = (text: string): RefusalRow => ({ error: "server_error", text, status: 500 });
/** What conditional access refuses. */
export const policy = (text: string): RefusalRow => grant(text, { suberror: "message_only", claims: policyClaims });
