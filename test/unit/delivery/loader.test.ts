/** How content is fetched for what waits without it, and what becomes of messages that cannot be fetched. */
import { expect, test } from "vitest";
import { MailError } from "../../../src/base/errors.js";
import { settle } from "../../support/manual-clock.js";
import { away } from "../../support/troubled-store.js";
import { createScene, many, notFound, unreadable } from "./loader-scene.js";
import { item } from "./set-up.js";

const minute = 60_000;

test("content is read twenty at a time, the oldest first, one batch after the other", async () => {
  const scene = await createScene(many(45));
  scene.begin();
  scene.pump();
  scene.pump();
  await settle();
  expect(scene.reads.map((ids) => ids.length)).toEqual([20, 20, 5]);
  expect(scene.reads.flat()).toEqual(many(45));
  expect(scene.readsAtOnce).toBe(1);
  expect(scene.room.loadedCount).toBe(45);
  expect(scene.clock.pending()).toBe(0);
});

test("no more is read than there is room for", async () => {
  const scene = await createScene(many(40), { highWaterBytes: 10_000 });
  scene.begin();
  await settle();
  expect(scene.room.loadedCount).toBeLessThanOrEqual(20);
  const before = scene.reads.length;
  scene.room.takeLoaded(1);
  while (scene.room.roomFor === 0) scene.room.takeLoaded(1);
  scene.pump();
  await settle();
  // Messages of 2,000 bytes each: there is room for few, and few are asked for.
  expect(scene.reads[before]?.length).toBeLessThanOrEqual(5);
});

test("a failing read leaves its messages waiting, and is repeated later and later", async () => {
  const scene = await createScene(many(3));
  scene.answer = () => Promise.reject(new MailError("GRAPH_UNAVAILABLE", "Away."));
  scene.begin();
  await settle();
  expect(scene.reads.length).toBe(1);
  expect(scene.room.unloadedCount).toBe(3);
  await scene.clock.advance(5 * minute);
  expect(scene.pauses().slice(0, 8)).toEqual([750, 1_500, 3_000, 6_000, 12_000, 24_000, 45_000, 45_000]);
  scene.answer = scene.found;
  await scene.clock.advance(minute);
  expect(scene.room.loadedCount).toBe(3);
  expect(scene.failures).toEqual([]);
});

test("a read that succeeds begins the back-off anew", async () => {
  const scene = await createScene(["a"]);
  const refuse = () => Promise.reject(new MailError("GRAPH_UNAVAILABLE", "Away."));
  scene.answer = refuse;
  scene.begin();
  await scene.clock.advance(10_000);
  scene.answer = () => unreadable;
  await scene.clock.advance(10_000);
  scene.answer = refuse;
  await scene.clock.advance(20_000);
  const [, , , lastOfTheFirst, , , ...second] = scene.pauses();
  expect(lastOfTheFirst).toBe(6_000);
  expect(second.slice(-4)).toEqual([750, 1_500, 3_000, 6_000]);
  scene.ended.abort(new Error("the test is over"));
});

test("a read is not repeated before the time that the error names", async () => {
  const scene = await createScene(["a"]);
  scene.answer = () => Promise.reject(new MailError("GRAPH_THROTTLED", "Wait.", { notBeforeAt: scene.clock.now() + 90_000 }));
  scene.begin();
  await settle();
  scene.answer = scene.found;
  await scene.clock.advance(89_999);
  expect(scene.reads.length).toBe(1);
  await scene.clock.advance(1);
  expect(scene.reads.length).toBe(2);
});

test("a store that is away while a token is fetched is a failing read like any other", async () => {
  const scene = await createScene(["a"]);
  scene.answer = () => Promise.reject(away());
  scene.begin();
  await settle();
  scene.answer = scene.found;
  await scene.clock.advance(minute);
  expect(scene.failures).toEqual([]);
  expect(scene.room.loadedCount).toBe(1);
});

test("an error that is none of ours ends the queue, with its messages still waiting", async () => {
  const scene = await createScene(["a"]);
  scene.answer = () => Promise.reject(new TypeError("broken"));
  scene.begin();
  await settle();
  expect(scene.failures).toEqual([expect.any(TypeError)]);
  expect(scene.room.unloadedCount).toBe(1);
});

test("a message that cannot be read is asked for again by itself and holds up nobody", async () => {
  const scene = await createScene(many(45));
  scene.answer = (id) => (id === "m3" ? unreadable : scene.found(id));
  scene.begin();
  await settle();
  expect(scene.room.loadedCount).toBe(44);
  expect(scene.reads.length).toBe(3);
  await scene.clock.advance(2_000);
  expect(scene.reads.slice(3)).toEqual([["m3"]]);
  scene.answer = scene.found;
  await scene.clock.advance(10_000);
  expect(scene.room.loadedCount).toBe(45);
});

test("a message that is not there is asked for again for fifteen minutes, and then it is gone", async () => {
  const scene = await createScene(["a", "b"]);
  scene.answer = (id) => (id === "a" ? notFound : scene.found(id));
  scene.begin();
  await scene.clock.advance(15 * minute - 1);
  expect(scene.gone).toEqual([]);
  expect(scene.ledger.open.get("a")).toMatchObject({ missingSince: expect.any(Number) });
  expect(scene.reads.length).toBeGreaterThan(5);
  await scene.clock.advance(5 * minute);
  expect(scene.gone).toEqual(["a"]);
  expect(scene.ledger.open.has("a")).toBe(false);
  expect((await scene.ledger.look(["a"])).get("a")?.final).toMatchObject({ state: "gone" });
  expect(scene.clock.pending()).toBe(0);
});

test("a 404 is not believed while a listing fails", async () => {
  const scene = await createScene(["a"]);
  scene.answer = () => notFound;
  scene.listing = () => ({ kind: "unknown" });
  scene.begin();
  await scene.clock.advance(60 * minute);
  expect(scene.gone).toEqual([]);
  expect(scene.listed.length).toBeGreaterThan(5);
  scene.listing = () => ({ kind: "absent" });
  await scene.clock.advance(6 * minute);
  expect(scene.gone).toEqual(["a"]);
});

test("a message that alone cannot be read is asked for again, later and later, and read in the end", async () => {
  const scene = await createScene(["a"]);
  scene.answer = () => unreadable;
  scene.begin();
  await scene.clock.advance(60 * minute);
  const pauses = scene.pauses();
  expect(pauses[0]).toBeLessThanOrEqual(2_000);
  expect(Math.max(...pauses)).toBeLessThanOrEqual(300_000);
  expect(scene.reads.length).toBeLessThan(40);
  scene.answer = scene.found;
  await scene.clock.advance(5 * minute);
  expect(scene.room.loadedCount).toBe(1);
});

test("the fifteen minutes go on over a restart", async () => {
  const scene = await createScene(["a"]);
  scene.answer = () => notFound;
  scene.begin();
  await scene.clock.advance(14 * minute);
  scene.ended.abort(new Error("stopped"));
  scene.delays.end();
  const since = scene.ledger.open.get("a")?.missingSince;
  const reloaded = await scene.open();
  expect(reloaded.open.get("a")?.missingSince).toBe(since);
});

test("an hour in which nobody asked, as when the daemon was stopped, is not an hour of asking", async () => {
  const scene = await createScene(["a"]);
  scene.answer = () => notFound;
  const [entry] = scene.ledger.open.values();
  const since = scene.clock.now();
  await scene.clock.advance(60 * minute);
  scene.begin([await scene.done(scene.ledger.missing(entry!, since))]);
  await scene.clock.advance(9 * minute);
  expect(scene.gone).toEqual([]);
  await scene.clock.advance(11 * minute);
  expect(scene.gone).toEqual(["a"]);
});

test("a message that was there in between is missing from anew", async () => {
  const scene = await createScene(["a"]);
  scene.answer = () => notFound;
  scene.begin();
  await scene.clock.advance(14 * minute);
  scene.answer = scene.found;
  await scene.clock.advance(5 * minute);
  const [loaded] = scene.room.takeLoaded(1);
  expect(loaded?.entry).not.toHaveProperty("missingSince");
  expect(loaded?.entry).toBe(scene.ledger.open.get("a"));
  scene.answer = () => notFound;
  scene.begin([loaded!.entry]);
  await scene.clock.advance(14 * minute);
  expect(scene.gone).toEqual([]);
  await scene.clock.advance(6 * minute);
  expect(scene.gone).toEqual(["a"]);
});

test("a store that is away keeps what is missing waiting, and goes on when it is back", async () => {
  const scene = await createScene(["a"]);
  scene.answer = () => notFound;
  scene.store.refuse = away;
  scene.begin();
  await scene.clock.advance(minute);
  expect(scene.ledger.open.get("a")).not.toHaveProperty("missingSince");
  scene.store.refuse = undefined;
  await scene.clock.advance(minute);
  expect(scene.ledger.open.get("a")).toMatchObject({ missingSince: expect.any(Number) });
  expect(scene.failures).toEqual([]);
});

test("a queue that was lost ends the reading", async () => {
  const scene = await createScene(["a", "b"]);
  scene.answer = () => notFound;
  await scene.open();
  scene.begin();
  await scene.clock.advance(10);
  expect(scene.failures[0]).toMatchObject({ code: "LIFECYCLE_LOST_QUEUE" });
  const count = scene.reads.length;
  scene.pump();
  await scene.clock.advance(minute);
  expect(scene.reads.length).toBe(count);
});

test("an end in the middle of a read, or of a wait, ends quietly and leaves no timer", async () => {
  const reading = await createScene(["a"]);
  reading.answer = () =>
    new Promise((_, reject) => reading.ended.signal.addEventListener("abort", () => reject(reading.ended.signal.reason as Error)));
  reading.begin();
  await settle();
  reading.ended.abort(new MailError("LIFECYCLE_STOPPED", "Stopped."));
  await settle();
  const waiting = await createScene(["a"]);
  waiting.answer = () => Promise.reject(new MailError("GRAPH_UNAVAILABLE", "Away."));
  waiting.begin();
  await settle();
  expect(waiting.clock.pending()).toBe(1);
  waiting.ended.abort(new MailError("LIFECYCLE_STOPPED", "Stopped."));
  await settle();
  expect([reading.clock.pending(), waiting.clock.pending()]).toEqual([0, 0]);
  expect([reading.failures, waiting.failures]).toEqual([[], []]);
});

test.each([
  ["missing", notFound],
  ["unreadable", unreadable],
])("the next of a conversation comes although the one before it is %s", async (_, answer) => {
  const ids = many(22);
  const scene = await createScene(ids, { highWaterBytes: 1, conversationId: "c" });
  scene.begin();
  // The mark lets one in at a time; the first is under way, the others are held without content.
  for (let index = 0; index < ids.length; index += 1) {
    await settle();
    scene.room.takeLoaded(1);
    scene.pump();
  }
  await settle();
  expect(scene.room.unloadedCount + scene.room.loadedCount).toBe(0);
  scene.answer = (id) => (id === "m21" ? scene.found(id) : answer);
  scene.room.free("c");
  scene.pump();
  await scene.clock.advance(100);
  expect(scene.room.takeLoaded(1).map(({ entry }) => entry.id)).toEqual(["m21"]);
  scene.delays.end();
});

test("the next of a conversation comes although the one before it is gone", async () => {
  const ids = many(22);
  const scene = await createScene(ids, { highWaterBytes: 1, conversationId: "c" });
  const long = await scene.done(Promise.all([...scene.ledger.open.values()].map((entry) => scene.ledger.missing(entry, 0))));
  for (const entry of long) {
    scene.room.add(entry, item(entry.id, { conversationId: "c" }));
    scene.room.takeLoaded(1);
  }
  scene.answer = (id) => (id === "m21" ? scene.found(id) : notFound);
  scene.room.free("c");
  scene.pump();
  await scene.clock.advance(200);
  expect(scene.room.takeLoaded(1).map(({ entry }) => entry.id)).toEqual(["m21"]);
  scene.pump();
  await scene.clock.advance(20 * minute);
  expect(scene.gone).toEqual(ids.slice(1, 21));
});
