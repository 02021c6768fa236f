/** What fails comes again in its time, and what it holds up meanwhile is its own conversation, once, for at most a minute. */
import { expect, test } from "vitest";
import { createScene, many } from "./dispatcher-scene.js";
import { queue } from "./set-up.js";

const seconds = 1_000;

test("an attempt that failed is told with its reason and its time, and not made before it", async () => {
  const scene = await createScene();
  await scene.arrive(["m1"]);
  scene.handed[0]!.fail(new TypeError("no such table"));
  await scene.clock.advance(10);
  const told = scene.told[0];
  expect(told).toMatchObject({ name: "message:retrying", queue, id: "m1", attempt: 1, reason: "TypeError: no such table" });
  const { nextAt } = told as { nextAt: number };
  await scene.clock.advance(nextAt - scene.clock.now() - 1);
  expect(scene.handed.length).toBe(1);
  await scene.clock.advance(20);
  expect(scene.handed.map(({ delivery }) => delivery.attempt)).toEqual([1, 2]);
});

test("the pauses between attempts grow from about 5 s to at most 10 min", async () => {
  const scene = await createScene({ maxAttempts: 12 });
  scene.work = ({ fail }) => fail(new Error("no"));
  await scene.arrive(["m1"]);
  await scene.clock.advance(3 * 3_600 * seconds);
  const pauses = scene.handed.slice(1).map(({ at }, index) => Math.round((at - scene.handed[index]!.at) / 10) * 10);
  expect(pauses.slice(0, 4)).toEqual([3_750, 7_500, 15_000, 30_000]);
  expect(pauses.length).toBe(11);
  expect(Math.max(...pauses)).toBe(450_000);
});

test("the host's own time is kept, also when it is the past, and is asked for in milliseconds", async () => {
  const scene = await createScene();
  await scene.arrive(["m1"]);
  const first = scene.handed[0]!.delivery;
  expect(await scene.done(first.retry({ afterMs: 0 }))).toBe("settled");
  await scene.clock.advance(10);
  expect(scene.handed.length).toBe(2);
  for (const afterMs of [Number.NaN, -1, Number.POSITIVE_INFINITY, 2 ** 31, "5000" as never, null as never]) {
    await expect(scene.handed[1]!.delivery.retry({ afterMs })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringContaining(`got ${String(afterMs)}`),
    });
  }
  expect(scene.dispatcher.inFlightCount).toBe(1);
  expect(await scene.done(scene.handed[1]!.delivery.retry({ afterMs: 2 ** 31 - 1 }))).toBe("settled");
});

test("a reason of any kind is taken as a text: the message is settled, not stuck", async () => {
  const scene = await createScene({ maxAttempts: 100 });
  scene.work = undefined;
  await scene.arrive(many(6));
  const [error, number, nothing, object, thrown, text] = scene.handed;
  await scene.done(error!.delivery.reject(new Error("broken") as never));
  await scene.done(number!.delivery.reject(42 as never));
  await scene.done(nothing!.delivery.retry({ afterMs: 60 * seconds, reason: null as never }));
  await scene.done(object!.delivery.reject({ code: 7 } as never));
  thrown!.fail(undefined);
  text!.fail("just a text");
  await scene.clock.advance(10);
  expect(scene.told.map((told) => ("reason" in told ? told.reason : told.name))).toEqual([
    "Error: broken",
    "the handler gave 42 as the reason",
    expect.stringContaining("as the reason"),
    "the handler gave an object as the reason",
    "the handler gave undefined as the reason",
    "just a text",
  ]);
  expect([scene.failures, scene.dispatcher.inFlightCount]).toEqual([[], 0]);
});

test("the last attempt's failure puts it into quarantine, with the mark for that", async () => {
  const onQuarantine = { flag: true };
  const scene = await createScene({ maxAttempts: 3, onQuarantine });
  scene.work = ({ fail }) => fail(new Error("no"));
  await scene.arrive(["m1"]);
  await scene.clock.advance(3_600 * seconds);
  expect(scene.told.map((told) => [told.name, "attempt" in told ? told.attempt : "attempts" in told ? told.attempts : 0])).toEqual([
    ["message:retrying", 1],
    ["message:retrying", 2],
    ["message:quarantined", 3],
  ]);
  expect(scene.marks).toMatchObject([
    { outcome: "quarantined", mark: onQuarantine, failures: [1, 2, 3].map((attempt) => ({ attempt, error: "Error: no" })) },
  ]);
  expect(scene.handed.length).toBe(3);
});

test("what the handler rejects goes into quarantine at once", async () => {
  const scene = await createScene();
  await scene.arrive(["m1"]);
  expect(await scene.done(scene.handed[0]!.delivery.reject("spam"))).toBe("settled");
  expect(scene.told).toEqual([{ name: "message:quarantined", queue, id: "m1", attempts: 1, reason: "spam" }]);
  expect(scene.dispatcher.waitingCount).toBe(0);
});

test("a first failure holds its own conversation until it was tried again, and no other", async () => {
  const scene = await createScene();
  await scene.arrive(["a:1", "a:2", "a:3", "b:1", "b:2"]);
  scene.work = ({ finish }) => finish();
  expect(scene.handed.map(({ id }) => id)).toEqual(["a:1", "b:1"]);
  scene.handed[0]!.fail(new Error("no"));
  scene.handed[1]!.finish();
  await scene.clock.advance(3_000);
  expect(scene.handed.map(({ id }) => id)).toEqual(["a:1", "b:1", "b:2"]);
  await scene.clock.advance(10 * seconds);
  expect(scene.handed.map(({ id }) => id)).toEqual(["a:1", "b:1", "b:2", "a:1", "a:2", "a:3"]);
  // Its content was kept: nothing was read again.
  expect(scene.reads).toEqual([]);
});

test("a second failure does not hold the conversation", async () => {
  const scene = await createScene();
  await scene.arrive(["a:1", "a:2"]);
  scene.handed[0]!.fail(new Error("no"));
  await scene.clock.advance(4_000);
  expect(scene.handed.map(({ id }) => id)).toEqual(["a:1", "a:1"]);
  scene.handed[1]!.fail(new Error("no"));
  await scene.clock.advance(20);
  expect(scene.handed.map(({ id }) => id)).toEqual(["a:1", "a:1", "a:2"]);
});

test("a failure that is to be repeated late holds its conversation for one minute", async () => {
  const scene = await createScene();
  await scene.arrive(["a:1", "a:2"]);
  const at = scene.clock.now();
  await scene.done(scene.handed[0]!.delivery.retry({ afterMs: 3_600 * seconds }));
  await scene.clock.advance(59 * seconds);
  expect(scene.of("a:2")).toEqual([]);
  await scene.clock.advance(2 * seconds);
  expect(scene.of("a:2").length).toBe(1);
  expect(scene.of("a:2")[0]!.at - at).toBeLessThanOrEqual(60 * seconds + 20);
  scene.of("a:2")[0]!.finish();
  await scene.clock.advance(3_600 * seconds);
  expect(scene.of("a:1").length).toBe(2);
});

test('with "release" a failure holds nobody', async () => {
  const scene = await createScene({ conversationOrder: "release" });
  await scene.arrive(["a:1", "a:2"]);
  scene.handed[0]!.fail(new Error("no"));
  await scene.clock.advance(20);
  expect(scene.handed.map(({ id }) => id)).toEqual(["a:1", "a:2"]);
});

test("a message that always fails blocks nobody, however often it comes", async () => {
  const scene = await createScene({ maxInFlight: 1, maxAttempts: 50 });
  scene.work = ({ id, finish, fail }) => (id === "poison" ? fail(new Error("poison")) : finish());
  await scene.arrive(["poison", ...many(40)]);
  await scene.clock.advance(60 * seconds);
  expect(scene.names().filter((name) => name === "message:settled").length).toBe(40);
  await scene.arrive(["later"]);
  expect(scene.of("later").length).toBe(1);
  expect(scene.of("poison").length).toBeGreaterThan(3);
});

test("when all fail at first, what they keep in memory leaves room for the others", async () => {
  const scene = await createScene({ highWaterBytes: 20_000, maxInFlight: 4 });
  let failing = true;
  scene.work = ({ finish, fail }) => (failing ? fail(new Error("the ticket system is away")) : finish());
  await scene.arrive(many(40).map((id) => `${id}:1`));
  await scene.clock.advance(1_500);
  // Before the first of them has come again, all have been tried.
  expect(new Set(scene.handed.map(({ id }) => id)).size).toBe(40);
  failing = false;
  await scene.clock.advance(60 * seconds);
  expect(scene.names().filter((name) => name === "message:settled").length).toBe(40);
});

test("a thousand messages of one conversation behind a failing one wait as ids, and come in their order when it is over", async () => {
  const highWaterBytes = 50_000;
  const scene = await createScene({ highWaterBytes, maxAttempts: 2 });
  const robots = Array.from({ length: 1_000 }, (_, index) => `robot:${index}`);
  scene.work = ({ id, finish, fail }) => (id === "robot:failing" ? fail(new Error("no")) : finish());
  await scene.arrive(["robot:failing"]);
  await scene.arrive(robots);
  await scene.arrive(["a:1", "b:1"]);
  await scene.clock.advance(1_000);
  expect(scene.handed.map(({ id }) => id)).toEqual(["robot:failing", "a:1", "b:1"]);
  expect(scene.dispatcher.waitingCount).toBe(1_001);
  // Nobody asks for what must wait anyhow: each was looked at once, and kept as an id when there was no room.
  expect(scene.reads.flat().length).toBeLessThanOrEqual(1_000);
  await scene.clock.advance(60_000);
  expect(scene.handed.filter(({ id }) => robots.includes(id)).map(({ id }) => id)).toEqual(robots);
  expect(scene.told.filter(({ name }) => name === "message:quarantined")).toMatchObject([{ id: "robot:failing", attempts: 2 }]);
});

test("what was waiting for its next attempt waits on after a restart", async () => {
  const scene = await createScene();
  await scene.arrive(["m1"]);
  await scene.done(scene.handed[0]!.delivery.retry({ afterMs: 60 * seconds }));
  await scene.dispatcher.stop(0);
  const ledger = await scene.open();
  const next = scene.dispatcherOver(ledger);
  next.add([...ledger.open.values()]);
  expect(next.waitingCount).toBe(1);
  await scene.clock.advance(59 * seconds);
  expect(scene.handed.length).toBe(1);
  await scene.clock.advance(2 * seconds);
  expect(scene.handed.map(({ delivery }) => delivery.attempt)).toEqual([1, 2]);
});
