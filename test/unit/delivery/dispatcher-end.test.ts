/** The ends of a dispatcher: a stop that drains, a stop that cuts off, and the loss of the queue. Nothing is left behind. */
import { expect, test } from "vitest";
import { MailError } from "../../../src/base/errors.js";
import { away, isOfWork } from "../../support/troubled-store.js";
import { createScene, lost, many } from "./dispatcher-scene.js";

/** Whether a promise has ended, and how. */
function watch(work: Promise<unknown>) {
  const seen = { ended: false, value: undefined as unknown, error: undefined as unknown };
  work.then(
    (value) => Object.assign(seen, { ended: true, value }),
    (error: unknown) => Object.assign(seen, { ended: true, error }),
  );
  return seen;
}

test("a stop with nothing in flight ends at once", async () => {
  const scene = await createScene();
  await scene.dispatcher.stop(30_000);
  expect(scene.clock.pending()).toBe(0);
});

test("a stop waits for what is in flight and begins nothing else", async () => {
  const scene = await createScene({ maxInFlight: 2 });
  await scene.arrive(many(5));
  const stop = watch(scene.dispatcher.stop(30_000));
  scene.handed[0]!.finish();
  await scene.clock.advance(20_000);
  expect([stop.ended, scene.handed.length]).toEqual([false, 2]);
  scene.handed[1]!.finish();
  await scene.clock.advance(10);
  expect(stop.ended).toBe(true);
  expect(scene.names()).toEqual(["message:settled", "message:settled"]);
  expect((await scene.stored()).map(({ id, state }) => `${id} ${state}`)).toEqual(["m2 pending", "m3 pending", "m4 pending"]);
  expect(scene.clock.pending()).toBe(0);
});

test("a delivery whose attempt is just becoming durable belongs to what is in flight", async () => {
  const scene = await createScene();
  scene.store.hold(isOfWork);
  await scene.arrive(["m1"]);
  const stop = watch(scene.dispatcher.stop(30_000));
  scene.store.release();
  await scene.clock.advance(100);
  expect([stop.ended, scene.handed.length]).toEqual([false, 1]);
  scene.handed[0]!.finish();
  await scene.clock.advance(10);
  expect([stop.ended, scene.names()]).toEqual([true, ["message:settled"]]);
});

test("at the deadline the rest is cut off: its signal says so, and its attempt does not count", async () => {
  const scene = await createScene();
  await scene.arrive(["m1"]);
  const stop = watch(scene.dispatcher.stop(5_000));
  await scene.clock.advance(4_999);
  expect([stop.ended, scene.handed[0]!.delivery.signal.aborted]).toEqual([false, false]);
  await scene.clock.advance(10);
  expect([stop.ended, scene.handed[0]!.delivery.signal.aborted]).toEqual([true, true]);
  expect(scene.handed[0]!.delivery.signal.reason).toMatchObject({ code: "LIFECYCLE_STOPPED" });
  expect(await scene.stored()).toMatchObject([{ state: "pending", attempts: 0, crashes: 0 }]);
  const late = watch(scene.handed[0]!.delivery.ack());
  await scene.clock.advance(10);
  expect(late).toMatchObject({ value: "already" });
  expect(scene.clock.pending()).toBe(0);
  expect(scene.failures).toEqual([]);
});

test("what becomes durable only after the deadline is taken back without being handed over", async () => {
  const scene = await createScene();
  scene.store.hold(isOfWork);
  await scene.arrive(["m1"]);
  const stop = watch(scene.dispatcher.stop(100));
  await scene.clock.advance(200);
  scene.store.release();
  await scene.clock.advance(100);
  expect([stop.ended, scene.handed.length]).toEqual([true, 0]);
  expect(await scene.stored()).toMatchObject([{ state: "pending", attempts: 0, crashes: 0 }]);
});

test("a retry during a stop is recorded and leaves no timer", async () => {
  const scene = await createScene();
  await scene.arrive(["a:1", "b:1"]);
  const stop = watch(scene.dispatcher.stop(30_000));
  scene.handed[0]!.fail(new Error("no"));
  const retry = watch(scene.handed[1]!.delivery.retry({ afterMs: 3_600_000 }));
  await scene.clock.advance(100);
  expect([stop.ended, retry.value]).toEqual([true, "settled"]);
  expect(await scene.stored()).toMatchObject([{ state: "retrying" }, { state: "retrying" }]);
  expect(scene.clock.pending()).toBe(0);
});

test("a read under way at a stop ends, and what waited to be asked for again leaves no timer", async () => {
  const scene = await createScene();
  scene.answer = () => ({ found: false, error: new MailError("GRAPH_NOT_FOUND", "Not there.") });
  await scene.arrive(["there"]);
  scene.store.hold(isOfWork);
  await scene.arrive(["missing"], { full: false });
  const stop = watch(scene.dispatcher.stop(30_000));
  scene.handed[0]!.finish();
  scene.store.release();
  await scene.clock.advance(100);
  expect(stop.ended).toBe(true);
  expect(scene.clock.pending()).toBe(0);
});

test("a stop during a read that does not end by itself ends it", async () => {
  let aborted = false;
  const scene = await createScene({
    read: (_, signal) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener("abort", () => {
          aborted = true;
          reject(signal.reason as Error);
        }),
      ),
  });
  await scene.arrive(["m1"], { full: false });
  await scene.dispatcher.stop(30_000);
  expect(aborted).toBe(true);
  await scene.clock.advance(10);
  expect([scene.failures, scene.clock.pending()]).toEqual([[], 0]);
});

test("a stop ends a little after its deadline when the store is away, and a store that never answers does not hold it either", async () => {
  for (const trouble of ["refuses", "hangs"]) {
    const scene = await createScene();
    await scene.arrive(["a", "b"]);
    if (trouble === "hangs") scene.store.hold();
    else scene.store.refuse = away;
    scene.handed[0]!.finish();
    const early = watch(scene.handed[1]!.delivery.ack());
    const stop = watch(scene.dispatcher.stop(5_000));
    await scene.clock.advance(5_000);
    expect(stop.ended, trouble).toBe(false);
    await scene.clock.advance(2_000);
    expect(stop.ended, trouble).toBe(true);
    expect(early.error, trouble).toMatchObject({ code: "LIFECYCLE_LOST_QUEUE" });
    expect(scene.clock.pending(), trouble).toBe(0);
    scene.store.release();
  }
});

test("an abandoned queue writes nothing more, aborts its handlers, and the host's own calls say that the queue is lost", async () => {
  const scene = await createScene({ maxInFlight: 2 });
  await scene.arrive(many(4));
  const [first, second] = scene.handed;
  const before = scene.store.commits.length;
  scene.dispatcher.abandon(lost);
  const calls = [watch(first!.delivery.ack()), watch(second!.delivery.retry({ afterMs: 1 })), watch(second!.delivery.reject("never"))];
  first!.finish();
  await scene.clock.advance(600_000);
  expect(scene.handed.map(({ delivery }) => [delivery.signal.aborted, delivery.signal.reason])).toEqual([
    [true, lost],
    [true, lost],
  ]);
  for (const call of calls) expect(call.error).toMatchObject({ code: "LIFECYCLE_LOST_QUEUE", cause: lost });
  expect(scene.store.commits.length).toBe(before);
  expect([scene.handed.length, scene.told, scene.clock.pending(), scene.dispatcher.inFlightCount]).toEqual([2, [], 0, 0]);
});

test("the calls above would have been written while the queue was ours", async () => {
  const scene = await createScene({ maxInFlight: 2 });
  await scene.arrive(many(2));
  const before = scene.store.commits.length;
  const ack = watch(scene.handed[0]!.delivery.ack());
  await scene.clock.advance(10);
  expect(ack.value).toBe("settled");
  expect(scene.store.commits.length).toBe(before + 1);
});

test("a settlement that is insisting when the queue is abandoned ends with the loss of the queue", async () => {
  for (const trouble of ["refuses", "hangs"]) {
    const scene = await createScene();
    await scene.arrive(["m1"]);
    if (trouble === "hangs") scene.store.hold();
    else scene.store.refuse = away;
    const ack = watch(scene.handed[0]!.delivery.ack());
    await scene.clock.advance(5_000);
    expect(ack.ended, trouble).toBe(false);
    scene.dispatcher.abandon(lost);
    await scene.clock.advance(0);
    expect(ack.error, trouble).toMatchObject({ code: "LIFECYCLE_LOST_QUEUE", cause: lost });
    expect([scene.dispatcher.inFlightCount, scene.clock.pending()], trouble).toEqual([0, 0]);
    scene.store.release();
  }
});

test("an attempt that becomes durable after the queue was abandoned is not handed over", async () => {
  const scene = await createScene();
  scene.store.hold(isOfWork);
  await scene.arrive(["m1"]);
  scene.dispatcher.abandon(lost);
  scene.store.release();
  await scene.clock.advance(1_000);
  expect([scene.handed.length, scene.clock.pending()]).toEqual([0, 0]);
});

test("a stop and an abandonment may meet, in either order", async () => {
  const scene = await createScene();
  await scene.arrive(["m1"]);
  const stop = watch(scene.dispatcher.stop(30_000));
  await scene.clock.advance(100);
  scene.dispatcher.abandon(lost);
  await scene.clock.advance(0);
  expect(stop.ended).toBe(true);
  await scene.dispatcher.stop(30_000);
  scene.dispatcher.abandon(lost);
  await scene.clock.advance(0);
  expect([scene.clock.pending(), scene.failures]).toEqual([0, []]);
});

test("what a killed process had in flight comes again with the next, with its crash counted", async () => {
  const scene = await createScene();
  await scene.arrive(["m1"]);
  const ledger = await scene.open();
  const next = scene.dispatcherOver(ledger);
  next.add([...ledger.open.values()]);
  await scene.clock.advance(10);
  expect(scene.of("m1").map(({ delivery }) => delivery.attempt)).toEqual([1, 1]);
  expect(ledger.open.get("m1")).toMatchObject({ attempts: 1, crashes: 1 });
  // The first process comes to itself: it has lost the queue.
  const late = watch(scene.of("m1")[0]!.delivery.ack());
  await scene.clock.advance(10);
  expect(late.error).toMatchObject({ code: "LIFECYCLE_LOST_QUEUE" });
  expect(scene.of("m1")[0]!.delivery.signal.aborted).toBe(true);
  scene.of("m1")[1]!.finish();
  await scene.clock.advance(10);
  expect(scene.names()).toEqual(["message:settled"]);
});
