/**
 * Issues access tokens, refresh tokens and id tokens, and knows them again.
 * Invariant: a token opens only for whom, what, which cloud and how long it was issued; an old refresh token stays valid until revoked.
 * Source: entra-docs refresh-tokens (a used token is not revoked; 90 days of inactivity). Knows no request.
 */
import { randomBytes } from "node:crypto";
import type { SimulatedCloud } from "../cloud.js";
import type { Account } from "../directory.js";
import type { Random } from "../random.js";
import { tellSecret } from "../secret-channel.js";
import type { Settings } from "../settings.js";
import type { AskedClaims } from "./asked-claims.js";
import type { Session } from "./session.js";

/** What an access token stands for. */
export interface AccessGrant {
  readonly account: Account;
  readonly permissions: ReadonlySet<string>;
  readonly cloud: SimulatedCloud;
  readonly expiresAt: number;
  readonly epoch: number;
  /** Whether it may be refused early by a claims challenge. */
  readonly cp1: boolean;
  readonly evaluationEpoch: number;
  /** The challenge's claims that it was asked for with. */
  readonly notBefore: string | undefined;
}

/** What a refresh token stands for. */
export interface RefreshGrant {
  readonly account: Account;
  readonly session: Session;
  readonly epoch: number;
  /** Seconds without use it bears, when not the usual 90 days. */
  readonly lifeSeconds: number | undefined;
  lastUsedAt: number;
  /** Undefined until it is used. */
  firstUsedAt: number | undefined;
}

/** Issues and knows tokens. */
export interface TokenIssuer {
  access(
    account: Account,
    permissions: readonly string[],
    cloud: SimulatedCloud,
    host: string,
    claims: AskedClaims,
  ): { token: string; expiresInSeconds: number };
  refresh(account: Account, session: Session): string;
  id(account: Account, host: string, nonce?: string): string;
  openAccess(token: string): AccessGrant | undefined;
  /** "garbled" when no refresh token ever looked like that. */
  openRefresh(token: string): RefreshGrant | "unknown" | "garbled";
}

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Expired access tokens are still told from unknown ones for this long. */
const rememberedMs = 600_000;

/** Makes an issuer that has issued nothing. */
export function createTokenIssuer(settings: Settings, random: Random): TokenIssuer {
  const accessGrants = new Map<string, AccessGrant>();
  const refreshGrants = new Map<string, RefreshGrant>();
  const header = base64url({ typ: "JWT", nonce: random.bytes(16).toString("base64url"), alg: "RS256", kid: "simulated" });
  const filler = random.bytes(450).toString("base64url");
  const seconds = () => Math.floor(settings.now() / 1000);

  function forgetExpired(): void {
    const before = settings.now() - rememberedMs;
    for (const [token, grant] of accessGrants) {
      if (grant.expiresAt > before) return;
      accessGrants.delete(token);
    }
  }
  function claims(account: Account, host: string, lifetime: number): Record<string, unknown> {
    const issuedAt = seconds();
    return {
      iss: `https://${host}/${settings.tenantId}/v2.0`,
      iat: issuedAt,
      nbf: issuedAt,
      exp: issuedAt + lifetime,
      name: account.displayName,
      oid: account.objectId,
      sub: Buffer.from(`sub ${account.objectId}`).toString("base64url"),
      tid: settings.tenantId,
      // Never the same twice, whatever the seed: a token must not be guessed by another simulator's.
      uti: randomBytes(16).toString("base64url"),
      ver: "2.0",
    };
  }

  return {
    access(account, permissions, cloud, host, { cp1, notBefore }) {
      forgetExpired();
      // Source: entra-docs app-resilience-continuous-access-evaluation (a token that can be refused early lives up to 28 hours).
      const lifetime = settings.accessTokenLifetimeSeconds ?? (cp1 ? random.integer(20 * 3600, 28 * 3600) : random.integer(3600, 5400));
      const payload = {
        ...claims(account, host, lifetime),
        aud: `https://${cloud.graphs[0]}`,
        appid: settings.clientId,
        scp: permissions.join(" "),
        upn: account.address,
        ...(cp1 && { xms_cc: ["cp1"] }),
      };
      const signed = `${header}.${base64url(payload)}.${random.bytes(64).toString("base64url")}`;
      const token = tellSecret("access-token", signed.padEnd(settings.accessTokenCharacters, filler));
      accessGrants.set(token, {
        account,
        permissions: new Set(permissions),
        cloud,
        expiresAt: settings.now() + lifetime * 1000,
        epoch: account.accessEpoch,
        cp1,
        evaluationEpoch: account.evaluation.epoch,
        notBefore,
      });
      return { token, expiresInSeconds: lifetime };
    },
    refresh(account, session) {
      const token = tellSecret("refresh-token", `1.AX${randomBytes(30).toString("base64url")}.${filler}`);
      const lifeSeconds = account.state.refreshTokenExpiresInSeconds;
      refreshGrants.set(token, {
        account,
        session,
        epoch: account.refreshEpoch,
        lifeSeconds,
        lastUsedAt: settings.now(),
        firstUsedAt: undefined,
      });
      return token;
    },
    id(account, host, nonce) {
      const payload = { ...claims(account, host, 3600), aud: settings.clientId, preferred_username: account.address, rh: "1.AX.", nonce };
      return tellSecret("id-token", `${base64url({ typ: "JWT", alg: "none" })}.${base64url(payload)}.`);
    },
    openAccess: (token) => accessGrants.get(token),
    openRefresh: (token) => refreshGrants.get(token) ?? (/^1\.AX[\w-]{40}\.[\w-]{600}$/.test(token) ? "unknown" : "garbled"),
  };
}
