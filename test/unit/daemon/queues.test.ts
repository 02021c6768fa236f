/** Queues that come and go while the daemon runs, and how that meets its start and its stop. */
import { expect, test } from "vitest";
import { epochKey, openKey } from "../../../src/delivery/ledger-record.js";
import { address } from "../../support/host.js";
import { away } from "../../support/troubled-store.js";
import { createScene, type Scene } from "./set-up.js";

const other = "Other@contoso.com";
const takesEpochOf =
  (queue: string) =>
  ({ puts }: { puts?: readonly { key: readonly unknown[] }[] }) =>
    puts?.[0]?.key[0] === queue.toLowerCase() && puts[0].key[1] === "epoch";

async function started(scene: Scene) {
  const daemon = scene.daemon();
  await scene.done(daemon.start());
  return daemon;
}

/** A record that no version of the package has written. */
async function broken({ store }: Scene, queue: string): Promise<void> {
  await store.open();
  await store.commit({ puts: [{ key: openKey(queue.toLowerCase(), 1), value: "broken" }] });
  await store.close();
}

test("a queue that is added before the start is taken by it; one that is removed is not", async () => {
  const scene = createScene();
  const daemon = scene.daemon();
  await daemon.addQueue({ address: other });
  await daemon.removeQueue(address.toUpperCase());
  await scene.done(daemon.start());
  expect(daemon.status().queues.map((queue) => queue.address)).toEqual([other]);
  expect(scene.told.find(({ name }) => name === "daemon:started")).toMatchObject({ queues: 1 });
});

test("a queue that is added during the start is taken too", async () => {
  const scene = createScene();
  scene.store.hold(takesEpochOf(address));
  const daemon = scene.daemon();
  const start = daemon.start();
  await scene.until(() => scene.store.heldCount === 1);
  await daemon.addQueue({ address: other });
  scene.store.release();
  await scene.done(start);
  expect(daemon.status().queues.map(({ state }) => state)).not.toContain("stopped");
  expect(scene.told.find(({ name }) => name === "daemon:started")).toMatchObject({ queues: 2 });
});

test("a queue whose taking hangs at the start keeps the others neither from being taken nor from polling", async () => {
  const scene = createScene([address, other]);
  await scene.signIn(scene.daemon(), other);
  scene.store.hold(takesEpochOf(address));
  const start = scene.daemon().start();
  await scene.until(() => scene.told.some((one) => one.name === "queue:polled" && one.queue === other));
  expect(scene.names()).not.toContain("daemon:started");
  scene.store.release();
  await scene.done(start);
  expect(scene.told.findLast(({ name }) => name === "daemon:started")).toMatchObject({ queues: 2 });
});

test("a queue that cannot be taken for the store's sake ends the start, once those taken with it have been", async () => {
  const scene = createScene([address, other]);
  scene.store.hold(takesEpochOf(other));
  scene.store.refuse = (commit) => (takesEpochOf(address)(commit) ? away() : undefined);
  const daemon = scene.daemon();
  const start = expect(daemon.start()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  await scene.clock.advance(1_000);
  expect(daemon.status().state).toBe("starting");
  scene.store.release();
  await start;
  expect(scene.told.filter((one) => one.name === "queue:state" && one.to === "stopped")).toMatchObject([{ queue: other }]);
  expect([daemon.status().state, scene.clock.pending()]).toEqual(["stopped", 0]);
});

test("a queue that is removed while it is being taken at the start does not run on", async () => {
  const scene = createScene();
  scene.store.hold(takesEpochOf(address));
  const daemon = scene.daemon();
  const start = daemon.start();
  await scene.until(() => scene.store.heldCount === 1);
  const removal = daemon.removeQueue(address);
  scene.store.release();
  await scene.done(Promise.all([start, removal]));
  expect(daemon.status().queues).toEqual([]);
  expect(scene.told.findLast(({ name }) => name === "queue:state")).toMatchObject({ to: "stopped", why: "removeQueue() was called" });
  // The owner's renewal and the keeping alive of sign-ins are the only timers left.
  await scene.clock.advance(0);
  expect(scene.clock.pending()).toBe(2);
});

test("an address is one queue, also while it is being let go of; afterwards it may come again", async () => {
  const scene = createScene();
  scene.sim.user(address).mailbox.deliver();
  const daemon = scene.daemon();
  await scene.signIn(daemon);
  await scene.done(daemon.start());
  await scene.until(() => scene.deliveries.length === 1);
  const removal = daemon.removeQueue(address, { deadlineMs: 5_000 });
  const second = daemon.removeQueue(address, { deadlineMs: 60_000 });
  await expect(daemon.addQueue({ address: address.toUpperCase() })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  expect(scene.deliveries[0]!.signal.aborted).toBe(false);
  await scene.done(Promise.all([removal, second]));
  expect(scene.deliveries[0]!.signal.aborted).toBe(true);
  expect([daemon.status().queues, scene.clock.pending()]).toEqual([[], 2]);
  await expect(daemon.removeQueue(address)).rejects.toMatchObject({ code: "LIFECYCLE_UNKNOWN_QUEUE" });
  scene.work = () => Promise.resolve();
  await scene.done(daemon.addQueue({ address }));
  await scene.until(() => scene.names().includes("message:settled"));
  expect(scene.deliveries.map(({ attempt }) => attempt)).toEqual([1, 1]);
});

test("a stop that meets a queue being added takes that one apart as well", async () => {
  const scene = createScene();
  const daemon = await started(scene);
  scene.store.hold(takesEpochOf(other));
  const adding = daemon.addQueue({ address: other });
  await scene.until(() => scene.store.heldCount === 1);
  const stop = daemon.stop();
  scene.store.release();
  await scene.done(Promise.all([adding, stop]));
  await scene.clock.advance(600_000);
  expect(daemon.status().queues.map(({ state }) => state)).toEqual(["stopped", "stopped"]);
  expect(scene.clock.pending()).toBe(0);
});

test("a stop that meets a queue being removed keeps its own, shorter deadline", async () => {
  const scene = createScene();
  scene.sim.user(address).mailbox.deliver();
  scene.work = () => new Promise(() => undefined);
  const daemon = scene.daemon();
  await scene.signIn(daemon);
  await scene.done(daemon.start());
  await scene.until(() => scene.deliveries.length === 1);
  const before = scene.clock.now();
  await scene.done(Promise.all([daemon.removeQueue(address, { deadlineMs: 600_000 }), daemon.stop({ deadlineMs: 2_000 })]));
  expect(scene.clock.now() - before).toBeLessThan(4_000);
  expect(scene.clock.pending()).toBe(0);
});

test("a queue that cannot be taken is not a queue: the error is told, and it can be added again", async () => {
  const scene = createScene();
  const daemon = await started(scene);
  scene.store.refuse = (commit) => (takesEpochOf(other)(commit) ? away() : undefined);
  await expect(scene.done(daemon.addQueue({ address: other }))).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  expect(daemon.status().queues.map((queue) => queue.address)).toEqual([address]);
  await expect(daemon.signIn(other, { method: "refreshToken", refreshToken: "x" })).rejects.toMatchObject({
    code: "LIFECYCLE_UNKNOWN_QUEUE",
  });
  scene.store.refuse = undefined;
  await scene.done(daemon.addQueue({ address: other }));
  expect(daemon.status().queues.map((queue) => queue.address)).toEqual([address, other]);
});

test("a queue that is removed while its adding fails is gone without a further error", async () => {
  const scene = createScene();
  const daemon = await started(scene);
  await scene.store.commit({ puts: [{ key: openKey(other.toLowerCase(), 1), value: "broken" }] });
  scene.store.hold(takesEpochOf(other));
  const adding = expect(daemon.addQueue({ address: other })).rejects.toMatchObject({ code: "STORE_RECORD_INVALID" });
  const removal = daemon.removeQueue(other);
  scene.store.release();
  await scene.done(removal);
  await adding;
  expect(daemon.status().queues.map((queue) => queue.address)).toEqual([address]);
});

test("a broken record of one queue stops that queue alone, with its reason in event, status and calls", async () => {
  const scene = createScene([address, other]);
  await broken(scene, other);
  const daemon = await started(scene);
  expect(daemon.status().queues).toMatchObject([
    { address, state: expect.not.stringMatching("stopped") },
    { address: other, state: "stopped", why: expect.stringContaining("STORE_RECORD_INVALID") },
  ]);
  expect(scene.told.find((one) => one.name === "queue:failed" && one.queue === other)).toMatchObject({
    queue: other,
    code: "STORE_RECORD_INVALID",
    nextInMs: Number.POSITIVE_INFINITY,
  });
  await expect(daemon.pollNow(other)).rejects.toMatchObject({
    code: "LIFECYCLE_NOT_STARTED",
    message: expect.stringContaining(`${other.toLowerCase()}/open/1`),
  });
  await daemon.removeQueue(other);
  await scene.store.commit({ deletes: [openKey(other.toLowerCase(), 1)] });
  await scene.done(daemon.addQueue({ address: other }));
  expect(daemon.status().queues[1]?.state).not.toBe("stopped");
});

test("each taking of a queue raises its epoch, of no other", async () => {
  const scene = createScene();
  const daemon = await started(scene);
  await scene.done(daemon.addQueue({ address: other }));
  await scene.done(daemon.removeQueue(other));
  await scene.done(daemon.addQueue({ address: other }));
  expect((await scene.store.get(epochKey(other.toLowerCase())))?.value).toBe(2);
  expect((await scene.store.get(epochKey(address)))?.value).toBe(1);
});
