import { expect, test } from "vitest";
import { createSimulator } from "../../../simulator/index.js";
import { address, createCaller, postToken } from "./caller.js";

const passwordForm = (password: string, username = address) => ({ grant_type: "password", username, password });

function createTenant() {
  const sim = createSimulator({ seed: 3 });
  const user = sim.addUser({ address, password: "right horse" });
  return { sim, user };
}

test("a token answer has the fields of Entra's, and a new refresh token each time", async () => {
  const { sim, user } = createTenant();
  const refreshToken = user.issueRefreshToken();
  const ask = () => postToken(sim, { grant_type: "refresh_token", refresh_token: refreshToken, client_info: "1" });
  const [first, second] = [await ask(), await ask()];
  expect(first.status).toBe(200);
  expect(first.body).toMatchObject({ token_type: "Bearer", scope: "openid profile User.Read User.ReadBasic.All Mail.ReadWrite" });
  expect(first.body.ext_expires_in).toBe(first.body.expires_in);
  const claims = JSON.parse(Buffer.from(first.body.id_token.split(".")[1], "base64url").toString());
  expect(claims).toMatchObject({ aud: sim.clientId, oid: user.objectId, tid: sim.tenantId, preferred_username: address, ver: "2.0" });
  expect(JSON.parse(Buffer.from(first.body.client_info, "base64url").toString())).toEqual({ uid: user.objectId, utid: sim.tenantId });
  expect(new Set([refreshToken, first.body.refresh_token, second.body.refresh_token]).size).toBe(3);
});

test("no refresh token comes unless offline_access was asked for", async () => {
  const { sim, user } = createTenant();
  const form = { grant_type: "refresh_token", refresh_token: user.issueRefreshToken() };
  expect((await postToken(sim, { ...form, scope: "openid User.Read" })).body).not.toHaveProperty("refresh_token");
  expect((await postToken(sim, { ...form, scope: "openid User.Read offline_access" })).body).toHaveProperty("refresh_token");
});

test("a refusal has the body of Entra's errors", async () => {
  const { sim } = createTenant();
  const { status, body } = await postToken(sim, passwordForm("wrong"));
  expect(status).toBe(400);
  expect(body).toMatchObject({
    error: "invalid_grant",
    error_codes: [50126],
    error_uri: "https://login.microsoftonline.com/error?code=50126",
  });
  expect(body.error_description).toMatch(/^AADSTS50126: .+ Trace ID: .+ Correlation ID: .+ Timestamp: \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/);
  expect(body).toHaveProperty("trace_id");
  expect(body).toHaveProperty("correlation_id");
});

test.each([
  ["an unknown user", passwordForm("x", "nobody@contoso.com"), 50034, "invalid_grant"],
  [
    "a wrong client id",
    { ...passwordForm("right horse"), client_id: "00000000-0000-0000-0000-000000000001" },
    700016,
    "unauthorized_client",
  ],
  ["a bad scope", { ...passwordForm("right horse"), scope: "Mail.ReadWriteAll" }, 70011, "invalid_scope"],
  ["another cloud's resource", { ...passwordForm("right horse"), scope: "https://graph.microsoft.us/Mail.Read" }, 70011, "invalid_scope"],
  ["a secret from a public client", { ...passwordForm("right horse"), client_secret: "s" }, 700025, "invalid_client"],
  ["a garbled refresh token", { grant_type: "refresh_token", refresh_token: "garbled" }, 9002313, "invalid_request"],
  ["an unknown grant", { grant_type: "magic" }, 70003, "unsupported_grant_type"],
  ["a missing parameter", { grant_type: "password", username: address }, 900144, "invalid_request"],
])("%s is refused by its number", async (_, form, number, error) => {
  const { sim } = createTenant();
  const reply = await postToken(sim, form as Record<string, string>);
  expect(reply.status).toBe(error === "invalid_client" ? 401 : 400);
  expect(reply.body).toMatchObject({ error, error_codes: [number] });
});

test("a wrong tenant is refused, and /common takes no password", async () => {
  const { sim } = createTenant();
  expect((await postToken(sim, passwordForm("right horse"), "11111111-0000-0000-0000-000000000000")).body.error_codes).toEqual([90002]);
  expect((await postToken(sim, passwordForm("right horse"), "common")).body.error_codes).toEqual([9001023]);
  expect((await postToken(sim, passwordForm("right horse"), "organizations")).status).toBe(200);
  expect((await postToken(sim, passwordForm("right horse"), "contoso.com")).status).toBe(200);
});

test("a refresh token of another simulator is unknown, not garbled", async () => {
  const { sim } = createTenant();
  const foreign = createTenant().user.issueRefreshToken();
  expect((await postToken(sim, { grant_type: "refresh_token", refresh_token: foreign })).body).toMatchObject({
    error_codes: [70000],
    suberror: "bad_token",
  });
});

test("disabled, unconsented and MFA accounts are each refused in their own way", async () => {
  const sim = createSimulator();
  sim.addUser({ address: "off@contoso.com", password: "p", disabled: true });
  sim.addUser({ address: "new@contoso.com", password: "p", consented: false });
  sim.addUser({ address: "mfa@contoso.com", password: "p", mfaRequired: true });
  expect((await postToken(sim, passwordForm("p", "off@contoso.com"))).body.error_codes).toEqual([50057]);
  expect((await postToken(sim, passwordForm("p", "new@contoso.com"))).body).toMatchObject({
    error_codes: [65001],
    suberror: "consent_required",
  });
  expect((await postToken(sim, passwordForm("p", "mfa@contoso.com"))).body).toMatchObject({
    error: "invalid_grant",
    error_codes: [50076],
    suberror: "basic_action",
  });
});

test("ten different wrong passwords lock the account for a minute; the same one again does not count", async () => {
  let now = Date.UTC(2026, 0, 5);
  const sim = createSimulator({ now: () => now });
  sim.addUser({ address, password: "right horse" });
  const attempt = async (password: string) => (await postToken(sim, passwordForm(password))).body.error_codes?.[0];
  for (let time = 0; time < 20; time++) expect(await attempt("same")).toBe(50126);
  for (let time = 1; time < 9; time++) expect(await attempt(`wrong ${time}`)).toBe(50126);
  expect(await attempt("the tenth")).toBe(50053);
  expect(await attempt("right horse")).toBe(50053);
  now += 60_001;
  expect(await attempt("right horse")).toBeUndefined();
});

test("revoking ends every refresh token with 50173 and every access token with 401", async () => {
  const caller = await createCaller();
  const old = caller.user.issueRefreshToken();
  caller.user.revokeSessions();
  expect((await postToken(caller.sim, { grant_type: "refresh_token", refresh_token: old })).body.error_codes).toEqual([50173]);
  expect((await caller.ask("/me")).status).toBe(401);
  const fresh = await postToken(caller.sim, { grant_type: "refresh_token", refresh_token: caller.user.issueRefreshToken() });
  expect(fresh.status).toBe(200);
});

test("a new password ends refresh tokens and leaves access tokens alive", async () => {
  const caller = await createCaller();
  const old = caller.user.issueRefreshToken();
  caller.user.setPassword("newer horse");
  expect((await postToken(caller.sim, { grant_type: "refresh_token", refresh_token: old })).body.error_codes).toEqual([50173]);
  expect((await caller.ask("/me")).status).toBe(200);
  expect((await postToken(caller.sim, passwordForm("newer horse"))).status).toBe(200);
});

test("a refresh token dies of 90 days without use, and each use renews it", async () => {
  let now = Date.UTC(2026, 0, 5);
  const sim = createSimulator({ now: () => now });
  const refreshToken = sim.addUser({ address }).issueRefreshToken();
  const refresh = async () => (await postToken(sim, { grant_type: "refresh_token", refresh_token: refreshToken })).body.error_codes?.[0];
  for (const days of [80, 80]) {
    now += days * 86_400_000;
    expect(await refresh()).toBeUndefined();
  }
  now += 91 * 86_400_000;
  expect(await refresh()).toBe(700082);
});

test("discovery names the token endpoint of the authority that was asked", async () => {
  const { sim } = createTenant();
  const get = async (url: string) => (await sim.fetch(url)).json() as Promise<Record<string, unknown>>;
  const metadata = await get(`https://login.microsoftonline.us/${sim.tenantId}/v2.0/.well-known/openid-configuration`);
  expect(metadata.token_endpoint).toBe(`https://login.microsoftonline.us/${sim.tenantId}/oauth2/v2.0/token`);
  const instance = await get(
    "https://login.microsoftonline.com/common/discovery/instance?api-version=1.1&authorization_endpoint=https://x/",
  );
  expect(instance.metadata).toHaveLength(1);
  expect(sim.log.count({ route: "discovery" })).toBe(2);
});

test("an unknown route or form parameter of Entra fails loudly", async () => {
  const { sim } = createTenant();
  expect((await sim.fetch(`https://login.microsoftonline.com/${sim.tenantId}/oauth2/token`, { method: "POST" })).status).toBe(501);
  const reply = await postToken(sim, { ...passwordForm("right horse"), colour: "red" });
  expect(reply.status).toBe(501);
  expect(reply.body.error_description).toContain("SimulatorUnknownParameter: the simulator does not know colour");
  expect(sim.log.entries().map((entry) => entry.code)).toEqual(["SimulatorUnknownRoute", "SimulatorUnknownParameter"]);
});
