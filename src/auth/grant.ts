/**
 * What one successful use of Entra brought, read out of MSAL's result and cache, and checked.
 *
 * Invariants: a grant has an access token, an account and something to refresh with, or it is none; its cache holds
 * this one account and this one access token. It must never be logged, put into an error or an event.
 */
import type { AuthenticationResult } from "@azure/msal-node";
import { MailError } from "../base/errors.js";
import type { EntraAnswer } from "./entra-network.js";
import { remedyDetails, signInRemedy } from "./remedies.js";

export interface GrantAccount {
  /** MSAL's name of the account: object id and home tenant. */
  readonly homeAccountId: string;
  readonly username: string;
  readonly objectId: string;
  readonly tenantId: string;
}

export interface Grant {
  readonly accessToken: string;
  /** Epoch milliseconds at which the token was asked for. */
  readonly refreshedAt: number;
  /** Epoch milliseconds at which the access token ends. */
  readonly expiresAt: number;
  /** Epoch milliseconds at which the refresh token ends, where Entra says so. */
  readonly refreshEndsAt: number | undefined;
  /** MSAL's serialized cache: this account alone, and this access token alone. */
  readonly cache: string;
  readonly account: GrantAccount;
  /** The scopes that were asked for. */
  readonly scopes: readonly string[];
  /** True when Entra sent a new refresh token; false when the one before stays in use (RFC 6749 §6 allows it). */
  readonly rotated: boolean;
}

/** The part of MSAL's cache format that is read here (its unified schema, the same in all its libraries). */
interface CacheJson {
  AccessToken?: Record<string, { secret?: unknown; target?: unknown }>;
  RefreshToken?: Record<string, { home_account_id?: unknown; secret?: unknown }>;
  [section: string]: unknown;
}

/** Who the grant must be for, when that is known already. */
export type ExpectedAccount = Pick<GrantAccount, "homeAccountId" | "objectId">;

export interface GrantSource {
  readonly result: AuthenticationResult | null;
  readonly answer: EntraAnswer;
  /** MSAL's cache after the answer. */
  readonly cache: string;
  readonly scopes: readonly string[];
  readonly expected: ExpectedAccount | undefined;
}

/**
 * The grant in an answer of status 200.
 * @throws MailError `AUTH_BAD_RESPONSE`, `AUTH_WRONG_ACCOUNT`
 */
export function grantOf({ result, answer, cache, scopes, expected }: GrantSource): Grant {
  const { json, askedAt, status } = answer;
  const bad = (what: string) => new MailError("AUTH_BAD_RESPONSE", `Entra answered ${status} ${what}.`, { status });
  const accessToken = json?.access_token;
  if (typeof accessToken !== "string" || accessToken === "" || result?.accessToken !== accessToken) throw bad("without an access token");
  const seconds = Number(json?.expires_in);
  if (!Number.isFinite(seconds) || seconds <= 0) throw bad("without the life of the access token");
  const account = accountOf(result);
  if (!account) throw bad("without saying whose token it is");
  if (expected && (account.homeAccountId !== expected.homeAccountId || account.objectId !== expected.objectId)) {
    throw new MailError(
      "AUTH_WRONG_ACCOUNT",
      `Entra answered with a token of another user (object id ${account.objectId}) than the one signed in (${expected.objectId}).`,
      { status, ...remedyDetails(signInRemedy) },
    );
  }
  const pruned = prunedCache(cache, accessToken, account.homeAccountId);
  if (!pruned) throw bad("without a refresh token");
  const rotated = typeof json?.refresh_token === "string" && json.refresh_token !== "";
  const refreshSeconds = Number(json?.refresh_token_expires_in);
  const refreshEndsAt = Number.isFinite(refreshSeconds) && refreshSeconds > 0 ? askedAt + refreshSeconds * 1000 : undefined;
  return { accessToken, refreshedAt: askedAt, expiresAt: askedAt + seconds * 1000, refreshEndsAt, cache: pruned, account, scopes, rotated };
}

/** The access token that a grant's cache holds. */
export function accessTokenIn(cache: string): string | undefined {
  const [entry] = Object.values((JSON.parse(cache) as CacheJson).AccessToken ?? {});
  return typeof entry?.secret === "string" ? entry.secret : undefined;
}

/** The permissions that Entra says the access token of a grant's cache has, by their short names; absent where it does not say. */
export function grantedScopesIn(cache: string): readonly string[] | undefined {
  const [entry] = Object.values((JSON.parse(cache) as CacheJson).AccessToken ?? {});
  if (typeof entry?.target !== "string" || entry.target.trim() === "") return undefined;
  return entry.target
    .trim()
    .split(/\s+/)
    .map((scope) => scope.slice(scope.lastIndexOf("/") + 1));
}

function accountOf({ account }: AuthenticationResult): GrantAccount | undefined {
  const { homeAccountId, localAccountId: objectId, tenantId, username } = account ?? {};
  // MSAL makes empty texts of what the answer lacks.
  return homeAccountId && objectId && tenantId ? { homeAccountId, objectId, tenantId, username: username ?? "" } : undefined;
}

/** MSAL keeps access tokens of other scopes beside the new one; `undefined` when nothing to refresh with is left. */
function prunedCache(cache: string, accessToken: string, homeAccountId: string): string | undefined {
  const json = JSON.parse(cache) as CacheJson;
  const refreshable = Object.values(json.RefreshToken ?? {}).some((token) => token.home_account_id === homeAccountId && token.secret);
  const current = Object.entries(json.AccessToken ?? {}).find(([, token]) => token.secret === accessToken);
  if (!refreshable || !current) return undefined;
  return JSON.stringify({ ...json, AccessToken: Object.fromEntries([current]) });
}
