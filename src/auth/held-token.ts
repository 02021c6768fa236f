/**
 * One access token in memory and its times. Refreshing begins between 20 % and 10 % of its life before its end, spread
 * by chance, so that ten thousand accounts signed in together do not refresh together.
 */
import type { Clock } from "../base/clock.js";
import { accessTokenIn } from "./grant.js";
import type { VaultRecord } from "./vault-record.js";

export interface HeldToken {
  readonly token: string;
  /** Epoch milliseconds at which it ends. */
  readonly expiresAt: number;
  /** Epoch milliseconds from which it is not handed out any more: a request must have time to arrive. */
  readonly deadAt: number;
  /** Epoch milliseconds from which a new one is fetched while it still serves. */
  readonly refreshAt: number;
  /** What it was asked for. */
  readonly scopes: readonly string[];
  /** The version of the record that it is from. */
  readonly version: number;
  /** The claims that it answers, JSON; empty when none were asked. */
  readonly claims: string | undefined;
}

const longestMarginMs = 60_000;

/** The access token of a record of that version, or `undefined` when the record holds none. */
export function heldToken(record: VaultRecord, version: number, clock: Clock, claims?: string): HeldToken | undefined {
  const token = accessTokenIn(record.cache);
  if (token === undefined) return undefined;
  const { expiresAt, refreshedAt, scopes } = record;
  const lifeMs = Math.max(0, expiresAt - refreshedAt);
  return {
    token,
    expiresAt,
    deadAt: expiresAt - Math.min(longestMarginMs, lifeMs * 0.05),
    refreshAt: expiresAt - lifeMs * (0.1 + 0.1 * clock.random()),
    scopes,
    version,
    claims,
  };
}
