/**
 * An OpenID provider that is not ours (the package `oidc-provider`) on loopback, set up as far towards Entra as its
 * options go: the claims `oid`, `tid` and `preferred_username`, Graph's permissions as scopes, a native public client
 * whose loopback redirect may have any port, device code, rotating refresh tokens.
 *
 * It is stricter than Entra in what matters: a refresh token that is used twice revokes the whole grant, where Entra's
 * old ones stay good. What no option makes it do, and how the tests get by, stands at the head of `door.ts`.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import Provider, { type Configuration } from "oidc-provider";

export interface ProviderOptions {
  readonly clientId: string;
  readonly tenantId: string;
  /** Object id by sign-in name; nobody else has an account. */
  readonly people: ReadonlyMap<string, string>;
}

export interface OpenIdProvider {
  /** `http://127.0.0.1:port`, the issuer. */
  readonly url: string;
  /** Revokes the access token: its holder is refused from now on. */
  revokeAccess(token: string): Promise<void>;
  /** Revokes the grant that a refresh token belongs to, with all its tokens, as an administrator would. */
  revokeGrant(refreshToken: string): Promise<void>;
  /** How often the refresh token has been renewed since its sign-in. */
  rotations(refreshToken: string): Promise<number>;
  close(): Promise<void>;
}

/** Graph's permissions as MSAL asks for them. The provider knows them as plain scopes: tokens for a resource of their own would not open its userinfo. */
const permissions = ["User.Read", "User.ReadBasic.All", "Mail.ReadWrite"].map((name) => `https://graph.microsoft.com/${name}`);

function configuration({ clientId, tenantId, people }: ProviderOptions): Configuration {
  return {
    clients: [
      {
        client_id: clientId,
        application_type: "native",
        token_endpoint_auth_method: "none",
        redirect_uris: ["http://localhost"],
        response_types: ["code"],
        grant_types: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
      },
    ],
    scopes: ["openid", "profile", "offline_access", ...permissions],
    claims: { openid: ["sub", "oid", "tid", "preferred_username"] },
    findAccount: (_, name) => {
      const objectId = people.get(name.toLowerCase());
      const claims = { sub: `${objectId}-sub`, oid: objectId, tid: tenantId, preferred_username: name };
      return objectId === undefined ? undefined : { accountId: name, claims: () => claims };
    },
    features: { devInteractions: { enabled: true }, deviceFlow: { enabled: true }, claimsParameter: { enabled: true } },
    rotateRefreshToken: true,
    pkce: { required: () => true },
    expiresWithSession: () => false,
    cookies: { keys: ["signs the cookies of a test"] },
  };
}

export async function openProvider(options: ProviderOptions): Promise<OpenIdProvider> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(url, configuration(options));
  server.on("request", provider.callback());

  async function refreshToken(value: string) {
    const found = await provider.RefreshToken.find(value);
    if (!found) throw new Error("The provider knows no such refresh token.");
    return found;
  }

  return {
    url,
    async revokeAccess(token) {
      await (await provider.AccessToken.find(token))?.destroy();
    },
    async revokeGrant(token) {
      const { grantId = "" } = await refreshToken(token);
      await Promise.all([
        provider.AccessToken.revokeByGrantId(grantId),
        provider.RefreshToken.revokeByGrantId(grantId),
        (await provider.Grant.find(grantId))?.destroy(),
      ]);
    },
    rotations: async (token) => (await refreshToken(token)).rotations ?? 0,
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}
