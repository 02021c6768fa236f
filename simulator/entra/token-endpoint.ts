/**
 * `POST /{tenant}/oauth2/v2.0/token`: checks what every grant has in common, lets the grant sign in, issues the tokens.
 * Invariant: nothing is issued unless tenant, client, scope, account and consent are all right. Grants stand in a table and know no tokens' form.
 */
import { cloudOfAuthority, type SimulatedCloud } from "../cloud.js";
import type { Account } from "../directory.js";
import type { Answer, Ask } from "../exchange.js";
import type { Settings } from "../settings.js";
import { requireApp, requirePublicClientFlows } from "./app.js";
import { readClaims } from "./asked-claims.js";
import { authorizationCodeGrant } from "./authorization-code-grant.js";
import { deviceCodeGrant } from "./device-code-grant.js";
import type { EntraWorld, Grant, TokenForm } from "./grant.js";
import { passwordGrant } from "./password-grant.js";
import { checkAccount } from "./person-check.js";
import { refreshTokenGrant } from "./refresh-token-grant.js";
import { EntraRefusal } from "./refusal.js";
import { narrowed, readScope } from "./scope.js";

const grants: ReadonlyMap<string, Grant> = new Map([
  ["refresh_token", refreshTokenGrant],
  ["password", passwordGrant],
  ["authorization_code", authorizationCodeGrant],
  ["urn:ietf:params:oauth:grant-type:device_code", deviceCodeGrant],
  // The short name is what MSAL for Node sends.
  ["device_code", deviceCodeGrant],
]);

/** Taken with every grant; the x-… ones are MSAL's telemetry. */
const everyGrant = new Set([
  "grant_type",
  "client_id",
  "scope",
  "client_info",
  "claims",
  "response_type",
  "client-request-id",
  "redirect_uri",
  "clidata",
  "x-client-sku",
  "x-client-ver",
  "x-client-os",
  "x-client-cpu",
  "x-client-current-telemetry",
  "x-client-last-telemetry",
  "x-ms-lib-capability",
  "x-app-name",
  "x-app-ver",
  "x-anchormailbox",
]);

/** Reads the form; Entra takes nothing but a form. */
export function readTokenForm(ask: Ask): TokenForm {
  const isForm = (ask.headers["content-type"] ?? "").toLowerCase().startsWith("application/x-www-form-urlencoded");
  return new Map(isForm ? new URLSearchParams(ask.body) : []);
}

/** Whom the request is about, if it tells. */
export function whomTokenFormConcerns(form: TokenForm, world: EntraWorld): Account | undefined {
  return grants.get(form.get("grant_type") ?? "")?.whom(form, world);
}

/** A form parameter that the simulator does not know, or undefined. */
export function unknownTokenParameter(form: TokenForm): string | undefined {
  const own = grants.get(form.get("grant_type") ?? "")?.parameters ?? [];
  // A secret is known, and refused by name (AADSTS700025).
  return [...form.keys()].find((name) => !everyGrant.has(name.toLowerCase()) && !own.includes(name) && !isSecret(name) && own.length > 0);
}

const isSecret = (name: string) => name === "client_secret" || name === "client_assertion" || name === "client_assertion_type";

/** Answers a token request. Throws `EntraRefusal`. */
export function answerToken(tenant: string, ask: Ask, form: TokenForm, world: EntraWorld): Answer {
  const { settings, issuer } = world;
  const cloud = cloudOfAuthority(ask.host);
  const grantName = form.get("grant_type");
  if (!grantName) throw new EntraRefusal(900144, "'grant_type'.");
  const grant = grants.get(grantName);
  if (!grant) throw new EntraRefusal(70003);
  if (!cloud) throw new EntraRefusal(90002);
  requireTenant(tenant, cloud, world);
  requireApp(form.get("client_id"), world);
  if ([...form.keys()].some(isSecret)) throw new EntraRefusal(700025);
  if (grant.publicClientFlow) requirePublicClientFlows(world.app);
  if (grant.tenantOnly && ["common", "consumers"].includes(tenant.toLowerCase())) throw new EntraRefusal(9001023);
  const asked = grant.scopeOptional ? undefined : readScope(form.get("scope"), cloud.graphs);
  const signedIn = grant.signIn(form, world, cloud);
  const { account, session } = signedIn;
  const scope = narrowed(asked ?? readScope(form.get("scope") ?? signedIn.scope, cloud.graphs), account.state.permissions);
  const claims = readClaims(form.get("claims") ?? signedIn.claims);
  checkAccount(account);
  if (!account.state.assigned) throw new EntraRefusal(50105);
  if (!account.state.consented) throw new EntraRefusal(65001);

  const { token, expiresInSeconds } = issuer.access(account, scope.permissions, cloud, ask.host, claims);
  const body: Record<string, unknown> = {
    token_type: "Bearer",
    scope: scope.granted,
    expires_in: expiresInSeconds,
    ext_expires_in: expiresInSeconds,
    access_token: token,
  };
  if (scope.offline) {
    body.refresh_token = issuer.refresh(account, session);
    const lifeSeconds = account.state.refreshTokenExpiresInSeconds;
    if (lifeSeconds !== undefined) body.refresh_token_expires_in = lifeSeconds;
  }
  if (scope.openId) body.id_token = issuer.id(account, ask.host, signedIn.nonce);
  if (form.get("client_info") === "1") body.client_info = clientInfoOf(account, settings);
  return { status: 200, headers: { "content-type": "application/json; charset=utf-8" }, body: JSON.stringify(body) };
}

/** Who signed in, as MSAL reads it. */
export function clientInfoOf({ objectId }: Account, { tenantId }: Settings): string {
  return Buffer.from(JSON.stringify({ uid: objectId, utid: tenantId })).toString("base64url");
}

/** Throws unless the tenant part of a path means our tenant (its id, one of its domains, or a name for any organisation) in its own cloud. */
export function requireTenant(tenant: string, cloud: SimulatedCloud, { settings, directory }: EntraWorld): void {
  const name = tenant.toLowerCase();
  const ours = name === settings.tenantId || name === "common" || name === "organizations" || directory.hasDomain(name);
  if (!ours) throw new EntraRefusal(90002, `Tenant '${tenant}'.`);
  if (settings.authorityHost !== undefined && !cloud.authorities.includes(settings.authorityHost)) throw new EntraRefusal(90038);
}
