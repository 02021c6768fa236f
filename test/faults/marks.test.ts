/**
 * Settling and marks over real sockets: the settlement is durable before its mark leaves, a mark outlives restarts and
 * lost answers, what can never be marked is told, and nothing waits for it.
 */
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { simulatorFetch } from "../../simulator/index.js";
import { createMailDaemon, generateKey, lmdbStore, memoryStore } from "../../src/index.js";
import { address, hostOptions, next, signedIn, simulatorWith } from "../support/host.js";
import { beginLife, type HostSetUp } from "./fixtures/kill/life.js";
import { createScene } from "./fixtures/marks/scene.js";
import { newFolder } from "./fixtures/store-process.js";

const hour = 3_600_000;
const read = { markRead: true };
const isMarking = (body: string) => /"method":"(PATCH|POST)"/.test(body);

it("a message is settled in the store before its mark leaves, and settled to the host before it is marked", async () => {
  const store = memoryStore();
  const scene = await createScene({ afterAck: read, store });
  const states: unknown[] = [];
  scene.onBatch = async (body) => {
    if (!isMarking(body)) return;
    for (const { value } of await store.list({ prefix: [address, "open"], limit: 10 })) states.push((value as { state: string }).state);
  };
  const ids = scene.mailbox.deliverMany([{}, {}, {}]);
  await scene.start();
  await scene.until(() => scene.of("message:marked").length === 3);
  expect(states).toEqual(["marking", "marking", "marking"]);
  expect(scene.told.slice(0, 3).map(({ name }) => name)).toEqual(["message:settled", "message:settled", "message:settled"]);
  expect(ids.map((id) => scene.mailbox.message(id)?.isRead)).toEqual([true, true, true]);
});

it("a mark that could not be made is made by the next daemon on the same store, without another delivery", async () => {
  const sim = simulatorWith();
  const door = await sim.listen();
  onTestFinished(() => door.close());
  const fetch = simulatorFetch(door.url);
  const path = await newFolder();
  const handled: string[] = [];
  const options = hostOptions(sim, { fetch, store: lmdbStore(path), handler: ({ message }) => void handled.push(message.id) });
  const mend = sim.faults.add({ name: "away", route: "patch", status: 403, graphCode: "ErrorQuotaExceeded" });
  const id = sim.user(address).mailbox.deliver();
  const first = await signedIn(sim, options);
  const settled = next(first, "message:settled");
  await first.start();
  await settled;
  await first.stop();
  expect([handled, sim.user(address).mailbox.message(id)?.isRead]).toEqual([[id], false]);
  mend();
  const second = createMailDaemon({ ...options, store: lmdbStore(path) });
  onTestFinished(() => second.stop());
  const marked = next(second, "message:marked");
  await second.start();
  expect(await marked).toMatchObject({ id, outcome: "settled" });
  expect([handled, sim.user(address).mailbox.message(id)?.isRead]).toEqual([[id], true]);
});

it("a mark on its way at a SIGKILL is made by the next process, without another delivery", async () => {
  const sim = simulatorWith();
  const door = await sim.listen();
  onTestFinished(() => door.close());
  const folder = await newFolder();
  const keys = `k1:${generateKey()}`;
  const begin = (life: number, more: Partial<HostSetUp>) =>
    beginLife(
      {
        app: { clientId: sim.clientId, tenantId: sim.tenantId },
        queues: [{ address }],
        defaults: { pollIntervalMs: 50, minPollIntervalMs: 20 },
        storePath: join(folder, "state"),
        simulatorUrl: door.url,
        recordPath: join(folder, `record-${life}`),
        ...more,
      },
      keys,
    );
  const id = sim.user(address).mailbox.deliver();
  const first = await begin(1, {
    refreshToken: sim.user(address).issueRefreshToken(),
    dieAt: { is: "asked", what: "marking", times: 1 },
  });
  first.start();
  const { lines } = await first.died();
  expect(lines.filter(({ is }) => is === "settled" || is === "marked")).toMatchObject([{ is: "settled" }]);
  const second = await begin(2, {});
  const marked = second.until(({ is }) => is === "marked");
  second.start();
  await marked;
  const after = await second.stop();
  expect(after.lines.filter(({ is }) => is === "begun")).toEqual([]);
  expect(sim.user(address).mailbox.message(id)?.isRead).toBe(true);
});

it("a 412 that Exchange gives right after arrival is answered by sending again", async () => {
  const scene = await createScene({ afterAck: read });
  scene.sim.faults.add({ name: "own change", route: "patch", count: 7, status: 412, graphCode: "ErrorIrresolvableConflict" });
  const id = scene.mailbox.deliver();
  await scene.start();
  await scene.until(() => scene.of("message:marked").length === 1);
  expect([scene.mailbox.message(id)?.isRead, scene.of("message:mark-failed"), scene.handled]).toEqual([true, [], [id]]);
});

it.each([
  ["404", read, undefined],
  ["403 ErrorCannotDeleteObject", { delete: true }, { route: "move", status: 403, graphCode: "ErrorCannotDeleteObject" } as const],
])("the mark of a message that somebody deleted (%s) is done with, and said to be of a vanished one", async (_, afterAck, fault) => {
  const scene = await createScene({ afterAck });
  if (fault) scene.sim.faults.add({ name: "vanished", ...fault });
  scene.work = (id) => scene.mailbox.remove(id);
  const id = scene.mailbox.deliver();
  const daemon = await scene.start();
  await scene.until(() => scene.told.length > 1);
  expect(scene.told).toMatchObject([
    { name: "message:settled", id },
    { name: "message:marked", id, vanished: true },
  ]);
  await scene.pass(hour);
  expect([daemon.status().queues[0]?.marksWaiting, scene.handled]).toEqual([0, [id]]);
});

it("categories that a person adds between our reading and our writing stay", async () => {
  const scene = await createScene({ afterAck: { addCategories: ["Done"] } });
  const id = scene.mailbox.deliver({ categories: ["Blue"] });
  let theirs = 0;
  scene.onBatch = async (body) => {
    if (isMarking(body) && theirs++ === 0) scene.mailbox.update(id, { categories: ["Blue", "Theirs"] });
  };
  await scene.start();
  await scene.until(() => scene.of("message:marked").length === 1);
  expect(theirs).toBeGreaterThan(1);
  expect(scene.mailbox.message(id)?.categories).toEqual(["Blue", "Theirs", "Done"]);
});

it("a message is changed first and moved then", async () => {
  const scene = await createScene({ afterAck: { markRead: true, addCategories: ["Done"], moveTo: "archive" } });
  const id = scene.mailbox.deliver();
  await scene.start();
  await scene.until(() => scene.of("message:marked").length === 1);
  expect(scene.parts()).toEqual(["message", "patch", "move"]);
  expect(scene.mailbox.message(id)).toMatchObject({ isRead: true, categories: ["Done"], folder: "Archive" });
});

it("a mark that can never be made is told, and neither other marks nor other mail wait for it", async () => {
  const scene = await createScene({ afterAck: { moveTo: "no-such-folder" } });
  const bad = scene.mailbox.deliver();
  const daemon = await scene.start();
  await scene.until(() => scene.of("message:settled").length === 1);
  const later = scene.mailbox.deliver();
  await scene.until(() => scene.of("message:settled").length === 2);
  await scene.until(() => scene.of("message:mark-failed").length === 2);
  expect(scene.of("message:mark-failed").toSorted()).toEqual([bad, later].toSorted());
  expect(scene.told.find(({ name }) => name === "message:mark-failed")).toMatchObject({
    reason: expect.stringContaining('There is no folder "no-such-folder"'),
  });
  await scene.pass(hour);
  expect([daemon.status().queues[0]?.marksWaiting, scene.handled.length]).toEqual([0, 2]);
});

it("one message that Graph refuses to change holds up no other", async () => {
  const scene = await createScene({ afterAck: read });
  const ids = scene.mailbox.deliverMany(Array.from({ length: 45 }, () => ({})));
  const bad = ids[7] as string;
  scene.sim.faults.add({ name: "refused", route: "patch", messageId: bad, status: 400, graphCode: "ErrorInvalidPropertySet" });
  await scene.start();
  await scene.until(() => scene.of("message:marked").length === 44 && scene.of("message:mark-failed").length === 1);
  expect(scene.of("message:mark-failed")).toEqual([bad]);
});

it.each([
  { graphCode: "ErrorQuotaExceeded", status: 403 },
  { graphCode: "quotaLimitReached", status: 507 },
])("in a full mailbox ($graphCode) mail is delivered, and its marks wait for as long as it takes and are made then", async (refusal) => {
  const scene = await createScene({ afterAck: read });
  const mend = scene.sim.faults.add({ name: "full", route: ["patch", "move"], ...refusal });
  const ids = scene.mailbox.deliverMany([{}, {}]);
  const daemon = await scene.start();
  await scene.pass(3 * hour);
  ids.push(scene.mailbox.deliver());
  await scene.until(() => scene.of("message:settled").length === 3);
  expect([scene.of("message:mark-failed"), daemon.status().queues[0]?.marksWaiting]).toEqual([[], 3]);
  mend();
  await scene.until(() => scene.of("message:marked").length === 3);
  expect(ids.map((id) => scene.mailbox.message(id)?.isRead)).toEqual([true, true, true]);
});

it.each([1, 6])("a change whose answer is lost %i times is made, once to the host and without a failure", async (count) => {
  const scene = await createScene({ afterAck: { markRead: true, addCategories: ["Done"] } });
  scene.sim.faults.add({ name: "lost", route: "patch", count, dropSocket: "after" });
  const id = scene.mailbox.deliver({ categories: ["Blue"] });
  await scene.start();
  await scene.until(() => scene.of("message:marked").length === 1);
  expect(scene.mailbox.message(id)).toMatchObject({ isRead: true, categories: ["Blue", "Done"] });
  expect([scene.handled, scene.of("message:mark-failed")]).toEqual([[id], []]);
});

it.each([404, 400])("a move whose answer is lost is no failure, also where Graph answers its repetition with %i", async (status) => {
  const scene = await createScene({ afterAck: { moveTo: "archive" } });
  scene.sim.faults.add({ name: "lost", route: "move", count: 1, dropSocket: "after" });
  scene.sim.faults.add({
    name: "moved already",
    route: "move",
    status,
    graphCode: status === 404 ? "ErrorItemNotFound" : "ErrorMoveCopyFailed",
  });
  const id = scene.mailbox.deliver();
  await scene.start();
  await scene.until(() => scene.told.length === 2);
  expect(scene.told).toMatchObject([{ name: "message:settled" }, { name: "message:marked", id }]);
  expect(scene.told[1]).not.toHaveProperty("vanished");
  expect(scene.mailbox.message(id)?.folder).toBe("Archive");
});

it("while the mailbox itself is gone no mark is taken for that of a vanished message", async () => {
  const scene = await createScene({ afterAck: read });
  const gone = { status: 404, graphCode: "ErrorItemNotFound" };
  const mend = [
    scene.sim.faults.add({ name: "no mailbox", route: ["patch", "delta"], after: 1, ...gone }),
    scene.sim.faults.add({ name: "no mailbox", route: "folder", ...gone }),
  ];
  const id = scene.mailbox.deliver();
  const daemon = await scene.start();
  await scene.until(() => scene.of("message:settled").length === 1);
  await scene.pass(2 * hour);
  expect([scene.of("message:marked"), daemon.status().queues[0]?.marksWaiting]).toEqual([[], 1]);
  for (const end of mend) end();
  await scene.until(() => scene.of("message:marked").length === 1);
  expect(scene.mailbox.message(id)?.isRead).toBe(true);
});
