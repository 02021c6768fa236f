/**
 * Who asks, and what of the mailbox asked for is open to them.
 * Invariant: a token opens its own user's mailbox only, in its own cloud, within its scopes and its life. Knows no route's work.
 */
import { cloudOfGraph } from "../cloud.js";
import type { Account, Directory } from "../directory.js";
import type { AccessGrant, TokenIssuer } from "../entra/token-issuer.js";
import type { Ask } from "../exchange.js";
import type { Mailbox } from "../mailbox/mailbox.js";
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

/** Throws the 401 that the grant deserves, if any. */
export function requireLiving(ask: Ask, grant: AccessGrant | undefined, now: number): AccessGrant {
  if (ask.headers.authorization === undefined)
    throw new GraphRefusal(401, "InvalidAuthenticationToken", "Access token is empty.", challenge);
  if (!grant) throw new GraphRefusal(401, "InvalidAuthenticationToken", "CompactToken parsing failed with error code: 80049217", challenge);
  if (grant.cloud !== cloudOfGraph(ask.host))
    throw new GraphRefusal(401, "InvalidAuthenticationToken", "Access token validation failure. Invalid audience.", challenge);
  if (grant.expiresAt <= now)
    throw new GraphRefusal(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.", challenge);
  if (grant.epoch !== grant.account.accessEpoch)
    throw new GraphRefusal(401, "InvalidAuthenticationToken", "Access token validation failure. The token has been revoked.", challenge);
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
  requirePermission(grant, write ? ["Mail.ReadWrite"] : ["Mail.ReadWrite", "Mail.Read"]);
  if (!owner.mailbox) {
    throw new GraphRefusal(404, "MailboxNotEnabledForRESTAPI", "The mailbox is either inactive, soft-deleted, or is hosted on-premise.");
  }
  // Delegated Mail.ReadWrite reaches the signed-in user's own mailbox only (permissions reference).
  if (owner !== grant.account) throw accessDenied();
  return { owner, mailbox: owner.mailbox };
}
