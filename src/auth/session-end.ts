/**
 * When the sign-in behind an account will end if nothing is done, and from when that is said.
 *
 * Sources: a refresh token dies after 90 days without use (entra, refresh-tokens); a sign-in frequency policy ends it
 * at a fixed age (AADSTS70043), which is known only once it happened; some answers name the end themselves.
 */
import type { VaultRecord } from "./vault-record.js";

/** `unused`: nobody renews it; `policy`: the tenant's sign-in frequency; `told`: Entra named the time. */
export type EndReason = "unused" | "policy" | "told";

export interface SessionEnd {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly why: EndReason;
  /** Epoch milliseconds from which somebody should know. */
  readonly warnAt: number;
}

/** What of a record tells whose sign-in it is and how it ages: kept in memory in the record's place, which is large. */
export type SessionTimes = Pick<VaultRecord, "objectId" | "username" | "signedInAt" | "refreshedAt" | "refreshEndsAt" | "policyLifeMs">;

const dayMs = 86_400_000;
export const unusedLifeMs = 90 * dayMs;
/** Warned this long before, or a fifth of the whole life if that is shorter. */
const longestWarningMs = 14 * dayMs;
const warningShare = 0.2;

export function sessionTimes({ objectId, username, signedInAt, refreshedAt, refreshEndsAt, policyLifeMs }: VaultRecord): SessionTimes {
  return {
    objectId,
    username,
    signedInAt,
    refreshedAt,
    ...(refreshEndsAt === undefined ? {} : { refreshEndsAt }),
    ...(policyLifeMs === undefined ? {} : { policyLifeMs }),
  };
}

/** The earliest end that is known of. */
export function sessionEnd({
  signedInAt,
  refreshedAt,
  refreshEndsAt,
  policyLifeMs,
}: Omit<SessionTimes, "objectId" | "username">): SessionEnd {
  const ends = [end(refreshedAt, refreshedAt + unusedLifeMs, "unused")];
  if (refreshEndsAt !== undefined) ends.push(end(refreshedAt, refreshEndsAt, "told"));
  if (policyLifeMs !== undefined) ends.push(end(signedInAt, signedInAt + policyLifeMs, "policy"));
  return ends.reduce((first, next) => (next.at < first.at ? next : first));
}

function end(since: number, at: number, why: EndReason): SessionEnd {
  return { at, why, warnAt: at - Math.min(longestWarningMs, (at - since) * warningShare) };
}

/** The life that a policy leaves a sign-in, when it ended this one now: at least as long as it last worked. */
export function policyLifeOf({ signedInAt, refreshedAt }: Pick<SessionTimes, "signedInAt" | "refreshedAt">, now: number): number {
  return refreshedAt > signedInAt ? refreshedAt - signedInAt : now - signedInAt;
}
