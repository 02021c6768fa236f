import { channel } from "node:diagnostics_channel";
import { expect, onTestFinished, test } from "vitest";
import { createSimulator, type SimulatedSecret } from "../../../simulator/index.js";
import { address, everyScope, postToken } from "./caller.js";

function listen(): SimulatedSecret[] {
  const secrets: SimulatedSecret[] = [];
  const hear = (message: unknown) => void secrets.push(message as SimulatedSecret);
  const heard = channel("m365-mail-daemon/simulator:secret");
  heard.subscribe(hear);
  onTestFinished(() => void heard.unsubscribe(hear));
  return secrets;
}

test("every secret is told: passwords, device codes, and all three tokens", async () => {
  const secrets = listen();
  const sim = createSimulator();
  const user = sim.addUser({ address, password: "right horse" });
  user.setPassword("newer horse");
  const imported = user.issueRefreshToken();
  const { body } = await postToken(sim, { grant_type: "refresh_token", refresh_token: imported });
  const begun = await sim.fetch(`https://login.microsoftonline.com/${sim.tenantId}/oauth2/v2.0/devicecode`, {
    method: "POST",
    body: new URLSearchParams({ client_id: sim.clientId, scope: everyScope }),
  });
  const { device_code } = (await begun.json()) as { device_code: string };
  expect(secrets).toEqual([
    { kind: "password", value: "right horse" },
    { kind: "password", value: "newer horse" },
    { kind: "refresh-token", value: imported },
    { kind: "access-token", value: body.access_token },
    { kind: "refresh-token", value: body.refresh_token },
    { kind: "id-token", value: body.id_token },
    { kind: "device-code", value: device_code },
  ]);
});

test("an authorization code is told before the client has it", async () => {
  const secrets = listen();
  const sim = createSimulator();
  sim.addUser({ address, password: "right horse" });
  const query = new URLSearchParams({
    client_id: sim.clientId,
    response_type: "code",
    redirect_uri: "http://localhost:1",
    scope: everyScope,
    code_challenge: "a".repeat(43),
    code_challenge_method: "S256",
  });
  const response = await sim.fetch(`https://login.microsoftonline.com/${sim.tenantId}/oauth2/v2.0/authorize?${query}`, {
    method: "POST",
    body: new URLSearchParams({ login: address, passwd: "right horse" }),
  });
  expect(response.status).toBe(302);
  const code = new URL(response.headers.get("location") ?? "").searchParams.get("code");
  expect(secrets).toContainEqual({ kind: "authorization-code", value: code });
});

test("the log holds none of the secrets, in none of the ways to sign in", async () => {
  const secrets = listen();
  const sim = createSimulator();
  const user = sim.addUser({ address, password: "right horse" });
  await postToken(sim, { grant_type: "password", username: address, password: "right horse" });
  await postToken(sim, { grant_type: "password", username: address, password: "a wrong one" });
  await postToken(sim, { grant_type: "refresh_token", refresh_token: user.issueRefreshToken() });
  const log = JSON.stringify(sim.log.entries());
  expect(sim.log.count({ route: "token" })).toBe(3);
  for (const { value } of secrets) expect(log).not.toContain(value);
  expect(log).not.toContain("a wrong one");
});
