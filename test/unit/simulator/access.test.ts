import { expect, test } from "vitest";
import { createSimulator } from "../../../simulator/index.js";
import { address, createCaller, graphOrigin, immutable, signIn } from "./caller.js";

test("a missing, unknown or expired token is 401 with a challenge", async () => {
  let now = Date.UTC(2026, 0, 5);
  const caller = await createCaller({ now: () => now, accessTokenLifetimeSeconds: 60 });
  const bare = await caller.sim.fetch(`${graphOrigin}/v1.0/me`);
  expect(bare.status).toBe(401);
  expect(bare.headers.get("www-authenticate")).toContain("Bearer");
  expect((await caller.ask("/me", { headers: { authorization: "Bearer nonsense" } })).body.error.code).toBe("InvalidAuthenticationToken");
  expect((await caller.ask("/me")).status).toBe(200);
  now += 60_000;
  expect((await caller.ask("/me")).body.error.message).toContain("expired");
});

test("a token opens its own user's mailbox only", async () => {
  const caller = await createCaller();
  caller.sim.addUser({ address: "other@contoso.com" });
  caller.sim.addUser({ address: "bare@contoso.com", mailbox: false });
  expect((await caller.ask(`/users/${address}/messages`)).status).toBe(200);
  expect((await caller.ask(`/users/${caller.user.objectId}/mailFolders/inbox`)).status).toBe(200);
  expect((await caller.ask("/users/other@contoso.com/messages")).body.error.code).toBe("ErrorAccessDenied");
  expect((await caller.ask("/users/bare@contoso.com/messages")).body.error.code).toBe("MailboxNotEnabledForRESTAPI");
  expect((await caller.ask("/users/nobody@contoso.com/messages")).body.error.code).toBe("ErrorInvalidUser");
});

test("a missing scope is 403", async () => {
  const sim = createSimulator();
  const user = sim.addUser({ address });
  const id = user.mailbox.deliver();
  const call = async (scope: string, path: string, method = "GET") => {
    const authorization = `Bearer ${await signIn(sim, user, scope)}`;
    return (await sim.fetch(`${graphOrigin}/v1.0${path}`, { method, headers: { authorization } })).status;
  };
  expect(await call("User.Read", "/me")).toBe(200);
  expect(await call("User.Read", "/me/messages")).toBe(403);
  expect(await call("Mail.Read", "/me/messages")).toBe(200);
  expect(await call("Mail.Read", `/me/messages/${id}`, "DELETE")).toBe(403);
  expect(await call("https://graph.microsoft.com/Mail.ReadWrite", `/me/messages/${id}`, "DELETE")).toBe(204);
});

test("a profile shows itself fully and others only in outline", async () => {
  const caller = await createCaller();
  const other = caller.sim.addUser({ address: "other@contoso.com", displayName: "Other Desk", aliases: ["help@contoso.com"] });
  expect((await caller.ask("/me")).body).toMatchObject({
    id: caller.user.objectId,
    userPrincipalName: address,
    mail: address,
    displayName: "Support Desk",
    givenName: "Support",
  });
  expect((await caller.ask("/me?$select=id,proxyAddresses")).body.proxyAddresses).toEqual([`SMTP:${address}`]);
  expect((await caller.ask(`/users/${other.objectId}`)).body).toMatchObject({ displayName: "Other Desk", surname: "Desk" });
  expect((await caller.ask(`/users/${other.objectId}`)).body).not.toHaveProperty("businessPhones");
  expect((await caller.ask(`/users/${other.objectId}?$select=proxyAddresses`)).body.error.code).toBe("Authorization_RequestDenied");
  expect((await caller.ask("/users/help@contoso.com")).body.error.code).toBe("Request_ResourceNotFound");
  expect((await caller.ask("/me?$select=shoeSize")).status).toBe(400);
});

test("every answer carries the ids and the server's date", async () => {
  const now = Date.UTC(2026, 0, 5, 6, 7, 8);
  const caller = await createCaller({ now: () => now });
  const { headers } = await caller.ask("/me/messages", {
    headers: { "client-request-id": "mine" },
    prefer: `${immutable}, odata.maxpagesize=5`,
  });
  expect(headers.get("client-request-id")).toBe("mine");
  expect(headers.get("request-id")).toMatch(/^[0-9a-f-]{36}$/);
  expect(headers.get("date")).toBe("Mon, 05 Jan 2026 06:07:08 GMT");
  expect(headers.get("preference-applied")).toBe(`${immutable}, odata.maxpagesize=5`);
  expect(headers.get("content-type")).toContain("application/json");
});

test.each([
  ["an unknown route", "/me/events", {}, "SimulatorUnknownRoute"],
  ["a method the route does not take", "/me/messages", { method: "POST", body: {} }, "SimulatorUnknownRoute"],
  ["an unknown query parameter", "/me/messages?filter=isRead", {}, "SimulatorUnknownParameter"],
  ["an unknown preference", "/me/messages", { prefer: "respond-async" }, "SimulatorUnknownParameter"],
])("%s fails loudly and is in the log", async (_, path, init, code) => {
  const caller = await createCaller();
  const reply = await caller.ask(path, init);
  expect(reply.status).toBe(501);
  expect(reply.body.error.code).toBe(code);
  expect(caller.sim.log.entries()[0]).toMatchObject({ status: 501, code });
});

test("the beta version is an unknown route", async () => {
  const caller = await createCaller();
  expect((await caller.ask(`${graphOrigin}/beta/me`)).body.error.code).toBe("SimulatorUnknownRoute");
});

test("China's Graph has no delta on messages", async () => {
  const caller = await createCaller();
  const response = await caller.sim.fetch(`https://login.partner.microsoftonline.cn/${caller.sim.tenantId}/oauth2/v2.0/token`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({
      client_id: caller.sim.clientId,
      grant_type: "refresh_token",
      scope: "Mail.Read",
      refresh_token: caller.user.issueRefreshToken(),
    }),
  });
  const { access_token: token } = (await response.json()) as { access_token: string };
  const reply = await caller.ask("https://microsoftgraph.chinacloudapi.cn/v1.0/me/mailFolders/inbox/messages/delta", {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(reply.status).toBe(400);
});
