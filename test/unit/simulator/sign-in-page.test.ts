import { createHash } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createSimulator, type Simulator, type SimulatorOptions, simulatorUrl } from "../../../simulator/index.js";
import { address, everyScope, postToken, type Reply } from "./caller.js";

const verifier = "a".repeat(43);
const challenge = createHash("sha256").update(verifier).digest("base64url");

/** A client's loopback listener; every reply that reaches it is kept. */
async function openListener(): Promise<{ redirectUri: string; replies: URLSearchParams[] }> {
  const replies: URLSearchParams[] = [];
  const read = async (request: IncomingMessage) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    return new URLSearchParams(request.method === "POST" ? body : (request.url ?? "").split("?")[1]);
  };
  const server = createServer((request, response) => {
    void read(request).then((reply) => {
      replies.push(reply);
      response.setHeader("connection", "close").end("done");
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  return { redirectUri: `http://localhost:${(server.address() as AddressInfo).port}`, replies };
}

function authorizeUrl(sim: Simulator, redirectUri: string, changes: Record<string, string | undefined> = {}): string {
  const parameters = {
    client_id: sim.clientId,
    response_type: "code",
    redirect_uri: redirectUri,
    response_mode: "form_post",
    scope: everyScope,
    state: "state & <more>",
    nonce: "once",
    code_challenge: challenge,
    code_challenge_method: "S256",
    client_info: "1",
    ...changes,
  };
  const query = new URLSearchParams(Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined));
  return `https://login.microsoftonline.com/${sim.tenantId}/oauth2/v2.0/authorize?${query}`;
}

async function createScene(options: SimulatorOptions = {}) {
  const sim = createSimulator(options);
  const user = sim.addUser({ address, password: "right horse" });
  const { redirectUri, replies } = await openListener();
  const redeem = (changes: Record<string, string> = {}): Promise<Reply> =>
    postToken(sim, {
      grant_type: "authorization_code",
      code: replies.at(-1)?.get("code") ?? "",
      redirect_uri: redirectUri,
      code_verifier: verifier,
      ...changes,
    });
  const url = (changes?: Record<string, string | undefined>) => authorizeUrl(sim, redirectUri, changes);
  return { sim, user, redirectUri, replies, redeem, url };
}

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());

test("a person signs in, the client's listener gets code, state, client_info and session_state, and the code is redeemed", async () => {
  const { sim, user, replies, redeem, url } = await createScene();
  expect(await user.signInAt(url())).toBe(200);
  expect([...(replies[0]?.keys() ?? [])].sort()).toEqual(["client_info", "code", "session_state", "state"]);
  expect(replies[0]?.get("state")).toBe("state & <more>");
  const { status, body } = await redeem({ client_info: "1" });
  expect(status).toBe(200);
  expect(body).toHaveProperty("access_token");
  expect(body).toHaveProperty("refresh_token");
  expect(body.client_info).toBe(replies[0]?.get("client_info"));
  expect(claimsOf(body.id_token)).toMatchObject({ nonce: "once", preferred_username: address, tid: sim.tenantId });
});

test("the reply comes as a redirect when the client asks for it", async () => {
  const { user, replies, url, redeem } = await createScene();
  expect(await user.signInAt(url({ response_mode: "query" }))).toBe(200);
  expect(replies[0]?.get("state")).toBe("state & <more>");
  expect((await redeem()).status).toBe(200);
});

test("a code is good once, for ten minutes, for its address and its verifier", async () => {
  let now = Date.UTC(2026, 0, 5);
  const { user, redeem, url } = await createScene({ now: () => now });
  const sign = () => user.signInAt(url());
  const code = async (changes?: Record<string, string>) => (await redeem(changes)).body.error_codes?.[0];
  await sign();
  expect(await code()).toBeUndefined();
  expect(await code()).toBe(54005);
  await sign();
  now += 600_000;
  expect(await code()).toBe(70008);
  await sign();
  expect(await code({ redirect_uri: "http://localhost:1" })).toBe(500112);
  await sign();
  expect(await code({ code_verifier: "b".repeat(43) })).toBe(501481);
  expect(await code()).toBe(54005);
  expect(await code({ code: "nonsense" })).toBe(9002313);
  expect(await code({ code: `1.AS${"x".repeat(400)}` })).toBe(70000);
});

test("without a scope of its own, the redemption takes the scope of the sign-in", async () => {
  const { sim, user, redirectUri, replies, url } = await createScene();
  await user.signInAt(url());
  const response = await sim.fetch(`https://login.microsoftonline.com/${sim.tenantId}/oauth2/v2.0/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      client_id: sim.clientId,
      code: replies[0]?.get("code") ?? "",
      redirect_uri: redirectUri,
      code_verifier: verifier,
    }),
  });
  expect(await response.json()).toMatchObject({ scope: expect.stringContaining("Mail.ReadWrite") });
});

test.each([
  ["a redirect address that is not registered", { redirect_uri: "http://127.0.0.1:3000" }, "AADSTS50011"],
  ["another path at localhost", { redirect_uri: "http://localhost:3000/auth" }, "AADSTS50011"],
  ["no redirect address", { redirect_uri: undefined }, "AADSTS900971"],
  ["another app", { client_id: "00000000-0000-0000-0000-000000000001" }, "AADSTS700016"],
  ["a reply in the fragment", { response_mode: "fragment" }, "AADSTS70007"],
])("%s stays on the page", async (_, changes, code) => {
  const { sim, user, replies, url } = await createScene();
  await expect(user.signInAt(url(changes))).rejects.toThrow(code);
  expect(replies).toEqual([]);
  expect(sim.log.entries({ route: "authorize" })).toMatchObject([{ status: 400, code }]);
});

test.each([
  ["no challenge", { code_challenge: undefined }, "invalid_request", "AADSTS9002325"],
  ["a plain challenge", { code_challenge_method: "plain" }, "invalid_request", "AADSTS9002325"],
  ["a challenge of the wrong length", { code_challenge: "short" }, "invalid_request", "AADSTS501491"],
  ["another response type", { response_type: "token" }, "unsupported_response_type", "AADSTS70005"],
  ["a scope that does not exist", { scope: "Mail.ReadWriteAll" }, "invalid_scope", "AADSTS70011"],
  ["a sign-in without a person", { prompt: "none" }, "login_required", "AADSTS50058"],
])("%s is told to the client", async (_, changes, error, code) => {
  const { user, replies, url } = await createScene();
  expect(await user.signInAt(url(changes))).toBe(200);
  expect(replies[0]?.get("error")).toBe(error);
  expect(replies[0]?.get("error_description")).toMatch(new RegExp(`^${code}: .+ Trace ID: `));
  expect(replies[0]?.get("state")).toBe("state & <more>");
  expect(replies[0]?.has("code")).toBe(false);
});

test("a parameter that nobody knows fails loudly", async () => {
  const { user, url } = await createScene();
  await expect(user.signInAt(url({ colour: "red" }))).rejects.toThrow("SimulatorUnknownParameter: the simulator does not know colour");
});

test("cancelling is access_denied with 65004", async () => {
  const { user, replies, url } = await createScene();
  expect(await user.signInAt(url(), { decline: true })).toBe(200);
  expect(replies[0]?.get("error")).toBe("access_denied");
  expect(replies[0]?.get("error_subcode")).toBe("cancel");
  expect(replies[0]?.get("error_description")).toContain("AADSTS65004");
});

test("the page keeps whoever has no right password, and lets in whoever needs a second factor", async () => {
  const { sim, user, replies, url } = await createScene();
  await expect(user.signInAt(url(), { password: "wrong" })).rejects.toThrow("AADSTS50126");
  user.set({ passwordExpired: true });
  await expect(user.signInAt(url(), { password: "right horse" })).rejects.toThrow("AADSTS50055");
  user.set({ passwordExpired: false, disabled: true });
  await expect(user.signInAt(url())).rejects.toThrow("AADSTS50057");
  user.set({ disabled: false, mfaRequired: true, mustRegisterMfa: true, securityDefaults: true, federated: true, guest: true });
  expect(replies).toEqual([]);
  expect(await user.signInAt(url(), { password: "right horse" })).toBe(200);
  expect(replies[0]?.has("code")).toBe(true);
  expect(sim.log.count({ route: "authorize", mailbox: address })).toBe(8);
});

test("ten wrong passwords at the page lock the account there and for the password grant", async () => {
  const { sim, user, url } = await createScene();
  for (let time = 1; time < 10; time++) await expect(user.signInAt(url(), { password: `wrong ${time}` })).rejects.toThrow("AADSTS50126");
  await expect(user.signInAt(url(), { password: "the tenth" })).rejects.toThrow("AADSTS50053");
  expect((await postToken(sim, { grant_type: "password", username: address, password: "right horse" })).body.error_codes).toEqual([50053]);
});

test.each([
  [{ consented: false }, "AADSTS90094"],
  [{ assigned: false }, "AADSTS50105"],
])("a person with %j is told to the client as access_denied", async (state, code) => {
  const { user, replies, url } = await createScene();
  user.set(state);
  expect(await user.signInAt(url())).toBe(200);
  expect(replies[0]?.get("error")).toBe("access_denied");
  expect(replies[0]?.get("error_description")).toContain(code);
});

test.each([
  [53003, "access_denied"],
  [90033, "temporarily_unavailable"],
])("a fault with AADSTS%i at the page reaches the client as %s", async (aadsts, error) => {
  const { sim, user, replies, url } = await createScene();
  sim.faults.add({ name: "refused", route: "authorize", aadsts });
  expect(await user.signInAt(url())).toBe(200);
  expect(replies[0]?.get("error")).toBe(error);
  expect(replies[0]?.get("error_description")).toContain(`AADSTS${aadsts}`);
});

test("a fault that blames the app stays on the page", async () => {
  const { sim, user, replies, url } = await createScene();
  sim.faults.add({ name: "refused", route: "authorize", aadsts: 700016 });
  await expect(user.signInAt(url())).rejects.toThrow("AADSTS700016");
  expect(replies).toEqual([]);
});

test("the log keeps neither state nor nonce nor code", async () => {
  const { sim, user, replies, redeem, url } = await createScene();
  await user.signInAt(url());
  await redeem();
  const log = JSON.stringify(sim.log.entries());
  expect(log).toContain("/oauth2/v2.0/authorize");
  for (const secret of ["state+", "once", challenge, replies[0]?.get("code") ?? "?"]) expect(log).not.toContain(secret);
});

test("a browser finds the page at the loopback door: labelled, filled in, guarded, safe against what the address holds", async () => {
  const { sim, url } = await createScene();
  const door = await sim.listen();
  onTestFinished(() => door.close());
  const response = await fetch(simulatorUrl(door.url, url({ login_hint: '"><script>alert(1)</script>@contoso.com' })), {
    headers: { connection: "close" },
  });
  const page = await response.text();
  expect(response.status).toBe(200);
  expect(page).toContain('<label for="login">Account</label>');
  expect(page).toContain('<label for="passwd">Password</label>');
  expect(page).not.toContain("<script");
  const policy = response.headers.get("content-security-policy") ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).toMatch(/form-action 'self' http:\/\/localhost:\d+/);
  expect(response.headers.get("x-frame-options")).toBe("DENY");
  expect(response.headers.get("cache-control")).toContain("no-store");
});

test("a form posted at the door leads to a page that posts itself on, with a button for browsers without scripts", async () => {
  const { sim, redirectUri, url } = await createScene();
  const door = await sim.listen();
  onTestFinished(() => door.close());
  const post = (password: string) =>
    fetch(simulatorUrl(door.url, url()), {
      method: "POST",
      headers: { connection: "close" },
      body: new URLSearchParams({ login: address, passwd: password }),
    });
  const refused = await (await post("wrong")).text();
  expect(refused).toContain('role="alert"');
  expect(refused).toContain("AADSTS50126");
  expect(refused).toContain(`value="${address}"`);
  expect(refused).not.toContain("wrong");
  const passed = await post("right horse");
  const page = await passed.text();
  const nonce = /<script nonce="([^"]+)">/.exec(page)?.[1];
  expect(passed.headers.get("content-security-policy")).toContain(`script-src 'nonce-${nonce}'`);
  expect(page).toContain(`<form id="reply" method="post" action="${redirectUri}">`);
  expect(page).toContain('name="state" value="state &#38; &#60;more&#62;"');
  expect(page).toMatch(/<noscript>.*Continue<\/button>/s);
});

test("simulatorUrl maps Entra's addresses and nobody else's", () => {
  const door = "http://127.0.0.1:4711";
  expect(simulatorUrl(door, "https://login.microsoftonline.us/t/oauth2?a=b")).toBe(`${door}/login.microsoftonline.us/t/oauth2?a=b`);
  expect(simulatorUrl(door, "https://microsoft.com/devicelogin")).toBe(`${door}/login.microsoftonline.com/common/oauth2/deviceauth`);
  expect(() => simulatorUrl(door, "https://microsoft.com/elsewhere")).toThrow(TypeError);
  expect(() => simulatorUrl("http://example.org", "https://login.microsoftonline.com/")).toThrow(TypeError);
});
