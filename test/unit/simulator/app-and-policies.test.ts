import { expect, test } from "vitest";
import { createSimulator } from "../../../simulator/index.js";
import { address, createCaller, everyScope, postToken } from "./caller.js";

const passwordForm = { grant_type: "password", username: address, password: "right horse" };

function createTenant() {
  const clock = { now: Date.UTC(2026, 0, 5) };
  const sim = createSimulator({ now: () => clock.now });
  const user = sim.addUser({ address, password: "right horse" });
  const refresh = async (token: string) => (await postToken(sim, { grant_type: "refresh_token", refresh_token: token })).body;
  return { clock, sim, user, refresh };
}

test("with public client flows off, password and device code are refused as by a client without a secret; refreshing goes on", async () => {
  const sim = createSimulator({ publicClientFlows: false });
  const user = sim.addUser({ address, password: "right horse" });
  const refused = { error: "invalid_client", error_codes: [7000218] };
  const byPassword = await postToken(sim, passwordForm);
  expect(byPassword.status).toBe(401);
  expect(byPassword.body).toMatchObject(refused);
  const form = { grant_type: "urn:ietf:params:oauth:grant-type:device_code", device_code: "any" };
  expect((await postToken(sim, form)).body).toMatchObject(refused);
  const begun = await sim.fetch(`https://login.microsoftonline.com/${sim.tenantId}/oauth2/v2.0/devicecode`, {
    method: "POST",
    body: new URLSearchParams({ client_id: sim.clientId, scope: everyScope }),
  });
  expect(begun.status).toBe(401);
  expect(await begun.json()).toMatchObject(refused);
  expect((await postToken(sim, { grant_type: "refresh_token", refresh_token: user.issueRefreshToken() })).status).toBe(200);
  sim.setApp({ publicClientFlows: true });
  expect((await postToken(sim, passwordForm)).status).toBe(200);
});

test("an app that is disabled or gone gets nothing", async () => {
  const { sim, user, refresh } = createTenant();
  sim.setApp({ enabled: false });
  expect(await refresh(user.issueRefreshToken())).toMatchObject({ error: "unauthorized_client", error_codes: [7000112] });
  sim.setApp({ registered: false });
  expect(await refresh(user.issueRefreshToken())).toMatchObject({ error: "unauthorized_client", error_codes: [700016] });
  sim.setApp({ enabled: true, registered: true });
  expect(await refresh(user.issueRefreshToken())).toHaveProperty("access_token");
});

test.each([
  [{ mfaRequired: true }, 50076],
  [{ mustRegisterMfa: true }, 50079],
  [{ federated: true }, 50126],
  [{ guest: true }, 50020],
  [{ disabled: true }, 50057],
  [{ passwordExpired: true }, 50055],
  [{ securityDefaults: true }, 530035],
  [{ assigned: false }, 50105],
  [{ consented: false }, 65001],
])("a user with %j is refused by password with AADSTS%i, when added so and when set so later", async (state, number) => {
  const { sim, user } = createTenant();
  user.set(state);
  expect((await postToken(sim, passwordForm)).body.error_codes).toEqual([number]);
  const other = createSimulator();
  other.addUser({ address, password: "right horse", ...state });
  expect((await postToken(other, passwordForm)).body.error_codes).toEqual([number]);
});

test("what is set can be taken back", async () => {
  const { sim, user } = createTenant();
  user.set({ mfaRequired: true, disabled: true });
  user.set({ disabled: false, mfaRequired: false });
  expect((await postToken(sim, passwordForm)).status).toBe(200);
});

test("a second factor demanded later ends a session that began with a password, and no other", async () => {
  const { sim, user, refresh } = createTenant();
  const begun = (await postToken(sim, passwordForm)).body;
  const next = await refresh(begun.refresh_token);
  user.set({ mfaRequired: true });
  expect((await refresh(next.refresh_token)).error_codes).toEqual([50076]);
  expect((await refresh(user.issueRefreshToken({ way: "password" }))).error_codes).toEqual([50076]);
  expect(await refresh(user.issueRefreshToken())).toHaveProperty("access_token");
});

test("a sign-in frequency counts from the sign-in, however often it was refreshed", async () => {
  const { clock, user, refresh } = createTenant();
  user.set({ signInFrequencySeconds: 3600 });
  let token = user.issueRefreshToken();
  for (let time = 0; time < 3; time++) {
    clock.now += 1_199_999;
    token = (await refresh(token)).refresh_token;
  }
  clock.now += 3;
  expect(await refresh(token)).toMatchObject({ error_codes: [70043], suberror: "token_expired" });
  user.set({ signInFrequencySeconds: undefined });
  expect(await refresh(token)).toHaveProperty("access_token");
});

test("an expired password and a lost assignment: the one leaves refresh tokens alone, the other does not", async () => {
  const { user, refresh } = createTenant();
  const token = user.issueRefreshToken();
  user.set({ passwordExpired: true });
  expect(await refresh(token)).toHaveProperty("access_token");
  user.set({ assigned: false });
  expect((await refresh(token)).error_codes).toEqual([50105]);
});

test("a life of refresh tokens is told with each and ends those that rest for so long", async () => {
  const { clock, user, refresh } = createTenant();
  expect(await refresh(user.issueRefreshToken())).not.toHaveProperty("refresh_token_expires_in");
  user.set({ refreshTokenExpiresInSeconds: 86_400 });
  const first = await refresh(user.issueRefreshToken());
  expect(first.refresh_token_expires_in).toBe(86_400);
  clock.now += 86_400_000;
  const second = await refresh(first.refresh_token);
  clock.now += 86_400_001;
  expect((await refresh(second.refresh_token)).error_codes).toEqual([700082]);
});

test("a licence can be taken away and given back", async () => {
  const { user, ask } = await createCaller();
  const { mailbox } = user;
  mailbox.deliver({ subject: "kept" });
  user.set({ mailbox: false });
  expect((await ask("/me/messages")).body.error.code).toBe("MailboxNotEnabledForRESTAPI");
  expect((await ask("/me")).body.mail).toBeNull();
  expect(() => user.mailbox).toThrow("no mailbox");
  user.set({ mailbox: true });
  expect((await ask("/me/messages")).body.value).toHaveLength(1);
});

test("a tenant of one cloud is refused by the others' authorities", async () => {
  const sim = createSimulator({ authorityHost: "login.microsoftonline.us" });
  const user = sim.addUser({ address, password: "right horse" });
  const refused = await postToken(sim, { grant_type: "refresh_token", refresh_token: user.issueRefreshToken() });
  expect(refused.body).toMatchObject({ error: "invalid_request", error_codes: [90038] });
  const answer = await sim.fetch(`https://login.microsoftonline.us/${sim.tenantId}/v2.0/.well-known/openid-configuration`);
  expect(answer.status).toBe(200);
});

test("a used refresh token works on as long as the grace says, and the one it gave does not end with it", async () => {
  const clock = { now: Date.UTC(2026, 0, 5) };
  const sim = createSimulator({ now: () => clock.now, refreshTokenGraceSeconds: 60 });
  const user = sim.addUser({ address });
  const refresh = async (token: string) =>
    (await postToken(sim, { grant_type: "refresh_token", refresh_token: token, scope: everyScope })).body;
  const first = user.issueRefreshToken();
  clock.now += 3_600_000;
  const { refresh_token: second } = await refresh(first);
  clock.now += 59_999;
  expect(await refresh(first)).toHaveProperty("access_token");
  clock.now += 1;
  expect(await refresh(first)).toMatchObject({ error: "invalid_grant", error_codes: [70000] });
  expect(await refresh(second)).toHaveProperty("access_token");
});

test("a user whose permissions are narrowed gets tokens with those alone, and the answer says so", async () => {
  const { sim, user } = createTenant();
  const ask = async () =>
    (await postToken(sim, { grant_type: "refresh_token", refresh_token: user.issueRefreshToken(), scope: everyScope })).body;
  const asked = async ({ access_token }: { access_token: string }, method: string, path: string) =>
    (await sim.fetch(`https://graph.microsoft.com/v1.0${path}`, { method, headers: { authorization: `Bearer ${access_token}` } })).status;
  const id = user.mailbox.deliver();
  const whole = await ask();
  expect(whole.scope).toContain("Mail.ReadWrite");
  user.set({ permissions: ["User.Read", "Mail.Read"] });
  const narrow = await ask();
  expect(narrow.scope).toBe("User.Read Mail.Read openid profile");
  expect(await asked(narrow, "GET", `/me/messages/${encodeURIComponent(id)}`)).toBe(200);
  expect(await asked(narrow, "DELETE", `/me/messages/${encodeURIComponent(id)}`)).toBe(403);
  user.set({ permissions: undefined });
  expect(await asked(await ask(), "DELETE", `/me/messages/${encodeURIComponent(id)}`)).toBe(204);
});
