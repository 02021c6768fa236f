/** Suspects of a crash: delivered one at a time and alone, recorded so, put aside when they alone ended the process too often. */
import { expect, test } from "vitest";
import type { Dispatcher } from "../../../src/delivery/dispatcher.js";
import type { Ledger } from "../../../src/delivery/ledger.js";
import { createSolitude } from "../../../src/delivery/solitude.js";
import type { Commit } from "../../../src/state/store.js";
import { away, isOfWork } from "../../support/troubled-store.js";
import { createScene, type Handed, lost, many } from "./dispatcher-scene.js";
import { item, sighting } from "./set-up.js";

type Scene = Awaited<ReturnType<typeof createScene>>;

/** The process ends without a word, and the next opens the queue. */
async function crash(scene: Scene, dispatcher: Dispatcher): Promise<{ ledger: Ledger; dispatcher: Dispatcher }> {
  const ledger = await scene.open();
  dispatcher.abandon(lost);
  await scene.clock.advance(0);
  const next = scene.dispatcherOver(ledger);
  scene.handed.length = 0;
  next.add([...ledger.open.values()].filter(({ state }) => state !== "marking"));
  await scene.clock.advance(10);
  return { ledger, dispatcher: next };
}

const ids = (handed: readonly Handed[]) => handed.map(({ id }) => id);

test("what was in flight at a crash comes one at a time, oldest first, and is recorded as alone", async () => {
  const scene = await createScene();
  await scene.arrive(many(3));
  const { ledger } = await crash(scene, scene.dispatcher);
  for (const expected of [["m0"], ["m0", "m1"], ["m0", "m1", "m2"]]) {
    expect(ids(scene.handed)).toEqual(expected);
    expect(ledger.open.get(expected.at(-1)!)).toMatchObject({ state: "delivering", alone: true, suspect: true });
    expect((await scene.stored()).filter(({ alone }) => alone).map(({ id }) => id)).toEqual([expected.at(-1)]);
    scene.handed.at(-1)!.finish();
    await scene.clock.advance(10);
  }
  expect(await scene.stored()).toEqual([]);
});

test("new mail begins between two suspects, never beside one, and is not recorded as alone", async () => {
  const scene = await createScene();
  await scene.arrive(many(2));
  const { ledger, dispatcher } = await crash(scene, scene.dispatcher);
  const fresh = await ledger.record([sighting("new 1"), sighting("new 2")]);
  dispatcher.add(fresh, new Map(fresh.map(({ id }) => [id, item(id)])));
  await scene.clock.advance(1_000);
  expect(ids(scene.handed)).toEqual(["m0"]);
  scene.handed[0]!.finish();
  await scene.clock.advance(5_000);
  expect(ids(scene.handed)).toEqual(["m0", "new 1", "new 2"]);
  expect((await scene.stored()).filter(({ alone }) => alone)).toEqual([]);
  scene.handed[1]!.finish();
  scene.handed[2]!.finish();
  await scene.clock.advance(10);
  expect(ids(scene.handed)).toEqual(["m0", "new 1", "new 2", "m1"]);
  expect(ledger.open.get("m1")).toMatchObject({ alone: true });
});

test("that it is alone is durable before the handler sees the message", async () => {
  const scene = await createScene();
  await scene.arrive(["m1"]);
  const ledger = await scene.open();
  scene.store.hold(isOfWork);
  scene.handed.length = 0;
  scene.dispatcherOver(ledger).add([...ledger.open.values()]);
  await scene.clock.advance(1_000);
  expect(scene.handed).toEqual([]);
  scene.store.release();
  await scene.clock.advance(10);
  expect(ids(scene.handed)).toEqual(["m1"]);
  expect(await scene.stored()).toMatchObject([{ state: "delivering", alone: true }]);
});

test("five crashes of one message never quarantine its neighbours, and it rests without a sixth delivery", async () => {
  const scene = await createScene();
  let { dispatcher } = scene;
  await scene.arrive(many(15));
  let crashes = 0;
  let ledger = scene.ledger;
  scene.work = ({ id, finish }) => {
    if (id === "m7") crashes += 1;
    else finish();
  };
  for (let life = 1; life <= 20 && !scene.names().includes("message:quarantined"); life += 1) {
    const before = crashes;
    ({ dispatcher, ledger } = await crash(scene, dispatcher));
    while (crashes === before && !scene.names().includes("message:quarantined")) await scene.clock.advance(1_000);
  }
  expect(crashes).toBe(5);
  expect(scene.told.filter(({ name }) => name === "message:quarantined")).toMatchObject([
    { id: "m7", attempts: 0, crashes: 5, reason: "it ended the process 5 times while nothing else was in flight" },
  ]);
  expect(scene.told.flatMap((told) => (told.name === "message:settled" ? [`${told.id} ${told.attempt}`] : [])).toSorted()).toEqual(
    many(15)
      .filter((id) => id !== "m7")
      .map((id) => `${id} 1`)
      .toSorted(),
  );
  expect([ledger.open.size, dispatcher.waitingCount, dispatcher.inFlightCount]).toEqual([0, 0, 0]);
});

test("beside a handler that hangs in each life, the poison is still found, and the one that hangs is not blamed", async () => {
  const scene = await createScene();
  let { dispatcher } = scene;
  let crashes = 0;
  scene.work = ({ id }) => {
    if (id === "m1") crashes += 1;
  };
  await scene.arrive(many(2));
  const before = scene.told.length;
  for (let life = 1; life <= 30 && scene.told.length === before; life += 1) {
    const seen = crashes;
    ({ dispatcher } = await crash(scene, dispatcher));
    while (crashes === seen && scene.told.length === before) await scene.clock.advance(1_000);
  }
  expect(scene.told).toMatchObject([{ name: "message:quarantined", id: "m1", crashes: 5 }]);
  // In company it may end the process too; but that is no endless row.
  expect(crashes).toBeLessThanOrEqual(12);
});

test("a crash of a suspect that was no longer alone counts against nobody", async () => {
  const scene = await createScene();
  await scene.arrive(["slow"]);
  const second = await crash(scene, scene.dispatcher);
  await scene.clock.advance(10_100);
  expect(second.ledger.open.get("slow")).toMatchObject({ state: "delivering", outlasts: true });
  expect((await scene.stored())[0]).not.toHaveProperty("alone");
  const third = await crash(scene, second.dispatcher);
  expect(third.ledger.open.get("slow")).toMatchObject({ crashes: 2, state: "retrying" });
  expect(third.ledger.open.get("slow")).not.toHaveProperty("loneCrashes");
});

test("others go on only when it is durable that a slow suspect is not alone any more", async () => {
  const scene = await createScene();
  await scene.arrive(["slow"]);
  const { ledger, dispatcher } = await crash(scene, scene.dispatcher);
  dispatcher.add(await ledger.record([sighting("new")]), new Map([["new", item("new")]]));
  // The others' own commits would go through.
  const ofSlow = ({ puts = [] }: Commit) => puts.some(({ value }) => (value as { id?: unknown } | null)?.id === "slow");
  scene.store.refuse = (commit) => (ofSlow(commit) ? away() : undefined);
  await scene.clock.advance(60_000);
  expect(ids(scene.handed)).toEqual(["slow"]);
  scene.store.refuse = undefined;
  await scene.clock.advance(20_000);
  expect(ids(scene.handed)).toEqual(["slow", "new"]);
});

test("a suspect that ends while its record is being changed is settled all the same, and stays settled", async () => {
  const scene = await createScene();
  await scene.arrive(["slow"]);
  const { ledger } = await crash(scene, scene.dispatcher);
  await scene.clock.advance(9_900);
  scene.store.refuse = away;
  await scene.clock.advance(1_000);
  scene.handed[0]!.finish();
  await scene.clock.advance(1_000);
  scene.store.refuse = undefined;
  await scene.clock.advance(60_000);
  expect(scene.names()).toEqual(["message:settled"]);
  expect([await scene.stored(), ledger.open.size]).toEqual([[], 0]);
});

test("a handler error clears the suspicion: the next attempt has company again", async () => {
  const scene = await createScene();
  await scene.arrive(many(2));
  const { ledger, dispatcher } = await crash(scene, scene.dispatcher);
  scene.handed[0]!.fail(new Error("no"));
  await scene.clock.advance(10);
  expect(ledger.open.get("m0")).toMatchObject({ state: "retrying", attempts: 1 });
  expect(ledger.open.get("m0")).not.toHaveProperty("suspect");
  scene.handed[1]!.finish();
  await scene.clock.advance(10);
  dispatcher.add(await ledger.record([sighting("new")]), new Map([["new", item("new")]]));
  await scene.clock.advance(10_000);
  expect(ids(scene.handed)).toEqual(["m0", "m1", "new", "m0"]);
  expect(dispatcher.inFlightCount).toBe(2);
});

test("a stop cuts a suspect off without counting anything, and it stays one", async () => {
  const scene = await createScene();
  await scene.arrive(["m1"]);
  const second = await crash(scene, scene.dispatcher);
  await scene.done(second.dispatcher.stop(100));
  const third = await scene.open();
  expect(third.open.get("m1")).toMatchObject({ state: "pending", attempts: 0, crashes: 1, suspect: true });
  expect(third.open.get("m1")).not.toHaveProperty("loneCrashes");
  expect(scene.clock.pending()).toBe(0);
});

/** Two queues of one daemon; each has its own store here, which is nothing to the solitude. */
async function twoQueues() {
  const solitude = createSolitude({
    clock: { now: () => now(), ticks: () => now(), random: () => 0.5, startTimer: (run, ms) => start(run, ms) },
  });
  const first = await createScene({ solitude });
  const second = await createScene({ solitude });
  const { clock } = first;
  const now = () => clock.now();
  const start: typeof clock.startTimer = (run, ms) => clock.startTimer(run, ms);
  return {
    first,
    second,
    async advance(ms: number) {
      for (let gone = 0; gone < ms; gone += 50) {
        await first.clock.advance(50);
        await second.clock.advance(50);
      }
    },
  };
}

test("a suspect of one queue is alone over all queues: theirs end first, and begin after it", async () => {
  const { first, second, advance } = await twoQueues();
  await first.arrive(["suspect"]);
  await second.arrive(["other"]);
  const { ledger } = await crash(first, first.dispatcher);
  await advance(1_000);
  expect(ids(first.handed)).toEqual([]);
  await second.arrive(["waits"]);
  expect(ids(second.handed)).toEqual(["other"]);
  second.handed[0]!.finish();
  await advance(100);
  expect(ids(first.handed)).toEqual(["suspect"]);
  expect(ledger.open.get("suspect")).toMatchObject({ alone: true });
  await advance(1_000);
  expect(ids(second.handed)).toEqual(["other"]);
  first.handed[0]!.finish();
  await advance(100);
  expect(ids(second.handed)).toEqual(["other", "waits"]);
});

test("a handler that hangs in another queue lets a suspect be delivered after ten seconds, not marked as alone", async () => {
  const { first, second, advance } = await twoQueues();
  await second.arrive(["hangs"]);
  await first.arrive(["suspect"]);
  const { ledger } = await crash(first, first.dispatcher);
  await advance(9_500);
  expect(ids(first.handed)).toEqual([]);
  await advance(1_000);
  expect(ids(first.handed)).toEqual(["suspect"]);
  expect(ledger.open.get("suspect")).not.toHaveProperty("alone");
  await second.arrive(["goes on"]);
  expect(ids(second.handed)).toEqual(["hangs", "goes on"]);
});

test.each(["paused", "stopped", "abandoned"])(
  "a queue with suspects that is %s keeps nobody else waiting, and leaves no timer",
  async (how) => {
    const { first, second, advance } = await twoQueues();
    await second.arrive(["hangs"]);
    await first.arrive(["suspect"]);
    const { dispatcher } = await crash(first, first.dispatcher);
    await second.arrive(["waits"]);
    expect(ids(second.handed)).toEqual(["hangs"]);
    if (how === "paused") dispatcher.pause();
    else if (how === "stopped") await dispatcher.stop(1_000);
    else dispatcher.abandon(lost);
    await advance(50);
    expect(ids(second.handed)).toEqual(["hangs", "waits"]);
    expect(first.clock.pending()).toBe(0);
    for (const { finish } of second.handed) finish();
    await advance(100);
    expect(ids(first.handed)).toEqual([]);
    if (how !== "paused") return;
    dispatcher.resume();
    await advance(50);
    expect(ids(first.handed)).toEqual(["suspect"]);
  },
);

test("a suspect whose content cannot be read keeps neither the others waiting nor the next suspect", async () => {
  const scene = await createScene();
  await scene.arrive(many(3));
  const there = scene.answer;

  scene.answer = (id) => (id === "m0" ? { found: false, error: lost } : there(id));
  const { ledger, dispatcher } = await crash(scene, scene.dispatcher);
  expect(ids(scene.handed)).toEqual(["m1"]);
  dispatcher.add(await ledger.record([sighting("new")]), new Map([["new", item("new")]]));
  scene.work = ({ finish }) => finish();
  scene.handed[0]!.finish();
  await scene.clock.advance(100);
  expect(ids(scene.handed)).toEqual(["m1", "new", "m2"]);
});

test("fifty suspects take the memory of a few", async () => {
  const scene = await createScene({ maxInFlight: 50, highWaterBytes: 1e9 });
  await scene.arrive(many(50));
  scene.reads.length = 0;
  await crash(scene, scene.dispatcher);
  expect(scene.reads.flat().length).toBeLessThanOrEqual(5);
  scene.work = ({ finish }) => finish();
  scene.handed[0]!.finish();
  await scene.clock.advance(10_000);
  expect(scene.names().filter((name) => name === "message:settled").length).toBe(50);
  expect(Math.max(...scene.reads.map((read) => read.length))).toBeLessThanOrEqual(4);
});
