/**
 * The daemon's `fetch` over a foreign OpenID provider: Entra's addresses lead to the provider's endpoints; Graph answers
 * only whom the provider's userinfo endpoint knows by the very access token of the request, so that every token that the
 * daemon uses is proven real. `/me` is what userinfo says; all other answers of Graph are the simulator's.
 *
 * What a plain OpenID provider does otherwise than Entra and no option changes, and what is done about it (each seen by
 * leaving it out):
 * - It gives no refresh token for `offline_access` without `prompt=consent` (OpenID Connect Core §11), where Entra asks
 *   for none: the address of its page gets the prompt.
 * - MSAL calls the device grant `device_code`; the provider knows it by its name in RFC 8628 only, so it is renamed.
 * - It sends no `client_info`: MSAL then names the account by the claim `sub`, which does.
 * - Of MSAL's `claims` it reads what is for the id token; what is for the access token (`xms_cc`, the capability cp1) it
 *   passes over. So it never challenges, and continuous access evaluation cannot be played with it.
 * - It has no password grant (OAuth 2.1 has none): `unsupported_grant_type`, which a test asserts.
 * - Its errors carry no AADSTS number: what they mean is told by their OAuth names alone.
 * - Discovery, issuer and the id token's signature are not in play: MSAL knows Entra's endpoints by heart and trusts
 *   the connection to the token endpoint (msal-node 7.2, public clients).
 */
import type { Simulator } from "../../simulator/index.js";
import type { Fetch } from "../../src/base/http.js";

export interface Door {
  readonly fetch: Fetch;
  /** The provider's page for an authorize address that the daemon gave. */
  browserUrl(url: string): string;
  /** Every request to the provider's token endpoint, in order. */
  readonly exchanges: readonly Exchange[];
  /** All secrets that have passed. */
  readonly secrets: ReadonlySet<string>;
  /** The newest of each kind that the provider gave. */
  readonly newest: { readonly accessToken: string; readonly refreshToken: string };
  /** Paths of Graph that were refused because the provider does not know the token. */
  readonly refused: readonly string[];
}

export interface Exchange {
  readonly grantType: string;
  readonly status: number;
  /** Empty where a token came. */
  readonly error: string | undefined;
}

interface TokenAnswer {
  readonly access_token?: string;
  readonly refresh_token?: string;
  readonly id_token?: string;
  readonly error?: string;
}

interface UserInfo {
  readonly oid: string;
  readonly preferred_username: string;
}

const authority = "login.microsoftonline.com";
const graph = "graph.microsoft.com";
const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code";

export function createDoor(providerUrl: string, sim: Simulator): Door {
  const exchanges: Exchange[] = [];
  const secrets = new Set<string>();
  const refused: string[] = [];
  const newest = { accessToken: "", refreshToken: "" };

  async function post(path: string, body: URLSearchParams, signal: AbortSignal | undefined): Promise<Response> {
    return globalThis.fetch(providerUrl + path, { method: "POST", body, ...(signal ? { signal } : {}) });
  }

  async function exchange(body: URLSearchParams, signal: AbortSignal | undefined): Promise<Response> {
    for (const name of ["code", "code_verifier", "refresh_token", "device_code"]) note(body.get(name));
    if (body.get("grant_type") === "device_code") body.set("grant_type", deviceGrant);
    const answer = await post("/token", body, signal);
    const given = (await answer.clone().json()) as TokenAnswer;
    const { access_token: accessToken, refresh_token: refreshToken, id_token: idToken } = given;
    for (const secret of [accessToken, refreshToken, idToken]) note(secret);
    if (accessToken) newest.accessToken = accessToken;
    if (refreshToken) newest.refreshToken = refreshToken;
    exchanges.push({ grantType: body.get("grant_type") ?? "", status: answer.status, error: given.error });
    return answer;
  }

  function note(secret: string | null | undefined): void {
    if (secret) secrets.add(secret);
  }

  async function askGraph(url: URL, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    const who = await globalThis.fetch(`${providerUrl}/me`, { headers: { authorization: headers.get("authorization") ?? "" } });
    if (who.status !== 200) {
      refused.push(url.pathname);
      const code = { error: { code: "InvalidAuthenticationToken", message: "The provider does not know the token." } };
      return Response.json(code, { status: 401, headers: { "www-authenticate": 'Bearer realm="", error="invalid_token"' } });
    }
    const { oid, preferred_username: name } = (await who.json()) as UserInfo;
    if (url.pathname === "/v1.0/me") return Response.json({ id: oid, userPrincipalName: name, mail: name });
    headers.set("authorization", `Bearer ${await simulatedToken(name)}`);
    return sim.fetch(url, { ...init, headers });
  }

  /** What opens the simulator's Graph for somebody. */
  async function simulatedToken(name: string): Promise<string> {
    const body = new URLSearchParams({
      grant_type: "refresh_token",
      client_id: sim.clientId,
      refresh_token: sim.user(name).issueRefreshToken(),
      scope: `https://${graph}/.default`,
    });
    const answer = await sim.fetch(`https://${authority}/${sim.tenantId}/oauth2/v2.0/token`, { method: "POST", body });
    return ((await answer.json()) as { access_token: string }).access_token;
  }

  return {
    async fetch(input, init = {}) {
      const url = new URL(String(input));
      if (url.host === graph) return askGraph(url, init);
      const body = new URLSearchParams(String(init.body));
      const endpoint = endpointOf(url, sim.tenantId);
      if (endpoint === "token") return exchange(body, init.signal ?? undefined);
      if (endpoint === "devicecode") return post("/device/auth", body, init.signal ?? undefined);
      throw new TypeError(`Nobody answers at ${url.href}`);
    },
    browserUrl(text) {
      const url = new URL(text);
      if (endpointOf(url, sim.tenantId) !== "authorize") throw new TypeError(`Expected the authorize address, got ${url.pathname}`);
      url.searchParams.set("prompt", "consent");
      return `${providerUrl}/auth${url.search}`;
    },
    exchanges,
    secrets,
    newest,
    refused,
  };
}

function endpointOf({ host, pathname }: URL, tenantId: string): string | undefined {
  const [, tenant, ...rest] = pathname.split("/");
  const [, endpoint] = /^oauth2\/v2\.0\/(authorize|token|devicecode)$/.exec(rest.join("/")) ?? [];
  return host === authority && tenant === tenantId ? endpoint : undefined;
}
