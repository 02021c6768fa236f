/**
 * Who asks, and what of the mailbox asked for is open to them.
 * Invariant: a token opens its own user's mailbox, and those whose owners let that user in, in its own cloud, within its scopes and its
 * life. Knows no route's work.
 */
import { cloudOfGraph } from "../cloud.js";
import type { Account, Directory } from "../directory.js";
import type { AccessGrant, TokenIssuer } from "../entra/token-issuer.js";
import type { Ask } from "../exchange.js";
import type { Mailbox } from "../mailbox/mailbox.js";
import type { Random } from "../random.js";
import type { RouteName } from "../traffic/route-name.js";
import { claimsChallenge } from "./claims-challenge.js";
import { accessDenied, GraphRefusal } from "./refusal.js";

const challenge = {
  "www-authenticate":
    'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"',
};

/** The grant behind an Authorization header, also when it has died; undefined when there is none. */
export function grantOf(authorization: string | undefined, issuer: TokenIssuer): AccessGrant | undefined {
  const token = /^Bearer (.+)$/i.exec(authorization ?? "")?.[1];
  return token === undefined ? undefined : issuer.openAccess(token.trim());
}

/** What decides over a token besides the token. */
export interface Evaluated {
  readonly route: RouteName;
  readonly now: number;
  /** Decides the shape of a challenge. */
  readonly random: Random;
}

/** Throws the 401 that the grant deserves, if any. */
export function requireLiving(ask: Ask, grant: AccessGrant | undefined, { route, now, random }: Evaluated): AccessGrant {
  if (ask.headers.authorization === undefined)
    throw new GraphRefusal(401, "InvalidAuthenticationToken", "Access token is empty.", challenge);
  if (!grant) throw new GraphRefusal(401, "InvalidAuthenticationToken", "CompactToken parsing failed with error code: 80049217", challenge);
  if (grant.cloud !== cloudOfGraph(ask.host))
    throw new GraphRefusal(401, "InvalidAuthenticationToken", "Access token validation failure. Invalid audience.", challenge);
  if (grant.expiresAt <= now)
    throw new GraphRefusal(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.", challenge);
  const { evaluation } = grant.account;
  if (grant.cp1 && grant.evaluationEpoch !== evaluation.epoch) throw claimsChallenge(String(evaluation.notBefore), random);
  if (grant.epoch !== grant.account.accessEpoch)
    throw new GraphRefusal(401, "InvalidAuthenticationToken", "Access token validation failure. The token has been revoked.", challenge);
  const { required } = evaluation;
  const meant = required && (required.routes?.includes(route) ?? true);
  if (grant.cp1 && meant && grant.notBefore !== required.notBefore) throw claimsChallenge(required.notBefore, random);
  return grant;
}

/** Throws 403 unless one of the permissions was granted. */
export function requirePermission(grant: AccessGrant, anyOf: readonly string[]): void {
  if (!anyOf.some((permission) => grant.permissions.has(permission))) throw accessDenied();
}

/** Opens the mailbox. `user` undefined means the grant's own. Throws 403 and 404. */
export function openMailbox(
  grant: AccessGrant,
  user: string | undefined,
  directory: Directory,
  write: boolean,
): { owner: Account; mailbox: Mailbox } {
  const owner = user === undefined ? grant.account : directory.find(user);
  if (!owner) throw new GraphRefusal(404, "ErrorInvalidUser", `The requested user '${user}' is invalid.`);
  const shared = write ? ["Mail.ReadWrite.Shared"] : ["Mail.ReadWrite.Shared", "Mail.Read.Shared"];
  const own = write ? ["Mail.ReadWrite"] : ["Mail.ReadWrite", "Mail.Read"];
  // What is shared with the user includes what is the user's own; the narrower permissions reach the own mailbox only (permissions reference).
  requirePermission(grant, [...own, ...shared]);
  if (!owner.mailbox) {
    throw new GraphRefusal(404, "MailboxNotEnabledForRESTAPI", "The mailbox is either inactive, soft-deleted, or is hosted on-premise.");
  }
  if (owner !== grant.account) {
    requirePermission(grant, shared);
    if (!owner.sharedWith.has(grant.account.objectId)) throw accessDenied();
  }
  return { owner, mailbox: owner.mailbox };
}
