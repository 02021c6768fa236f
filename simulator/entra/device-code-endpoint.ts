/**
 * `POST /{tenant}/oauth2/v2.0/devicecode`: begins a sign-in on another device.
 * Invariant: a code is issued only for our app, with public client flows on, and for scopes that exist. Knows no account.
 */
import type { SimulatedCloud } from "../cloud.js";
import type { Answer } from "../exchange.js";
import { requireApp, requirePublicClientFlows } from "./app.js";
import { readClaims } from "./asked-claims.js";
import { deviceCodeLifeSeconds } from "./device-codes.js";
import type { EntraWorld, TokenForm } from "./grant.js";
import { readScope } from "./scope.js";
import { requireTenant } from "./token-endpoint.js";

/** Answers. Throws `EntraRefusal`. */
export function answerDeviceCode(tenant: string, cloud: SimulatedCloud, form: TokenForm, world: EntraWorld): Answer {
  requireTenant(tenant, cloud, world);
  requireApp(form.get("client_id"), world);
  requirePublicClientFlows(world.app);
  readScope(form.get("scope"), cloud.graphs);
  readClaims(form.get("claims"));
  const code = world.deviceCodes.issue({ scope: form.get("scope"), claims: form.get("claims") });
  const body = {
    user_code: code.userCode,
    device_code: code.deviceCode,
    verification_uri: cloud.deviceLogin,
    expires_in: deviceCodeLifeSeconds,
    interval: code.intervalSeconds,
    message: `To sign in, use a web browser to open the page ${cloud.deviceLogin} and enter the code ${code.userCode} to authenticate.`,
  };
  return { status: 200, headers: { "content-type": "application/json; charset=utf-8" }, body: JSON.stringify(body) };
}
