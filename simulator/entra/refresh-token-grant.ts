/**
 * The `refresh_token` grant. Invariant: a revoked, idle or unknown token signs nobody in; a used one stays valid.
 */
import type { Grant } from "./grant.js";
import { EntraRefusal } from "./refusal.js";

const inactivityMs = 90 * 24 * 3_600_000;

/** See the file's head. */
export const refreshTokenGrant: Grant = {
  parameters: ["refresh_token"],
  tenantOnly: false,
  whom(form, { issuer }) {
    const grant = issuer.openRefresh(form.get("refresh_token") ?? "");
    return typeof grant === "string" ? undefined : grant.account;
  },
  signIn(form, { issuer, settings }) {
    const token = form.get("refresh_token");
    if (!token) throw new EntraRefusal(900144, "'refresh_token'.");
    const grant = issuer.openRefresh(token);
    if (grant === "garbled") throw new EntraRefusal(9002313);
    if (grant === "unknown") throw new EntraRefusal(70000);
    const now = settings.now();
    if (now - grant.lastUsedAt > inactivityMs) throw new EntraRefusal(700082);
    if (grant.epoch !== grant.account.refreshEpoch) throw new EntraRefusal(50173);
    grant.lastUsedAt = now;
    return grant.account;
  },
};
