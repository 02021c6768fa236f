/**
 * Reads what a client asks of the sign-in page.
 * Invariant: nothing is ever sent to an address that is not registered; what is wrong before the address is known stays on the page.
 * Source: entra-docs v2-oauth2-auth-code-flow, reply-url (localhost matches on any port). Knows no account.
 */
import type { SimulatedCloud } from "../cloud.js";
import { requireApp } from "./app.js";
import { readClaims } from "./asked-claims.js";
import type { EntraWorld } from "./grant.js";
import { EntraRefusal } from "./refusal.js";
import { readScope } from "./scope.js";
import { requireTenant } from "./token-endpoint.js";

/** The parameters of a request, each once. */
export type Parameters = ReadonlyMap<string, string>;

/** Where and how the reply goes. */
export interface ReplyAddress {
  readonly redirectUri: string;
  readonly mode: "query" | "form_post";
  readonly state: string | undefined;
}

/** A request that is in order. */
export interface AuthorizeRequest {
  readonly scope: string;
  readonly codeChallenge: string;
  readonly nonce: string | undefined;
  readonly loginHint: string;
  readonly claims: string | undefined;
  readonly clientInfo: boolean;
}

const known = new Set([
  "client_id",
  "response_type",
  "redirect_uri",
  "response_mode",
  "scope",
  "state",
  "nonce",
  "code_challenge",
  "code_challenge_method",
  "prompt",
  "login_hint",
  "domain_hint",
  "claims",
  "client_info",
  "clidata",
  "sid",
  "instance_aware",
  "client-request-id",
  "x-client-sku",
  "x-client-ver",
  "x-client-os",
  "x-client-cpu",
  "x-client-xtra-sku",
  "x-client-current-telemetry",
  "x-client-last-telemetry",
  "x-ms-lib-capability",
  "x-app-name",
  "x-app-ver",
  "x-anchormailbox",
]);

/** A parameter that the simulator does not know, or undefined. */
export function unknownAuthorizeParameter(parameters: Parameters): string | undefined {
  return [...parameters.keys()].find((name) => !known.has(name.toLowerCase()));
}

/** Where the reply goes. Throws `EntraRefusal` with what stays on the page. */
export function readReplyAddress(tenant: string, cloud: SimulatedCloud, parameters: Parameters, world: EntraWorld): ReplyAddress {
  requireTenant(tenant, cloud, world);
  requireApp(parameters.get("client_id"), world);
  const redirectUri = parameters.get("redirect_uri");
  if (!redirectUri) throw new EntraRefusal(900971);
  if (!/^http:\/\/localhost(:\d{1,5})?\/?$/.test(redirectUri) || !URL.canParse(redirectUri)) {
    throw new EntraRefusal(50011, `The redirect URI '${redirectUri}'.`);
  }
  const mode = parameters.get("response_mode") ?? "query";
  if (mode !== "query" && mode !== "form_post") throw new EntraRefusal(70007, `'${mode}'.`);
  return { redirectUri, mode, state: parameters.get("state") };
}

/** The rest of the request. Throws `EntraRefusal` with what the client is told. */
export function readAuthorizeRequest(parameters: Parameters, cloud: SimulatedCloud): AuthorizeRequest {
  const type = parameters.get("response_type");
  if (!type) throw new EntraRefusal(900144, "'response_type'.");
  if (type !== "code") throw new EntraRefusal(70005, `'${type}'.`);
  const scope = parameters.get("scope");
  readScope(scope, cloud.graphs);
  readClaims(parameters.get("claims"));
  const codeChallenge = parameters.get("code_challenge");
  // Entra would let a desktop client do without; a public client that does is open to whoever reads the redirect.
  if (!codeChallenge || parameters.get("code_challenge_method") !== "S256") throw new EntraRefusal(9002325);
  if (!/^[\w-]{43}$/.test(codeChallenge)) throw new EntraRefusal(501491);
  const prompt = parameters.get("prompt");
  // No browser has a session here.
  if (prompt === "none") throw new EntraRefusal(50058);
  if (prompt !== undefined && !["login", "select_account", "consent"].includes(prompt))
    throw new EntraRefusal(9002313, `Prompt '${prompt}'.`);
  return {
    scope: scope as string,
    codeChallenge,
    nonce: parameters.get("nonce"),
    loginHint: parameters.get("login_hint") ?? "",
    claims: parameters.get("claims"),
    clientInfo: parameters.get("client_info") === "1",
  };
}
