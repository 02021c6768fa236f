import { expect, onTestFinished, test, vi } from "vitest";
import type { Fault } from "../../../simulator/index.js";
import { address, createCaller, postToken, turns } from "./caller.js";

const json = { "Content-Type": "application/json" };

async function withFault(fault: Omit<Fault, "name">) {
  const caller = await createCaller();
  const remove = caller.sim.faults.add({ name: "fault", ...fault });
  const statusesOf = async (count: number, path = "/me/mailFolders/inbox") => {
    const statuses: number[] = [];
    for (let time = 0; time < count; time++) statuses.push((await caller.ask(path)).status);
    return statuses;
  };
  return { ...caller, remove, statusesOf };
}

test("a fault strikes as often as it says, after as many as it lets through", async () => {
  const { statusesOf } = await withFault({ route: "folder", status: 503, after: 2, count: 2 });
  expect(await statusesOf(6)).toEqual([200, 200, 503, 503, 200, 200]);
});

test("a fault strikes its routes, its mailbox and its message only", async () => {
  const { ask, sim, user } = await createCaller();
  const [one, two] = user.mailbox.deliverMany([{}, {}]);
  sim.faults.add({ name: "message", messageId: one!, status: 500 });
  sim.faults.add({ name: "routes", route: ["folders", "me"], status: 502 });
  sim.faults.add({ name: "elsewhere", mailbox: "other@contoso.com", status: 504 });
  const statusOf = async (path: string) => (await ask(path)).status;
  expect(await statusOf(`/me/messages/${one}`)).toBe(500);
  expect(await statusOf(`/me/messages/${encodeURIComponent(user.mailbox.message(one!)!.defaultId)}`)).toBe(500);
  expect(await statusOf(`/me/messages/${two}`)).toBe(200);
  expect(await statusOf("/me/mailFolders")).toBe(502);
  expect(await statusOf("/me")).toBe(502);
  expect(await statusOf("/me/mailFolders/inbox")).toBe(200);
  expect(await statusOf("/users/other@contoso.com/messages")).toBe(504);
});

test("a fault is switched off by its own function, all by clear", async () => {
  const { remove, sim, statusesOf } = await withFault({ status: 500 });
  expect(await statusesOf(1)).toEqual([500]);
  remove();
  expect(await statusesOf(1)).toEqual([200]);
  sim.faults.add({ name: "again", status: 500 });
  sim.faults.clear();
  expect(await statusesOf(1)).toEqual([200]);
});

test("a probability is decided by the seed", async () => {
  const run = async () => (await withFault({ status: 500, probability: 0.5 })).statusesOf(30);
  const statuses = await run();
  expect(new Set(statuses)).toEqual(new Set([200, 500]));
  expect(await run()).toEqual(statuses);
});

test("a status brings the usual body unless one is given; headers and Retry-After come along", async () => {
  const { ask, sim } = await createCaller();
  sim.faults.add({ name: "usual", status: 504, count: 1 });
  sim.faults.add({
    name: "own",
    status: 403,
    count: 1,
    body: { error: { code: "ErrorQuotaExceeded", message: "full" } },
    headers: { "X-Own": "1" },
    retryAfter: 2.128,
  });
  expect((await ask("/me")).body.error).toMatchObject({ code: "UnknownError", message: "" });
  const own = await ask("/me");
  expect(own.body.error.code).toBe("ErrorQuotaExceeded");
  expect([own.headers.get("x-own"), own.headers.get("retry-after")]).toEqual(["1", "2.128"]);
});

test("a body given as a string is sent raw", async () => {
  const { sim, token } = await withFault({ status: 502, body: "<html>Bad Gateway</html>" });
  const response = await sim.fetch("https://graph.microsoft.com/v1.0/me", { headers: { authorization: `Bearer ${token}` } });
  expect(await response.text()).toBe("<html>Bad Gateway</html>");
});

test("a bad answer leaves the work undone unless it says otherwise", async () => {
  const { ask, sim, user } = await createCaller();
  const id = user.mailbox.deliver();
  const patch = async () => (await ask(`/me/messages/${id}`, { method: "PATCH", body: { isRead: true } })).status;
  sim.faults.add({ name: "undone", route: "patch", status: 500, count: 1 });
  expect(await patch()).toBe(500);
  expect(user.mailbox.message(id)!.isRead).toBe(false);
  sim.faults.add({ name: "done", route: "patch", status: 500, effect: "after", count: 1 });
  expect(await patch()).toBe(500);
  expect(user.mailbox.message(id)!.isRead).toBe(true);
});

test("a dropped connection is a failed fetch, with the work done or not", async () => {
  const { ask, sim, user } = await createCaller();
  const id = user.mailbox.deliver();
  const move = () => ask(`/me/messages/${id}/move`, { method: "POST", body: { destinationId: "archive" } });
  sim.faults.add({ name: "before", route: "move", dropSocket: "before", count: 1 });
  await expect(move()).rejects.toMatchObject({ name: "TypeError", message: "fetch failed", cause: { code: "ECONNRESET" } });
  expect(user.mailbox.message(id)!.folder).toBe("Inbox");
  sim.faults.add({ name: "after", route: "move", dropSocket: "after", count: 1 });
  await expect(move()).rejects.toThrow("fetch failed");
  expect(user.mailbox.message(id)!.folder).toBe("Archive");
  expect(sim.log.entries({ route: "move" }).map((entry) => entry.status)).toEqual([undefined, undefined]);
});

test("a cut answer looks right and is broken JSON", async () => {
  const { sim, token } = await withFault({ route: "me", truncate: 20 });
  const response = await sim.fetch("https://graph.microsoft.com/v1.0/me", { headers: { authorization: `Bearer ${token}` } });
  expect(response.status).toBe(200);
  expect(await response.clone().text()).toHaveLength(20);
  await expect(response.json()).rejects.toThrow(SyntaxError);
});

test("a delay holds the answer, and leaves room for the next fault", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const { ask, sim } = await createCaller();
  sim.faults.add({ name: "slow", delayMs: 30_000, count: 1 });
  sim.faults.add({ name: "bad", status: 500, count: 1 });
  let answered: number | undefined;
  const asking = ask("/me").then((reply) => {
    answered = reply.status;
  });
  await turns(3);
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(29_999);
  expect(answered).toBeUndefined();
  await vi.advanceTimersByTimeAsync(1);
  await asking;
  expect(answered).toBe(500);
});

test("a batch part is struck by its own route, and a drop in a part breaks the whole batch", async () => {
  const { batch, sim, user } = await createCaller();
  const [one, two] = user.mailbox.deliverMany([{}, {}]);
  const patch = (id: string) => ({ id, method: "PATCH", url: `/me/messages/${id}`, headers: json, body: { isRead: true } });
  sim.faults.add({ name: "lost", messageId: one!, dropSocket: "after", count: 1 });
  await expect(batch(patch(one!))).rejects.toThrow("fetch failed");
  expect(user.mailbox.message(one!)!.isRead).toBe(true);
  sim.faults.add({ name: "bad", messageId: one!, status: 503, retryAfter: 3, count: 1 });
  const outer = await batch(patch(one!), patch(two!));
  const part = (id: string) => outer.body.responses.find((each: { id: string }) => each.id === id);
  expect(part(one!)).toMatchObject({ status: 503, headers: { "Retry-After": "3" }, body: { error: { code: "ErrorServiceUnavailable" } } });
  expect(part(two!).status).toBe(200);
});

test.each([503, 504])("whoever asks before the time that a %i named has passed is refused, and told of by the log", async (status) => {
  let now = Date.parse("2026-03-01T08:00:00Z");
  const { ask, sim } = await createCaller({ now: () => now });
  sim.faults.add({ name: "busy", route: "folder", status, retryAfter: 60, count: 1 });
  expect((await ask("/me/mailFolders/inbox")).status).toBe(status);
  expect(sim.log.knockedWhileBarred()).toHaveLength(0);
  now += 59_000;
  expect((await ask("/me/mailFolders/inbox")).status).toBe(429);
  expect(sim.log.knockedWhileBarred()).toHaveLength(1);
});

test("the token endpoint is struck as well, by the user who signs in", async () => {
  const { sim, user } = await createCaller();
  const form = { grant_type: "refresh_token", refresh_token: user.issueRefreshToken() };
  sim.faults.add({ name: "busy", route: "token", mailbox: address, status: 503, count: 1 });
  const reply = await postToken(sim, form);
  expect(reply.status).toBe(503);
  expect(reply.body.error).toBe("temporarily_unavailable");
  expect((await postToken(sim, form)).status).toBe(200);
});
