import { expect, onTestFinished, test } from "vitest";
import { createSimulator, type Simulator, simulatorUrl } from "../../../simulator/index.js";
import { address, everyScope, postToken, type Reply } from "./caller.js";

const grantType = "urn:ietf:params:oauth:grant-type:device_code";

async function begin(sim: Simulator, form: Record<string, string> = {}, host = "login.microsoftonline.com"): Promise<Reply> {
  const response = await sim.fetch(`https://${host}/${sim.tenantId}/oauth2/v2.0/devicecode`, {
    method: "POST",
    body: new URLSearchParams({ client_id: sim.clientId, scope: everyScope, ...form }),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

async function createScene() {
  const clock = { now: Date.UTC(2026, 0, 5) };
  const sim = createSimulator({ now: () => clock.now });
  const user = sim.addUser({ address, password: "right horse" });
  const { body } = await begin(sim);
  const poll = () => postToken(sim, { grant_type: grantType, device_code: body.device_code });
  /** Polls after the wait that was asked for. */
  const pollLater = (seconds = 5) => {
    clock.now += seconds * 1000;
    return poll();
  };
  return { clock, sim, user, code: body, poll, pollLater };
}

test("a device code comes with all that a client shows, and with no complete address", async () => {
  const { code, sim } = await createScene();
  expect(code).toMatchObject({ expires_in: 900, interval: 5, verification_uri: "https://microsoft.com/devicelogin" });
  expect(code.user_code).toMatch(/^[A-Z0-9]{9}$/);
  expect(code.message).toContain(code.user_code);
  expect(code).not.toHaveProperty("verification_uri_complete");
  expect((await begin(sim, {}, "login.microsoftonline.us")).body.verification_uri).toBe("https://microsoft.com/deviceloginus");
  expect(sim.log.count({ route: "devicecode" })).toBe(2);
});

test("a client waits until the person has entered the code, and gets its tokens once", async () => {
  const { code, user, poll, pollLater } = await createScene();
  expect((await poll()).body).toMatchObject({ error: "authorization_pending", error_codes: [70016] });
  user.enterDeviceCode(` ${code.user_code.toLowerCase()} `);
  const reply = await pollLater();
  expect(reply.status).toBe(200);
  expect(reply.body).toHaveProperty("refresh_token");
  expect(reply.body).toHaveProperty("id_token");
  expect((await pollLater()).body).toMatchObject({ error: "bad_verification_code", error_codes: [70018] });
});

test("whoever polls too fast is told to slow down, each time by five seconds more", async () => {
  const { code, user, poll, pollLater } = await createScene();
  await poll();
  expect((await pollLater(4.9)).body.error).toBe("slow_down");
  expect((await pollLater(9.9)).body.error).toBe("slow_down");
  user.enterDeviceCode(code.user_code);
  expect((await pollLater(14.9)).body.error).toBe("slow_down");
  expect((await pollLater(20)).status).toBe(200);
});

test("a declined code, an unknown code and an expired code each end the wait", async () => {
  const declined = await createScene();
  declined.user.enterDeviceCode(declined.code.user_code, { decline: true });
  expect((await declined.poll()).body.error).toBe("authorization_declined");
  expect((await postToken(declined.sim, { grant_type: grantType, device_code: "nonsense" })).body.error).toBe("bad_verification_code");
  const late = await createScene();
  expect((await late.pollLater(899)).body.error).toBe("authorization_pending");
  expect((await late.pollLater(901)).body).toMatchObject({ error: "expired_token", error_codes: [70020] });
  expect(() => late.user.enterDeviceCode(late.code.user_code)).toThrow("Nobody waits");
});

test("a policy against device codes strikes the redemption, and later the refresh", async () => {
  const { code, user, sim, poll } = await createScene();
  user.enterDeviceCode(code.user_code);
  const { body } = await poll();
  const refresh = async (token: string) => (await postToken(sim, { grant_type: "refresh_token", refresh_token: token })).body;
  const second = await refresh(body.refresh_token);
  user.set({ deviceCodeBlocked: true });
  expect(await refresh(second.refresh_token)).toMatchObject({ error: "invalid_grant", error_codes: [530036] });
  expect((await refresh(user.issueRefreshToken())).error_codes).toBeUndefined();
  const next = (await begin(sim)).body;
  user.enterDeviceCode(next.user_code);
  expect((await postToken(sim, { grant_type: grantType, device_code: next.device_code })).body.error_codes).toEqual([53003]);
});

test.each([
  [{ consented: false }, 65001],
  [{ assigned: false }, 50105],
  [{ disabled: true }, 50057],
  [{ securityDefaults: true }, 530035],
])("a person with %j gets no tokens by device code", async (state, number) => {
  const { code, user, poll } = await createScene();
  user.set(state);
  user.enterDeviceCode(code.user_code);
  expect((await poll()).body.error_codes).toEqual([number]);
});

test("a second factor is no hindrance to a device code", async () => {
  const { code, user, poll } = await createScene();
  user.set({ mfaRequired: true });
  user.enterDeviceCode(code.user_code);
  expect((await poll()).status).toBe(200);
});

test("a wrong app, scope or tenant gets no device code", async () => {
  const { sim } = await createScene();
  expect((await begin(sim, { client_id: "00000000-0000-0000-0000-000000000001" })).body.error_codes).toEqual([700016]);
  expect((await begin(sim, { scope: "Mail.ReadWriteAll" })).body.error_codes).toEqual([70011]);
  sim.faults.add({ name: "refused", route: "devicecode", aadsts: 50059 });
  expect((await begin(sim)).body.error_codes).toEqual([50059]);
});

test("a browser enters the code at the page that the answer names", async () => {
  const { code, sim, poll, pollLater } = await createScene();
  const door = await sim.listen();
  onTestFinished(() => door.close());
  const url = simulatorUrl(door.url, code.verification_uri);
  const headers = { connection: "close" };
  const page = await (await fetch(url, { headers })).text();
  expect(page).toContain('<label for="otc">Code</label>');
  const post = async (form: Record<string, string>) =>
    (await fetch(url, { method: "POST", headers, body: new URLSearchParams(form) })).text();
  expect(await post({ otc: "XXXXXXXXX", login: address, passwd: "right horse" })).toContain("That code didn");
  expect(await post({ otc: code.user_code, login: address, passwd: "wrong" })).toContain("AADSTS50126");
  expect((await poll()).body.error).toBe("authorization_pending");
  expect(await post({ otc: code.user_code, login: address, passwd: "right horse" })).toContain("You are signed in");
  expect((await pollLater()).status).toBe(200);
});

test("a browser cancels at the page", async () => {
  const { code, sim, poll } = await createScene();
  const response = await sim.fetch("https://login.microsoftonline.com/common/oauth2/deviceauth", {
    method: "POST",
    body: new URLSearchParams({ otc: code.user_code, cancel: "1" }),
  });
  expect(await response.text()).toContain("cancelled");
  expect((await poll()).body.error).toBe("authorization_declined");
});
