/**
 * Instance discovery and OpenID metadata. Invariant: every URL given lies on the authority that was asked. Knows no account.
 */
import type { SimulatedCloud } from "../cloud.js";
import type { Answer } from "../exchange.js";

const json = (value: unknown): Answer => ({
  status: 200,
  headers: { "content-type": "application/json; charset=utf-8" },
  body: JSON.stringify(value),
});

/** `GET /common/discovery/instance`. */
export function answerInstance(host: string, cloud: SimulatedCloud, tenant: string): Answer {
  return json({
    tenant_discovery_endpoint: `https://${host}/${tenant}/v2.0/.well-known/openid-configuration`,
    "api-version": "1.1",
    metadata: [{ preferred_network: cloud.authorities[0], preferred_cache: cloud.authorities[0], aliases: cloud.authorities }],
  });
}

/** `GET /{tenant}/v2.0/.well-known/openid-configuration`. */
export function answerOpenIdMetadata(host: string, cloud: SimulatedCloud, tenant: string, tenantId: string): Answer {
  const oauth = `https://${host}/${tenant}/oauth2/v2.0`;
  const issuerTenant = ["common", "organizations"].includes(tenant.toLowerCase()) ? "{tenantid}" : tenantId;
  return json({
    token_endpoint: `${oauth}/token`,
    token_endpoint_auth_methods_supported: ["client_secret_post", "private_key_jwt", "client_secret_basic"],
    jwks_uri: `https://${host}/${tenant}/discovery/v2.0/keys`,
    response_modes_supported: ["query", "fragment", "form_post"],
    subject_types_supported: ["pairwise"],
    id_token_signing_alg_values_supported: ["RS256"],
    response_types_supported: ["code", "id_token", "code id_token", "id_token token"],
    scopes_supported: ["openid", "profile", "email", "offline_access"],
    issuer: `https://${host}/${issuerTenant}/v2.0`,
    authorization_endpoint: `${oauth}/authorize`,
    device_authorization_endpoint: `${oauth}/devicecode`,
    end_session_endpoint: `${oauth}/logout`,
    cloud_instance_name: cloud.authorities[0]?.replace(/^login\./, ""),
    msgraph_host: cloud.graphs[0],
  });
}
