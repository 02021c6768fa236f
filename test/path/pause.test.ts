/** What Graph asks for (pauses) and what it does to us (forgotten cursors, lost answers): waited out, told, nothing lost. */
import { expect, test } from "vitest";
import { createMailDaemon } from "../../src/index.js";
import { address, hostOptions, many, next, signedIn, simulatorWith } from "../support/host.js";
import { expectTrespass } from "../support/zeros/watch.js";

test("a 429 closes the mailbox until its Retry-After has passed, and says so", async () => {
  const sim = simulatorWith();
  const daemon = await signedIn(sim, hostOptions(sim));
  sim.faults.add({ name: "throttled", route: "delta", count: 1, status: 429, retryAfter: 1 });
  sim.user(address).mailbox.deliver();
  const throttled = next(daemon, "queue:throttled");
  const marked = next(daemon, "message:marked");
  await daemon.start();
  const { until } = await throttled;
  await marked;
  await daemon.stop();
  expect(until - Date.now()).toBeLessThanOrEqual(0);
  expect(sim.log.knockedWhileBarred()).toEqual([]);
});

test("the simulator's log would show a request during the pause", async () => {
  expectTrespass("it asks by itself, past the daemon");
  let aheadMs = 0;
  const sim = simulatorWith([address], { now: () => Date.now() + aheadMs });
  let accessToken = "";
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const header = new Headers(init?.headers).get("authorization");
    if (header) accessToken = header;
    return sim.fetch(input, init);
  };
  await (await signedIn(sim, hostOptions(sim, { fetch }))).stop();
  sim.faults.add({ name: "throttled", route: "delta", count: 1, status: 429, retryAfter: 60 });
  const url = "https://graph.microsoft.com/v1.0/me/mailFolders/inbox/messages/delta";
  const first = await sim.fetch(url, { headers: { authorization: accessToken } });
  expect(first.status).toBe(429);
  // The log lets 100 ms pass, as the answer has to travel.
  aheadMs = 1_000;
  await sim.fetch(url, { headers: { authorization: accessToken } });
  expect(sim.log.knockedWhileBarred().length).toBeGreaterThan(0);
});

test("a pause that Graph asked for is kept over a restart", async () => {
  const sim = simulatorWith();
  const options = hostOptions(sim);
  const first = await signedIn(sim, options);
  sim.faults.add({ name: "throttled", route: "delta", count: 1, status: 429, retryAfter: 2 });
  const throttled = next(first, "queue:throttled");
  await first.start();
  const { until } = await throttled;
  await first.stop();
  const before = sim.log.count({ route: "delta" });
  const second = createMailDaemon(options);
  const polled = next(second, "queue:polled");
  await second.start();
  await polled;
  await second.stop();
  const asked = sim.log.entries({ route: "delta" }).slice(before);
  expect(asked[0]?.startedAt).toBeGreaterThanOrEqual(until);
});

test("a forgotten cursor begins a new walk: mail in the gap is delivered, known mail is not delivered again", async () => {
  const sim = simulatorWith();
  const { mailbox } = sim.user(address);
  mailbox.deliverMany([{ subject: "one" }, { subject: "two" }]);
  const seen: string[] = [];
  const daemon = await signedIn(sim, hostOptions(sim, { handler: ({ message }) => void seen.push(message.subject) }));
  const two = many(daemon, "message:marked", 2);
  await daemon.start();
  await two;
  const lost = next(daemon, "queue:cursor-lost");
  const marked = next(daemon, "message:marked");
  mailbox.forgetSyncStates();
  mailbox.deliver({ subject: "in the gap", isRead: true, receivedAt: Date.now() - 90 * 86_400_000 });
  expect(await lost).toMatchObject({ queue: address, folder: "inbox", code: "SYNC_CURSOR_LOST", serviceCode: "SyncStateNotFound" });
  await marked;
  await daemon.pollNow(address);
  await daemon.stop();
  expect(seen.toSorted()).toEqual(["in the gap", "one", "two"]);
});

test("one mailbox that is out of order does not hold up another", async () => {
  const other = "sales@contoso.com";
  const sim = simulatorWith([address, other]);
  const options = { ...hostOptions(sim), queues: [{ address }, { address: other }] };
  const daemon = await signedIn(sim, options);
  sim.faults.add({
    name: "gone",
    mailbox: address,
    status: 404,
    body: { error: { code: "MailboxNotEnabledForRESTAPI", message: "The mailbox is inactive." } },
  });
  sim.user(other).mailbox.deliver();
  const unavailable = next(daemon, "queue:state", ({ to }) => to === "unavailable");
  const marked = next(daemon, "message:marked");
  await daemon.start();
  expect(await unavailable).toMatchObject({ queue: address, why: expect.stringContaining("GRAPH_MAILBOX_UNAVAILABLE") });
  expect(await marked).toMatchObject({ queue: other });
  await daemon.stop();
});

test("an answer that is lost after the marks were made is no second delivery", async () => {
  const sim = simulatorWith();
  const { mailbox } = sim.user(address);
  const id = mailbox.deliver();
  let count = 0;
  const options = hostOptions(sim, {
    defaults: { startFrom: "everything", pollIntervalMs: 50, afterAck: { markRead: true, addCategories: ["Ticket"], moveTo: "archive" } },
    handler: () => {
      count += 1;
    },
  });
  const daemon = await signedIn(sim, options);
  sim.faults.add({ name: "lost", route: "batch", count: 2, dropSocket: "after" });
  const marked = next(daemon, "message:marked");
  await daemon.start();
  await marked;
  await daemon.pollNow(address);
  await daemon.stop();
  expect(count).toBe(1);
  expect(mailbox.message(id)).toMatchObject({ isRead: true, categories: ["Ticket"], folder: "Archive" });
});
