/**
 * The `urn:ietf:params:oauth:grant-type:device_code` grant. Invariant: whoever asks too soon learns nothing but that.
 */
import type { Grant } from "./grant.js";
import { EntraRefusal } from "./refusal.js";

// A Node timer may fire up to a few milliseconds before the wall clock agrees; that is not asking too soon.
const timerGraceMs = 5;

/** See the file's head. */
export const deviceCodeGrant: Grant = {
  parameters: ["device_code"],
  tenantOnly: false,
  publicClientFlow: true,
  scopeOptional: true,
  whom(form, { deviceCodes }) {
    const verdict = deviceCodes.find(form.get("device_code") ?? "")?.verdict;
    return typeof verdict === "object" ? verdict.account : undefined;
  },
  signIn(form, { deviceCodes, settings }) {
    const asked = form.get("device_code");
    if (!asked) throw new EntraRefusal(900144, "'device_code'.");
    const code = deviceCodes.find(asked);
    if (!code || code.redeemed) throw new EntraRefusal(70018);
    const now = settings.now();
    if (now >= code.expiresAt) throw new EntraRefusal(70020);
    const soon = code.askedAt !== undefined && now < code.askedAt + code.intervalSeconds * 1000 - timerGraceMs;
    code.askedAt = now;
    if (soon) {
      code.intervalSeconds += 5;
      throw new EntraRefusal(70016, `Ask every ${code.intervalSeconds} seconds at most.`, "slow_down");
    }
    const { verdict } = code;
    if (verdict === undefined) throw new EntraRefusal(70016);
    if (verdict === "declined") throw new EntraRefusal(65004, "", "authorization_declined");
    code.redeemed = true;
    const { account, at } = verdict;
    if (account.state.deviceCodeBlocked) throw new EntraRefusal(53003);
    if (account.state.securityDefaults) throw new EntraRefusal(530035);
    return { account, session: { way: "deviceCode", startedAt: at }, scope: code.scope, claims: code.claims };
  },
};
