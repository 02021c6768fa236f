import { expect, test } from "vitest";
import { address, createCaller, graphOrigin, noChance, signIn } from "./caller.js";

const folder = "/me/mailFolders/inbox";

/** A clock that a test moves by hand. */
function handClock() {
  const clock = { at: Date.UTC(2026, 0, 5), now: () => clock.at };
  return clock;
}

test("four requests at once pass, the fifth is 429 with Graph's words and a Retry-After", async () => {
  const { ask, sim } = await createCaller();
  const replies = await Promise.all(Array.from({ length: 5 }, () => ask(folder)));
  expect(replies.map((reply) => reply.status)).toEqual([200, 200, 200, 200, 429]);
  expect(replies[4]!.body.error).toMatchObject({
    code: "ApplicationThrottled",
    message: "Application is over its MailboxConcurrency limit.",
  });
  expect(Number(replies[4]!.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(sim.log.mostAtOnce(address)).toBe(5);
});

test("four at a time, one after another, is never too many", async () => {
  const { ask, sim } = await createCaller();
  const lane = async () => {
    for (let time = 0; time < 10; time++) expect((await ask(folder)).status).toBe(200);
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
  expect(sim.log.mostAtOnce()).toBe(4);
});

test("directory requests do not count against the mailbox", async () => {
  const { ask, sim } = await createCaller();
  const replies = await Promise.all([...Array.from({ length: 4 }, () => ask(folder)), ask("/me"), ask(`/users/${address}`)]);
  expect(replies.every((reply) => reply.status === 200)).toBe(true);
  expect(sim.log.mostAtOnce(address)).toBe(4);
});

test("a barred mailbox answers 429 until Retry-After has passed, and says how long is left", async () => {
  const clock = handClock();
  const { ask, sim } = await createCaller({ now: clock.now });
  sim.faults.add({ name: "busy", route: "folder", status: 429, retryAfter: 10, count: 1 });
  expect((await ask(folder)).headers.get("retry-after")).toBe("10");
  clock.at += 4_000;
  const early = await ask(folder);
  expect([early.status, early.headers.get("retry-after")]).toEqual([429, "6"]);
  clock.at += 5_999;
  expect((await ask(folder)).status).toBe(200);
});

test("a bar of one mailbox leaves the others alone", async () => {
  const { ask, sim } = await createCaller();
  const other = sim.addUser({ address: "other@contoso.com" });
  const token = await signIn(sim, other);
  sim.faults.add({ name: "busy", mailbox: address, status: 429, retryAfter: 100, count: 1 });
  expect((await ask(folder)).status).toBe(429);
  expect((await sim.fetch(`${graphOrigin}/v1.0${folder}`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
});

test("knocking while barred is noted, knocking within 100 ms of the 429 or after the bar is not", async () => {
  const clock = handClock();
  const { ask, sim } = await createCaller({ now: clock.now });
  sim.faults.add({ name: "busy", status: 429, retryAfter: 10, count: 1 });
  await ask(folder);
  clock.at += 100;
  await ask(folder);
  expect(sim.log.knockedWhileBarred()).toEqual([]);
  clock.at += 1;
  await ask(folder);
  expect(sim.log.knockedWhileBarred()).toMatchObject([{ number: 4, route: "folder", mailbox: address, status: 429 }]);
  clock.at += 10_000;
  await ask(folder);
  expect(sim.log.knockedWhileBarred()).toHaveLength(1);
});

test("a Retry-After may be an HTTP date", async () => {
  const clock = handClock();
  const { ask, sim } = await createCaller({ now: clock.now });
  sim.faults.add({ name: "busy", status: 429, retryAfter: new Date(clock.at + 20_000).toUTCString(), count: 1 });
  await ask(folder);
  expect(sim.log.entries()[0]).toMatchObject({ status: 429, retryAfterMs: 20_000 });
  clock.at += 19_000;
  expect((await ask(folder)).status).toBe(429);
});

test("a 429 without Retry-After bars nothing", async () => {
  const { ask, sim } = await createCaller();
  sim.faults.add({ name: "busy", status: 429, count: 1 });
  expect((await ask(folder)).headers.has("retry-after")).toBe(false);
  expect((await ask(folder)).status).toBe(200);
});

test("a batch without dependsOn takes all four places, and leaves none for a single request", async () => {
  const { ask, batch, sim } = await createCaller();
  const parts = Array.from({ length: 8 }, (_, at) => ({ id: String(at), method: "GET", url: folder }));
  const [outer, single] = await Promise.all([batch(...parts), ask(folder)]);
  expect(outer.body.responses.map((part: { status: number }) => part.status)).toEqual(Array(8).fill(200));
  expect(single.status).toBe(429);
  expect(sim.log.mostAtOnce(address)).toBe(5);
});

test("what does not fit into the mailbox's four is refused part by part inside a 200, each with its own Retry-After", async () => {
  const { ask, batch, sim } = await createCaller();
  const parts = Array.from({ length: 8 }, (_, at) => ({ id: String(at), method: "GET", url: folder }));
  const [, , outer] = await Promise.all([ask(folder), ask(folder), batch(...parts)]);
  expect(outer.status).toBe(200);
  const refused = outer.body.responses.filter((part: { status: number }) => part.status === 429);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.length).toBeLessThan(8);
  for (const part of refused) {
    expect(Number(part.headers["Retry-After"])).toBeGreaterThan(0);
    expect(part.body.error.code).toBe("ApplicationThrottled");
  }
  expect((await ask(folder)).status).toBe(429);
  expect(sim.log.entries().filter((entry) => entry.batch !== undefined && entry.status === 429)).toHaveLength(refused.length);
});

test("a batch to a barred mailbox is 200 outside and 429 in every part, and it is a knock", async () => {
  const clock = handClock();
  const { ask, batch, sim } = await createCaller({ now: clock.now });
  sim.faults.add({ name: "busy", route: "folder", status: 429, retryAfter: 10, count: 1 });
  await ask(folder);
  clock.at += 1_000;
  const outer = await batch({ id: "1", method: "GET", url: folder }, { id: "2", method: "GET", url: folder });
  expect(outer.status).toBe(200);
  expect(outer.body.responses.map((part: { status: number }) => part.status)).toEqual([429, 429]);
  expect(outer.body.responses[0].headers["Retry-After"]).toBe("9");
  expect(sim.log.knockedWhileBarred().map((entry) => entry.route)).toEqual(["batch"]);
});

test("a batch whose parts wait in one row takes one place only", async () => {
  const { batch, sim } = await createCaller();
  const row = () =>
    batch(
      { id: "1", method: "GET", url: folder },
      { id: "2", method: "GET", url: folder, dependsOn: ["1"] },
      { id: "3", method: "GET", url: folder, dependsOn: ["2"] },
    );
  const outers = await Promise.all([row(), row(), row(), row()]);
  for (const outer of outers) expect(outer.body.responses.map((part: { status: number }) => part.status)).toEqual([200, 200, 200]);
  expect(sim.log.mostAtOnce(address)).toBe(4);
});

test("a part's 429 bars the mailbox once its batch's answer has been sent, and not when that answer was lost", async () => {
  const { batch, ask, sim, user } = await createCaller();
  const id = encodeURIComponent(user.mailbox.deliver());
  const part = { id: "1", method: "GET", url: `/me/messages/${id}` };
  sim.faults.add({ name: "busy", route: "message", count: 2, status: 429, retryAfter: 30 });
  sim.faults.add({ name: "lost", route: "batch", count: 1, dropSocket: "after" });
  await expect(batch(part)).rejects.toThrow("fetch failed");
  expect((await ask(folder)).status).toBe(200);
  expect((await batch(part)).body.responses[0]).toMatchObject({ status: 429, headers: { "Retry-After": "30" } });
  expect((await ask(folder)).status).toBe(429);
});

test("a mailbox answers so many requests in any ten minutes, parts of batches and refused ones counted, and says when the next may come", async () => {
  const clock = handClock();
  const { ask, batch, sim } = await createCaller({ now: clock.now, requestsPerTenMinutes: 10, quirks: noChance });
  for (let time = 0; time < 4; time += 1) expect((await ask(folder)).status).toBe(200);
  clock.at += 60_000;
  const parts = Array.from({ length: 5 }, (_, at) => ({ id: String(at), method: "GET", url: folder }));
  expect((await batch(...parts)).body.responses.map((part: { status: number }) => part.status)).toEqual([200, 200, 200, 200, 200]);
  const refused = await ask(folder);
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "540"]);
  expect(sim.log.knockedWhileBarred()).toEqual([]);
  clock.at += 539_000;
  expect((await ask(folder)).status).toBe(429);
  expect(sim.log.knockedWhileBarred()).toHaveLength(1);
  clock.at += 1_000;
  expect((await ask(folder)).status).toBe(200);
});

test("a batch counts against the mailbox that its parts are for, whoever's token sends it", async () => {
  const { sim } = await createCaller();
  const others = ["one@contoso.com", "two@contoso.com"];
  for (const other of others) sim.addUser({ address: other });
  const authorization = `Bearer ${await signIn(sim, sim.user(address))}`;
  const sendTo = (mailbox: string) => {
    const requests = [1, 2, 3, 4].map((id) => ({ id: String(id), method: "GET", url: `/users/${mailbox}/mailFolders/inbox` }));
    const headers = { authorization, "content-type": "application/json" };
    return sim.fetch(`${graphOrigin}/v1.0/$batch`, { method: "POST", headers, body: JSON.stringify({ requests }) });
  };
  await Promise.all(others.map(sendTo));
  expect([address, ...others].map((mailbox) => sim.log.mostAtOnce(mailbox))).toEqual([0, 4, 4]);
  await Promise.all([sendTo("one@contoso.com"), sendTo("one@contoso.com")]);
  expect(sim.log.mostAtOnce("one@contoso.com")).toBe(8);
});
