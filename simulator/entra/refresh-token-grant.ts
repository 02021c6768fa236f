/**
 * The `refresh_token` grant. Invariant: a revoked, idle or unknown token signs nobody in; a used one stays valid unless the simulator is
 * told to be harsher; policies look at how the session began. Source: entra-docs refresh-tokens, concept-authentication-flows (530036).
 */
import type { Settings } from "../settings.js";
import type { Grant } from "./grant.js";
import { EntraRefusal } from "./refusal.js";
import type { Session } from "./session.js";
import type { RefreshGrant } from "./token-issuer.js";

const inactivitySeconds = 90 * 24 * 3_600;

/** See the file's head. */
export const refreshTokenGrant: Grant = {
  parameters: ["refresh_token"],
  tenantOnly: false,
  publicClientFlow: false,
  whom(form, { issuer }) {
    const grant = issuer.openRefresh(form.get("refresh_token") ?? "");
    return typeof grant === "string" ? undefined : grant.account;
  },
  signIn(form, { issuer, settings }) {
    const token = form.get("refresh_token");
    if (!token) throw new EntraRefusal(900144, "'refresh_token'.");
    const grant = issuer.openRefresh(token);
    if (grant === "garbled") throw new EntraRefusal(9002313);
    if (grant === "unknown") throw new EntraRefusal(70000, "'refresh_token'.");
    const { account, session } = grant;
    const now = settings.now();
    if (now - grant.lastUsedAt > (grant.lifeSeconds ?? inactivitySeconds) * 1000) throw new EntraRefusal(700082);
    if (usedUp(grant, settings)) throw new EntraRefusal(70000, "'refresh_token'.");
    if (grant.epoch !== account.refreshEpoch) throw new EntraRefusal(50173);
    const { state } = account;
    if (state.signInFrequencySeconds !== undefined && now - session.startedAt >= state.signInFrequencySeconds * 1000)
      throw new EntraRefusal(70043);
    checkWay(session, state);
    grant.firstUsedAt ??= now;
    grant.lastUsedAt = now;
    return { account, session };
  },
};

function usedUp({ firstUsedAt }: RefreshGrant, { refreshTokenGraceSeconds, now }: Settings): boolean {
  if (firstUsedAt === undefined || refreshTokenGraceSeconds === undefined) return false;
  return now() - firstUsedAt >= refreshTokenGraceSeconds * 1000;
}

function checkWay(
  { way }: Session,
  state: { readonly deviceCodeBlocked: boolean; readonly mfaRequired: boolean; readonly mustRegisterMfa: boolean },
): void {
  if (way === "deviceCode" && state.deviceCodeBlocked) throw new EntraRefusal(530036);
  if (way === "password" && state.mustRegisterMfa) throw new EntraRefusal(50079);
  if (way === "password" && state.mfaRequired) throw new EntraRefusal(50076);
}
