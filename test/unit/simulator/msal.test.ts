import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { CryptoProvider, InteractionRequiredAuthError, PublicClientApplication, ServerError } from "@azure/msal-node";
import { expect, onTestFinished, test } from "vitest";
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

test("MSAL signs in by device code while a person enters it", async () => {
  const sim = createSimulator();
  const user = sim.addUser({ address });
  const result = await createApp(sim).acquireTokenByDeviceCode({
    scopes,
    deviceCodeCallback: ({ userCode, verificationUri, interval }) => {
      expect(verificationUri).toBe("https://microsoft.com/devicelogin");
      expect(interval).toBe(5);
      user.enterDeviceCode(userCode);
    },
  });
  expect(result?.account?.username).toBe(address);
});

test("MSAL signs in by authorization code with PKCE", async () => {
  const sim = createSimulator();
  const user = sim.addUser({ address });
  const app = createApp(sim);
  const { challenge, verifier } = await new CryptoProvider().generatePkceCodes();
  const replies: Promise<string>[] = [];
  const server = createServer((request, response) => {
    replies.push(text(request));
    response.setHeader("connection", "close").end();
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  const redirectUri = `http://localhost:${(server.address() as AddressInfo).port}`;
  const url = await app.getAuthCodeUrl({
    scopes,
    redirectUri,
    responseMode: "form_post",
    state: "mine",
    nonce: "once",
    loginHint: address,
    prompt: "select_account",
    codeChallenge: challenge,
    codeChallengeMethod: "S256",
  });
  expect(await user.signInAt(url)).toBe(200);
  const reply = new URLSearchParams(await replies[0]);
  const redeem = (nonce: string) =>
    app.acquireTokenByCode(
      { scopes, redirectUri, code: reply.get("code") ?? "", codeVerifier: verifier },
      { code: reply.get("code") ?? "", client_info: reply.get("client_info") ?? "", nonce },
    );
  const result = await redeem("once");
  expect(result.account?.homeAccountId).toBe(`${user.objectId}.${sim.tenantId}`);
  await expect(redeem("once")).rejects.toThrow("AADSTS54005");
});

test("MSAL opens a browser by itself and listens for the form", async () => {
  const sim = createSimulator();
  const user = sim.addUser({ address });
  const result = await createApp(sim).acquireTokenInteractive({
    scopes,
    openBrowser: async (url) => void (await user.signInAt(url)),
  });
  expect(result.account?.username).toBe(address);
});
