import { expect, onTestFinished, test, vi } from "vitest";
import { createSimulator } from "../../../simulator/index.js";
import { createCaller, graphOrigin, turns } from "./caller.js";

test("an unknown host fails like an unreachable one, and plain http is refused", async () => {
  const { fetch } = createSimulator();
  await expect(fetch("https://example.org/")).rejects.toMatchObject({
    name: "TypeError",
    message: "fetch failed",
    cause: { code: "ENOTFOUND" },
  });
  await expect(fetch("http://graph.microsoft.com/v1.0/me")).rejects.toMatchObject({ cause: { code: "ECONNREFUSED" } });
});

test("a request may be given as text, URL or Request, with any kind of body", async () => {
  const { sim, token, user } = await createCaller();
  const id = user.mailbox.deliver();
  const headers = { Authorization: `Bearer ${token}` };
  const url = `${graphOrigin}/v1.0/me/messages/${id}`;
  expect((await sim.fetch(url, { headers })).status).toBe(200);
  expect((await sim.fetch(new URL(url), { headers: new Headers(headers) })).status).toBe(200);
  expect((await sim.fetch(new Request(url, { headers }))).status).toBe(200);
  const body = new TextEncoder().encode('{"isRead":true}');
  const patched = await sim.fetch(url, { method: "PATCH", headers: { ...headers, "content-type": "application/json" }, body });
  expect(patched.status).toBe(200);
  expect(user.mailbox.message(id)!.isRead).toBe(true);
  const form = new URLSearchParams({
    grant_type: "refresh_token",
    client_id: sim.clientId,
    scope: "User.Read",
    refresh_token: user.issueRefreshToken(),
  });
  expect(
    (await sim.fetch(`https://login.microsoftonline.com/${sim.tenantId}/oauth2/v2.0/token`, { method: "POST", body: form })).status,
  ).toBe(200);
});

test("an answer is a real Response, with its URL and a body to be read once", async () => {
  const { sim, token } = await createCaller();
  const response = await sim.fetch(`${graphOrigin}/v1.0/me`, { headers: { authorization: `Bearer ${token}` } });
  expect(response).toBeInstanceOf(Response);
  expect(response.url).toBe(`${graphOrigin}/v1.0/me`);
  await response.json();
  await expect(response.text()).rejects.toThrow(TypeError);
});

test("an aborted signal rejects with its own reason, before the request and during it", async () => {
  const { sim, token, user } = await createCaller();
  const headers = { authorization: `Bearer ${token}` };
  const reason = new Error("enough");
  await expect(sim.fetch(`${graphOrigin}/v1.0/me`, { headers, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect(sim.log.count()).toBe(0);

  const id = user.mailbox.deliver();
  const controller = new AbortController();
  const asking = sim.fetch(`${graphOrigin}/v1.0/me/messages/${id}`, { method: "DELETE", headers, signal: controller.signal });
  controller.abort(reason);
  await expect(asking).rejects.toBe(reason);
  await turns(2);
  expect(user.mailbox.message(id)!.folder).toBe("Deleted Items");
});

test("a delayed answer leaves no timer behind when its caller has gone", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const { sim, token } = await createCaller();
  sim.faults.add({ name: "slow", delayMs: 3_600_000 });
  const controller = new AbortController();
  const asking = sim.fetch(`${graphOrigin}/v1.0/me`, { headers: { authorization: `Bearer ${token}` }, signal: controller.signal });
  await turns(3);
  expect(vi.getTimerCount()).toBe(1);
  controller.abort();
  await expect(asking).rejects.toMatchObject({ name: "AbortError" });
  expect(vi.getTimerCount()).toBe(0);
});

test("the parts of a batch whose caller has gone wait for no delay, also those that had not begun", async () => {
  const { sim, token } = await createCaller();
  sim.faults.add({ name: "slow", route: "folder", delayMs: 3_600_000 });
  const requests = Array.from({ length: 9 }, (_, part) => ({ id: String(part), method: "GET", url: "/me/mailFolders/inbox" }));
  const controller = new AbortController();
  const asking = sim.fetch(`${graphOrigin}/v1.0/$batch`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ requests }),
    signal: controller.signal,
  });
  await turns(3);
  expect(sim.log.count({ route: "folder" })).toBe(4);
  controller.abort();
  await expect(asking).rejects.toMatchObject({ name: "AbortError" });
  await turns(10);
  expect(sim.log.entries().filter(({ endedAt }) => endedAt === undefined)).toEqual([]);
  expect(sim.log.count({ route: "folder" })).toBe(9);
});

test("a request takes a turn of the event loop even in process", async () => {
  const { ask } = await createCaller();
  let answered = false;
  const asking = ask("/me").then(() => {
    answered = true;
  });
  for (let step = 0; step < 50; step++) await Promise.resolve();
  expect(answered).toBe(false);
  await asking;
});

test("faked timers do not freeze the simulator", async () => {
  const { ask } = await createCaller();
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  expect((await ask("/me")).status).toBe(200);
});

test("two simulators share nothing, and one seed makes the same choices", async () => {
  const [one, other] = [createSimulator({ seed: 5 }), createSimulator({ seed: 5 })];
  const ids = [one, other].map((sim) => sim.addUser({ address: "a@contoso.com" }).mailbox.deliver());
  expect(ids[0]).toBe(ids[1]);
  one.mailbox("a@contoso.com").remove(ids[0]!);
  expect(other.mailbox("a@contoso.com").messages()).toHaveLength(1);
});
