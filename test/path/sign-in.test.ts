/** Sign-ins as a host meets them: while the daemon runs, over its queues' states and its status. */
import { expect, test } from "vitest";
import { createMailDaemon, generateKey, type KeyRing, keyRing, memoryStore } from "../../src/index.js";
import { address, hostOptions, next, simulatorWith } from "../support/host.js";
import { rejected } from "../support/rejection.js";

test("a queue that waits goes on as soon as somebody signs in by browser, and its mail is delivered", async () => {
  const sim = simulatorWith();
  const delivered: string[] = [];
  await using daemon = createMailDaemon(hostOptions(sim, { handler: ({ message }) => void delivered.push(message.subject) }));
  sim.user(address).mailbox.deliver({ subject: "Where is my parcel?" });
  const required = next(daemon, "queue:sign-in-required");
  const waiting = next(daemon, "queue:state", ({ to }) => to === "waiting-for-sign-in");
  await daemon.start();
  expect(await required).toMatchObject({ queue: address, code: "AUTH_SIGN_IN_REQUIRED", who: "user", step: "sign-in" });
  expect(await waiting).toMatchObject({ why: expect.stringContaining("AUTH_SIGN_IN_REQUIRED"), step: "sign-in" });
  const [queue] = daemon.status().queues;
  expect(queue).toMatchObject({
    state: "waiting-for-sign-in",
    step: "sign-in",
    remedy: expect.stringContaining("docs/setup-entra.md#sign-in"),
  });

  const settled = next(daemon, "message:settled");
  const result = await daemon.signIn(address, { method: "browser", openUrl: (url) => sim.user(address).signInAt(url) });
  expect(result).toMatchObject({ queue: address, method: "browser", replaced: "nothing" });
  await settled;
  expect(delivered).toEqual(["Where is my parcel?"]);
  const [after] = daemon.status().queues;
  expect(after).not.toHaveProperty("remedy");
});

test("stopping the daemon ends a sign-in that waits for its person, and the port is free again", async () => {
  const sim = simulatorWith();
  const daemon = createMailDaemon(hostOptions(sim));
  await daemon.start();
  let redirectUri = "";
  const shown = new Promise<void>((resolve) => {
    const openUrl = (url: string) => {
      redirectUri = new URL(url).searchParams.get("redirect_uri") ?? "";
      resolve();
    };
    daemon.signIn(address, { method: "browser", openUrl }).catch((error: unknown) => ended.push(error));
  });
  const ended: unknown[] = [];
  await shown;
  await daemon.stop({ deadlineMs: 1_000 });
  expect(ended).toEqual([expect.objectContaining({ code: "LIFECYCLE_STOPPED" })]);
  await expect(fetch(redirectUri)).rejects.toThrow();
});

test("two sign-ins of one queue at once come one after the other, and the later one holds", async () => {
  const sim = simulatorWith();
  await using daemon = createMailDaemon(hostOptions(sim));
  const user = sim.user(address);
  const results = await Promise.all([
    daemon.signIn(address, { method: "browser", openUrl: (url) => user.signInAt(url) }),
    daemon.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() }),
  ]);
  expect(results.map(({ replaced }) => replaced)).toEqual(["nothing", "record"]);
});

test("keys are rotated while mail flows, before the start and after a restart", async () => {
  const sim = simulatorWith();
  const store = memoryStore();
  const [old, fresh] = ["old", "fresh"].map((id) => ({ id, key: generateKey() }));
  let keys = [old];
  const vaultKeys: KeyRing = { load: () => keyRing(keys as { id: string; key: string }[]).load() };
  const options = hostOptions(sim, { store, vaultKeys });
  await using daemon = createMailDaemon(options);
  await daemon.signIn(address, { method: "refreshToken", refreshToken: sim.user(address).issueRefreshToken() });
  expect(await daemon.rotateKeys()).toEqual({ resealed: 0, current: 1, failed: [] });
  await daemon.start();
  await next(daemon, "queue:polled");
  keys = [fresh, old];
  expect(await daemon.rotateKeys()).toEqual({ resealed: 1, current: 0, failed: [] });
  keys = [fresh];
  const settled = next(daemon, "message:settled");
  sim.user(address).mailbox.deliver();
  await daemon.pollNow(address);
  await settled;
  await daemon.stop();
  await using again = createMailDaemon({ ...options });
  const polled = next(again, "queue:polled");
  await again.start();
  await polled;
});

test("access that Graph takes back is asked for anew with the claims, and the queue does not stop for it", async () => {
  const sim = simulatorWith();
  await using daemon = createMailDaemon(hostOptions(sim));
  await daemon.signIn(address, { method: "refreshToken", refreshToken: sim.user(address).issueRefreshToken() });
  const trouble: unknown[] = [];
  for (const name of ["queue:sign-in-required", "queue:failed"] as const) daemon.on(name, (payload) => trouble.push(payload));
  await daemon.start();
  await next(daemon, "queue:polled");
  const asked = sim.log.count({ route: "token" });
  sim.user(address).requireClaims();
  const refreshed = next(daemon, "token:refreshed");
  const settled = next(daemon, "message:marked");
  sim.user(address).mailbox.deliver();
  await refreshed;
  await settled;
  expect(sim.log.count({ route: "token" })).toBe(asked + 1);
  expect(trouble).toEqual([]);
});

test.each(["refreshToken", "browser"] as const)(
  "a sign-in by %s in a new process ends a challenge that only the process before had met, and the queue polls",
  async (method) => {
    const sim = simulatorWith();
    const user = sim.user(address);
    const options = hostOptions(sim);
    {
      await using before = createMailDaemon(options);
      await before.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
      await before.start();
      await next(before, "queue:polled");
      const required = next(before, "queue:sign-in-required");
      user.requireClaims();
      user.revokeSessions();
      await required;
    }
    await using daemon = createMailDaemon(options);
    const waiting = next(daemon, "queue:state", ({ to }) => to === "waiting-for-sign-in");
    await daemon.start();
    await waiting;
    const [polled, marked] = [next(daemon, "queue:polled"), next(daemon, "message:marked")];
    user.mailbox.deliver();
    const ways = {
      refreshToken: { method: "refreshToken", refreshToken: user.issueRefreshToken() },
      browser: { method: "browser", openUrl: (url: string) => user.signInAt(url) },
    } as const;
    expect(await daemon.signIn(address, ways[method])).toMatchObject({ method, replaced: "record" });
    await polled;
    await marked;
    expect(daemon.status().queues).toMatchObject([{ address, state: expect.stringMatching(/^(polling|idle)$/) }]);
  },
);

test("access that Graph takes back in a batch's parts alone is asked for anew too, and the marks are made", async () => {
  const sim = simulatorWith();
  await using daemon = createMailDaemon(hostOptions(sim));
  await daemon.signIn(address, { method: "refreshToken", refreshToken: sim.user(address).issueRefreshToken() });
  await daemon.start();
  await next(daemon, "queue:polled");
  sim.user(address).requireClaims({ route: ["patch"] });
  const refreshed = next(daemon, "token:refreshed");
  const marked = next(daemon, "message:marked");
  sim.user(address).mailbox.deliver();
  await refreshed;
  await marked;
  expect(
    sim
      .user(address)
      .mailbox.messages()
      .every(({ isRead }) => isRead),
  ).toBe(true);
});

test("a person whose sessions were revoked is asked to sign in, by the challenge at once and not when the token ends", async () => {
  const sim = simulatorWith();
  await using daemon = createMailDaemon(hostOptions(sim));
  await daemon.signIn(address, { method: "refreshToken", refreshToken: sim.user(address).issueRefreshToken() });
  await daemon.start();
  await next(daemon, "queue:polled");
  const required = next(daemon, "queue:sign-in-required");
  sim.user(address).revokeSessions();
  expect(await required).toMatchObject({ queue: address, serviceCode: "AADSTS50173" });
});

test.each([
  { what: "nobody holds the address", queue: "suport@contoso.com", status: undefined },
  { what: "Graph may not say whose the address is", queue: address, status: 403 },
])("the wrong person is told by both addresses also when $what", async ({ queue, status }) => {
  const sim = simulatorWith([address, "sales@contoso.com"]);
  const asked: number[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const isQuestion = String(input).includes("/users/");
    const answer = isQuestion && status ? refusal(status, "Authorization_RequestDenied") : await sim.fetch(input, init);
    if (isQuestion) asked.push(answer.status);
    return answer;
  };
  await using daemon = createMailDaemon(hostOptions(sim, { fetch, queues: [{ address: queue }] }));
  const refreshToken = sim.user("sales@contoso.com").issueRefreshToken();
  const error = await rejected(daemon.signIn(queue, { method: "refreshToken", refreshToken }));
  expect(error).toMatchObject({ code: "AUTH_WRONG_ACCOUNT", queue, who: "user", step: "sign-in" });
  expect(error.message).toContain(`sales@contoso.com signed in, but ${queue} is not`);
  expect(asked).toEqual([status ?? 404]);
});

test.each([
  { service: "Entra", route: "token", code: "AUTH_UNAVAILABLE" },
  { service: "Graph", route: "me", code: "GRAPH_UNAVAILABLE" },
] as const)("what a sign-in ends with when $service is out of order names the queue", async ({ route, code }) => {
  const sim = simulatorWith();
  await using daemon = createMailDaemon(hostOptions(sim));
  sim.faults.add({ name: "down", route, status: 503, retryAfter: 120 });
  const refreshToken = sim.user(address).issueRefreshToken();
  const error = await rejected(daemon.signIn(address.toUpperCase(), { method: "refreshToken", refreshToken, timeLimitMs: 1_000 }));
  expect(error).toMatchObject({ code, queue: address });
});

function refusal(status: number, code: string): Response {
  return new Response(JSON.stringify({ error: { code, message: "" } }), { status, headers: { "content-type": "application/json" } });
}
