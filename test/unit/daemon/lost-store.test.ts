/** A daemon that loses its store: it stops by itself, says why, and writes nothing after that. */
import { expect, test } from "vitest";
import { epochKey } from "../../../src/delivery/ledger-record.js";
import { ownerKey } from "../../../src/state/ownership.js";
import { address } from "../../support/host.js";
import { away } from "../../support/troubled-store.js";
import { createScene, foreign, type Scene } from "./set-up.js";

/** A running daemon with one message in its handler. */
async function running(scene: Scene) {
  scene.sim.user(address).mailbox.deliver();
  const daemon = scene.daemon();
  await scene.signIn(daemon);
  await scene.done(daemon.start());
  await scene.until(() => scene.deliveries.length === 1);
  await scene.clock.advance(10);
  return daemon;
}

test("when another daemon has taken the store, a running daemon stops by itself and writes nothing more", async () => {
  const scene = createScene();
  scene.work = () => new Promise(() => undefined);
  const daemon = await running(scene);
  const delivery = scene.deliveries[0]!;
  let count = 0;
  delivery.signal.addEventListener("abort", () => {
    count = scene.store.commits.length;
  });
  await scene.deposed();
  const error = await scene.done(daemon.stopped);
  expect(error).toMatchObject({ code: "LIFECYCLE_LOST_STORE", scope: "daemon" });
  expect(delivery.signal.aborted).toBe(true);
  expect(delivery.signal.reason).toBe(error);
  await expect(delivery.ack()).rejects.toMatchObject({ code: "LIFECYCLE_LOST_QUEUE" });
  expect(scene.told.filter(({ name }) => name.startsWith("daemon:"))).toMatchObject([
    { name: "daemon:started" },
    { name: "daemon:stopping", why: expect.stringContaining("LIFECYCLE_LOST_STORE") },
    { name: "daemon:stopped", code: "LIFECYCLE_LOST_STORE" },
  ]);
  expect(scene.told.find((one) => one.name === "queue:state" && one.to === "stopped")).toMatchObject({
    why: expect.stringContaining("LIFECYCLE_LOST_STORE"),
  });
  await scene.clock.advance(600_000);
  expect(scene.store.commits.length).toBe(count);
  // The renewal that found the loss was the last attempt, and its check failed.
  expect(scene.store.commits.at(-1)).toMatchObject({ puts: [{ key: ownerKey }] });
  await scene.store.open();
  expect((await scene.store.get(ownerKey))?.value).toEqual(foreign);
  expect(scene.clock.pending()).toBe(0);
  await daemon.stop();
  await expect(daemon.start()).rejects.toMatchObject({ code: "LIFECYCLE_STOPPED" });
});

test("the same daemon would have gone on and written while the store was its own", async () => {
  const scene = createScene();
  const daemon = await running(scene);
  const count = scene.store.commits.length;
  await scene.clock.advance(5_000);
  expect(daemon.status().state).toBe("running");
  expect(scene.store.commits.length).toBeGreaterThan(count + 10);
});

test("a store whose renewal does not end before the record expires is lost as well", async () => {
  const scene = createScene();
  const daemon = await running(scene);
  scene.store.hold(({ puts }) => puts?.[0]?.key === ownerKey);
  const before = scene.clock.now();
  expect(await scene.done(daemon.stopped)).toMatchObject({ code: "LIFECYCLE_LOST_STORE" });
  expect(scene.clock.now() - before).toBeLessThanOrEqual(11_000);
  expect([scene.deliveries[0]!.signal.aborted, scene.clock.pending()]).toEqual([true, 0]);
});

test("a settlement that is insisting on a store in trouble ends when the store is lost", async () => {
  const scene = createScene();
  const daemon = await running(scene);
  scene.store.refuse = away;
  const ack = expect(scene.deliveries[0]!.ack()).rejects.toMatchObject({ code: "LIFECYCLE_LOST_QUEUE" });
  await scene.clock.advance(20_000);
  expect(daemon.status().state).toBe("running");
  scene.store.refuse = ({ puts }) => (puts?.[0]?.key[0] === address ? away() : undefined);
  await scene.deposed();
  await scene.done(daemon.stopped);
  await ack;
  expect(scene.clock.pending()).toBe(0);
});

test("a store that is lost while the daemon drains ends that at once, and is told", async () => {
  const scene = createScene();
  scene.work = () => new Promise(() => undefined);
  const daemon = await running(scene);
  const stop = daemon.stop({ deadlineMs: 600_000 });
  await scene.clock.advance(100);
  await scene.deposed();
  const before = scene.clock.now();
  await scene.done(stop);
  expect(scene.clock.now() - before).toBeLessThan(10_000);
  expect(await daemon.stopped).toBeUndefined();
  expect(scene.told.at(-1)).toEqual({ name: "daemon:stopped", why: "stop() was called", code: "LIFECYCLE_LOST_STORE" });
  expect(scene.clock.pending()).toBe(0);
});

test("a store that is lost during the start takes no further queue: their epochs are the new owner's", async () => {
  // More than are taken at once.
  const addresses = Array.from({ length: 70 }, (_, number) => `queue${number}@contoso.com`);
  const scene = createScene(addresses);
  scene.store.hold(({ puts: [first] = [] }) => first?.key[0] === addresses[1] && first?.key[1] === "epoch");
  const daemon = scene.daemon();
  const started = expect(daemon.start()).rejects.toMatchObject({ code: "LIFECYCLE_LOST_STORE" });
  await scene.until(() => scene.store.heldCount === 1);
  await scene.deposed();
  await scene.clock.advance(4_000);
  scene.store.release();
  expect(await scene.done(daemon.stopped)).toMatchObject({ code: "LIFECYCLE_LOST_STORE" });
  await started;
  await scene.store.open();
  expect(await scene.store.get(epochKey(addresses[69]!))).toBeUndefined();
  expect(scene.told.at(-1)).toMatchObject({ name: "daemon:stopped", code: "LIFECYCLE_LOST_STORE" });
  expect(scene.names()).not.toContain("daemon:started");
  expect(scene.clock.pending()).toBe(0);
});

test("a store that is lost while the last queue is taken fails the start as well", async () => {
  const scene = createScene();
  scene.store.hold(({ puts: [first] = [] }) => first?.key[1] === "epoch");
  const daemon = scene.daemon();
  const started = expect(daemon.start()).rejects.toMatchObject({ code: "LIFECYCLE_LOST_STORE" });
  await scene.until(() => scene.store.heldCount === 1);
  await scene.deposed();
  await scene.clock.advance(4_000);
  scene.store.release();
  expect(await scene.done(daemon.stopped)).toMatchObject({ code: "LIFECYCLE_LOST_STORE" });
  await started;
  expect([scene.names().includes("daemon:started"), scene.clock.pending()]).toEqual([false, 0]);
});

test("a queue whose ledger fails beyond hope stops by itself; the others go on", async () => {
  const other = "other@contoso.com";
  const scene = createScene([address, other]);
  const daemon = scene.daemon();
  await scene.signIn(daemon, address);
  await scene.signIn(daemon, other);
  await scene.done(daemon.start());
  // Another process has taken that one queue, as a worker does.
  const epoch = await scene.store.get(epochKey(address));
  await scene.store.commit({ puts: [{ key: epochKey(address), value: (epoch?.value as number) + 1 }] });
  scene.sim.user(address).mailbox.deliver();
  await scene.until(() => daemon.status().queues[0]?.state === "stopped");
  expect(daemon.status().queues[0]?.why).toContain("LIFECYCLE_LOST_QUEUE");
  await expect(daemon.pollNow(address)).rejects.toMatchObject({ code: "LIFECYCLE_STOPPED" });
  scene.work = () => Promise.resolve();
  scene.sim.user(other).mailbox.deliver();
  await scene.until(() => scene.names().includes("message:settled"));
  expect(daemon.status().state).toBe("running");
});
