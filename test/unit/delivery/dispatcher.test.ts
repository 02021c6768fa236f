/** The way of a message through the dispatcher: begun durably, handed over, settled, in whatever order trouble comes. */
import { expect, test } from "vitest";
import { MailError } from "../../../src/base/errors.js";
import { settle } from "../../support/manual-clock.js";
import { away, isOfWork } from "../../support/troubled-store.js";
import { createScene, many } from "./dispatcher-scene.js";
import { queue, queueKey } from "./set-up.js";

test("a message is handed over with its queue, its attempt and a stable key", async () => {
  const scene = await createScene();
  await scene.arrive(["m1"]);
  const { delivery } = scene.handed[0]!;
  expect({ ...delivery, message: delivery.message.subject }).toMatchObject({ queue, attempt: 1, key: `${queueKey}/m1`, message: "m1" });
});

test("an attempt is durable before the handler sees the message", async () => {
  const scene = await createScene();
  scene.store.hold(isOfWork);
  await scene.arrive(["m1"]);
  await scene.clock.advance(1_000);
  expect(scene.handed).toEqual([]);
  scene.store.release();
  await scene.clock.advance(10);
  expect(scene.handed.length).toBe(1);
  expect(await scene.stored()).toMatchObject([{ id: "m1", state: "delivering", attempts: 1 }]);
});

test("a handler that resolves settles, and the mark is ordered when that is durable", async () => {
  const afterAck = { markRead: true };
  const scene = await createScene({ afterAck });
  await scene.arrive(["m1"]);
  scene.store.hold();
  scene.handed[0]!.finish();
  await scene.clock.advance(1_000);
  expect([scene.told, scene.marks]).toEqual([[], []]);
  expect(scene.dispatcher.inFlightCount).toBe(1);
  scene.store.release();
  await scene.clock.advance(10);
  expect(scene.told).toEqual([{ name: "message:settled", queue, id: "m1", attempt: 1, receivedAt: expect.any(Number) }]);
  expect(scene.marks).toMatchObject([{ id: "m1", state: "marking", outcome: "settled", mark: afterAck }]);
  expect(scene.dispatcher.inFlightCount).toBe(0);
});

test("without a mark to make, a settled message is done with", async () => {
  const scene = await createScene();
  await scene.arrive(["m1"]);
  scene.handed[0]!.finish();
  await scene.clock.advance(10);
  expect(scene.marks).toEqual([]);
  expect(await scene.stored()).toEqual([]);
});

test("never more than `maxInFlight` are unsettled at once, also while commits are slow", async () => {
  const scene = await createScene({ maxInFlight: 3 });
  scene.work = ({ finish }) => finish();
  await scene.arrive([]);
  const inFlight: number[] = [];
  scene.store.hold(isOfWork);
  await scene.arrive(many(60));
  for (let round = 0; round < 60; round += 1) {
    inFlight.push(scene.dispatcher.inFlightCount);
    scene.store.release();
    scene.store.hold();
    await scene.clock.advance(20);
  }
  scene.store.release();
  await scene.clock.advance(1_000);
  expect(Math.max(...inFlight)).toBe(3);
  expect(scene.mostAtOnce).toBeLessThanOrEqual(3);
  expect(scene.handed.length).toBe(60);
  expect(scene.names().filter((name) => name === "message:settled").length).toBe(60);
});

test("content that a page did not bring is read, and the messages come oldest first", async () => {
  const scene = await createScene({ maxInFlight: 1 });
  scene.work = ({ finish }) => finish();
  await scene.arrive(many(30), { full: false });
  await scene.clock.advance(1_000);
  expect(scene.handed.map(({ id }) => id)).toEqual(many(30));
  expect(scene.reads.map((ids) => ids.length)).toEqual([20, 10]);
});

test("when memory is short messages wait as ids, and reading begins again only as there is room", async () => {
  const scene = await createScene({ maxInFlight: 2, highWaterBytes: 7_000 });
  await scene.arrive(many(30));
  await scene.clock.advance(1_000);
  const reads = scene.reads.length;
  await scene.clock.advance(60_000);
  // Two handlers are at work and the room is full: nobody asks for more.
  expect(scene.reads.length).toBe(reads);
  scene.work = ({ finish }) => finish();
  for (const { finish } of scene.handed) finish();
  await scene.clock.advance(10_000);
  expect(scene.names().filter((name) => name === "message:settled").length).toBe(30);
  // Every message was read at most once more than it was thrown away.
  expect(scene.reads.flat().length).toBeLessThanOrEqual(30);
});

test("what waits and what is in flight is counted, also inside a handler and while content is read", async () => {
  const scene = await createScene({ maxInFlight: 2 });
  const counts = () => [scene.dispatcher.waitingCount, scene.dispatcher.inFlightCount];
  const inside: number[][] = [];
  scene.work = () => void inside.push(counts());
  await scene.arrive(many(5));
  expect(inside).toEqual([
    [3, 2],
    [3, 2],
  ]);
  scene.work = undefined;
  await scene.arrive(["late"], { full: false });
  expect(counts()).toEqual([4, 2]);
  scene.handed[0]!.fail(new Error("no"));
  await scene.clock.advance(10);
  expect(counts()).toEqual([4, 2]);
  // The one that failed waits for its next attempt; of the others none does, read or not.
  expect(scene.dispatcher.delayedCount).toBe(1);
  scene.work = ({ finish }) => finish();
  for (const { finish } of scene.handed) finish();
  await scene.clock.advance(60_000);
  expect([...counts(), scene.dispatcher.delayedCount]).toEqual([0, 0, 0]);
});

test("a message that is gone for good is told and not waited for", async () => {
  const scene = await createScene();
  const there = scene.answer;
  scene.answer = (id) => (id === "m1" ? { found: false, error: new MailError("GRAPH_NOT_FOUND", "Not there.") } : there(id));
  await scene.arrive(["m0", "m1", "m2"], { full: false });
  expect(scene.handed.map(({ id }) => id)).toEqual(["m0", "m2"]);
  for (const { finish } of scene.handed) finish();
  await scene.clock.advance(30 * 60_000);
  expect(scene.told.at(-1)).toEqual({ name: "message:gone", queue, id: "m1" });
  expect(scene.dispatcher.waitingCount).toBe(0);
});

test("a store that is away for a while delays a settlement, which then is made once", async () => {
  const scene = await createScene();
  await scene.arrive(["m1"]);
  let refused = 0;
  scene.store.refuse = () => {
    refused += 1;
    return away();
  };
  scene.handed[0]!.finish();
  await scene.clock.advance(60_000);
  expect(refused).toBeGreaterThan(5);
  expect(scene.told).toEqual([]);
  scene.store.refuse = undefined;
  const before = scene.store.commits.length;
  await scene.clock.advance(20_000);
  expect(scene.names()).toEqual(["message:settled"]);
  expect(scene.store.commits.length - before).toBe(1);
  expect([scene.failures, scene.handed.length]).toEqual([[], 1]);
});

test("a store that is away for a while delays a begin, and nothing is handed over twice", async () => {
  const scene = await createScene();
  scene.work = ({ finish }) => finish();
  await scene.arrive(["m1"]);
  scene.store.refuse = (commit) => (isOfWork(commit) ? away() : undefined);
  await scene.arrive(["m2", "m3"]);
  await scene.clock.advance(30_000);
  expect(scene.handed.map(({ id }) => id)).toEqual(["m1"]);
  scene.store.refuse = undefined;
  await scene.clock.advance(20_000);
  expect(scene.handed.map(({ id }) => id)).toEqual(["m1", "m2", "m3"]);
});

test("fifty settlements in trouble at once give no warning of a leak", async () => {
  const warnings: string[] = [];
  const note = (warning: Error) => warnings.push(warning.name);
  process.on("warning", note);
  const scene = await createScene({ maxInFlight: 50 });
  await scene.arrive(many(50));
  scene.store.refuse = away;
  for (const { finish } of scene.handed) finish();
  await scene.clock.advance(5_000);
  scene.store.refuse = undefined;
  await scene.clock.advance(20_000);
  await settle();
  process.off("warning", note);
  expect(scene.names().length).toBe(50);
  expect(warnings).toEqual([]);
});

test("an error of the ledger that does not pass ends the queue, whoever settled", async () => {
  const byHandler = await createScene();
  await byHandler.arrive(["m1", "m2"]);
  await byHandler.open();
  byHandler.handed[0]!.finish();
  await byHandler.clock.advance(10);
  expect(byHandler.failures).toMatchObject([{ code: "LIFECYCLE_LOST_QUEUE" }]);
  expect(byHandler.handed[1]!.delivery.signal.aborted).toBe(true);

  const byListener = await createScene({ handOver: () => undefined });
  const deliveries: { ack(): Promise<unknown> }[] = [];
  const listening = await createScene({
    handOver(delivery) {
      deliveries.push(delivery);
      return undefined;
    },
  });
  await listening.arrive(["m1"]);
  await listening.open();
  const ack = deliveries[0]!.ack();
  await expect(listening.done(ack)).rejects.toMatchObject({ code: "LIFECYCLE_LOST_QUEUE" });
  expect(listening.failures).toMatchObject([{ code: "LIFECYCLE_LOST_QUEUE" }]);
  expect(byListener.failures).toEqual([]);
});

test("a handler that throws at once is a retry, not the end of the queue", async () => {
  const scene = await createScene({
    handOver() {
      throw new RangeError("at once");
    },
  });
  await scene.arrive(["m1"]);
  expect(scene.told).toMatchObject([{ name: "message:retrying", attempt: 1, reason: "RangeError: at once" }]);
  expect(scene.failures).toEqual([]);
});

test("a pause hands nothing over, not even what was just becoming durable; resuming does", async () => {
  const scene = await createScene({ maxInFlight: 2 });
  scene.work = ({ id }) => {
    if (id === "m0") scene.dispatcher.pause();
  };
  await scene.arrive(many(4));
  expect(scene.handed.map(({ id }) => id)).toEqual(["m0"]);
  expect(await scene.stored()).toMatchObject([
    { id: "m0", state: "delivering" },
    { id: "m1", state: "pending", attempts: 0, crashes: 0 },
    { id: "m2", state: "pending" },
    { id: "m3", state: "pending" },
  ]);
  scene.handed[0]!.finish();
  await scene.clock.advance(60_000);
  expect(scene.handed.length).toBe(1);
  scene.work = ({ finish }) => finish();
  scene.dispatcher.resume();
  await scene.clock.advance(1_000);
  expect(scene.handed.map(({ id, delivery }) => [id, delivery.attempt])).toEqual(many(4).map((id) => [id, 1]));
});
