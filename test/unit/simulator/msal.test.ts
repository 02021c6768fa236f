import { InteractionRequiredAuthError, PublicClientApplication, ServerError } from "@azure/msal-node";
import { expect, test } from "vitest";
import { createSimulator, type Simulator } from "../../../simulator/index.js";
import { address } from "./caller.js";

function createApp(sim: Simulator, clientId = sim.clientId, authorityHost = "login.microsoftonline.com"): PublicClientApplication {
  async function send<T>(url: string, method: string, options: { headers?: Record<string, string>; body?: string } = {}) {
    const response = await sim.fetch(url, {
      method,
      headers: options.headers ?? {},
      ...(options.body !== undefined && { body: options.body }),
    });
    return { status: response.status, headers: Object.fromEntries(response.headers), body: (await response.json()) as T };
  }
  return new PublicClientApplication({
    auth: { clientId, authority: `https://${authorityHost}/${sim.tenantId}` },
    system: {
      networkClient: {
        sendGetRequestAsync: (url, options) => send(url, "GET", options),
        sendPostRequestAsync: (url, options) => send(url, "POST", options),
      },
    },
  });
}

const scopes = ["User.Read", "Mail.ReadWrite"];

test("MSAL signs in by a refresh token that another system held", async () => {
  const sim = createSimulator();
  const user = sim.addUser({ address });
  const result = await createApp(sim).acquireTokenByRefreshToken({ refreshToken: user.issueRefreshToken(), scopes, forceCache: true });
  expect(result?.account).toMatchObject({
    username: address,
    localAccountId: user.objectId,
    tenantId: sim.tenantId,
    homeAccountId: `${user.objectId}.${sim.tenantId}`,
  });
  expect(result?.scopes).toEqual(expect.arrayContaining(scopes));
  const inSeconds = ((result?.expiresOn?.getTime() ?? 0) - Date.now()) / 1000;
  expect(inSeconds).toBeGreaterThan(3590);
  expect(inSeconds).toBeLessThan(5401);
});

test("MSAL signs in by password and refreshes silently with the token it kept", async () => {
  const sim = createSimulator();
  sim.addUser({ address, password: "right horse" });
  const app = createApp(sim);
  const first = await app.acquireTokenByUsernamePassword({ username: address, password: "right horse", scopes });
  const second = await app.acquireTokenSilent({ account: first!.account!, scopes, forceRefresh: true });
  expect(second.accessToken).not.toBe(first?.accessToken);
  expect(sim.log.count({ route: "token", mailbox: address })).toBe(2);
});

test("MSAL reads an MFA demand as a need for interaction", async () => {
  const sim = createSimulator();
  sim.addUser({ address, password: "right horse", mfaRequired: true });
  const error = await createApp(sim)
    .acquireTokenByUsernamePassword({ username: address, password: "right horse", scopes })
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InteractionRequiredAuthError);
  expect(error).toMatchObject({ errorCode: "invalid_grant", subError: "basic_action" });
});

test("MSAL reads a wrong password as a server error that carries the number", async () => {
  const sim = createSimulator();
  sim.addUser({ address, password: "right horse" });
  const error = await createApp(sim)
    .acquireTokenByUsernamePassword({ username: address, password: "wrong", scopes })
    .catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ServerError);
  expect(String(error)).toContain("AADSTS50126");
});

test("MSAL signs in at a national cloud's authority", async () => {
  const sim = createSimulator();
  const user = sim.addUser({ address });
  const result = await createApp(sim, sim.clientId, "login.microsoftonline.us").acquireTokenByRefreshToken({
    refreshToken: user.issueRefreshToken(),
    scopes,
  });
  const me = (host: string) => sim.fetch(`https://${host}/v1.0/me`, { headers: { authorization: `Bearer ${result?.accessToken}` } });
  expect((await me("graph.microsoft.us")).status).toBe(200);
  expect((await me("dod-graph.microsoft.us")).status).toBe(200);
  expect((await me("graph.microsoft.com")).status).toBe(401);
});
