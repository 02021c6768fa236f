/** Marks on their way: together, one batch at a time, until they are made, let go of, or left for the next start. */
import { expect, test } from "vitest";
import { sleep } from "../../../src/base/clock.js";
import { MailError, type MailErrorCode } from "../../../src/base/errors.js";
import type { DeliveryEvents } from "../../../src/delivery/events.js";
import type { Ledger } from "../../../src/delivery/ledger.js";
import { createOutbox, type KeptMarks } from "../../../src/delivery/outbox.js";
import { refusalError } from "../../../src/graph/refusal.js";
import type { MarkOrder, MarkResult } from "../../../src/mailbox/marker.js";
import { settle } from "../../support/manual-clock.js";
import { away } from "../../support/troubled-store.js";
import { createDesk, cursor, queue, sighting } from "./set-up.js";

const mark = { markRead: true };
const done: MarkResult = { done: true };
const not = (code: MailErrorCode): MarkResult => ({ done: false, error: new MailError(code, `It is ${code}.`) });
const lost = new MailError("LIFECYCLE_LOST_STORE", "Another daemon has the store.");
const many = (count: number, from = 0) => Array.from({ length: count }, (_, index) => `m${from + index}`);

type Told = { readonly name: keyof DeliveryEvents; readonly id: string; readonly reason?: string; readonly outcome?: string };

async function createScene() {
  const desk = await createDesk();
  const { clock } = desk;
  const scene = {
    ...desk,
    batches: [] as { readonly ids: readonly string[]; readonly at: number }[],
    told: [] as Told[],
    failures: [] as MailError[],
    /** What Graph says to an order; throws for a whole batch. */
    answer: (() => done) as (order: MarkOrder) => MarkResult | Promise<MarkResult>,
    batchesAtOnce: 0,
  };
  let under = 0;
  let links = 0;

  function outboxOver(ledger: Ledger, kept?: KeptMarks) {
    return createOutbox({
      queue,
      ledger,
      clock,
      async apply(orders) {
        scene.batches.push({ ids: orders.map(({ id }) => id), at: clock.now() });
        under += 1;
        scene.batchesAtOnce = Math.max(scene.batchesAtOnce, under);
        try {
          return await Promise.all(orders.map((order) => scene.answer(order)));
        } finally {
          under -= 1;
        }
      },
      mailboxAnswers: async () => true,
      emit: (name, payload) => void scene.told.push({ name, ...payload } as Told),
      onFailure: (error) => scene.failures.push(error),
      kept,
    });
  }

  const ledger = await desk.open();
  const outbox = outboxOver(ledger);
  return Object.assign(scene, {
    ledger,
    outbox,
    outboxOver,
    /** Settles messages with a mark and orders it. */
    async order(ids: readonly string[], outcome: "settled" | "quarantined" = "settled") {
      links += 1;
      const fresh = await ledger.record(
        ids.map((id) => sighting(id)),
        cursor(`link ${links}`),
      );
      const marking = await desk.done(Promise.all(fresh.map((entry) => ledger.settle(entry, { outcome, mark }))));
      for (const entry of marking) outbox.add(entry!);
    },
    of: (name: Told["name"]) => scene.told.filter((told) => told.name === name).map(({ id }) => id),
  });
}

test("marks wait a tenth of a second for company and leave together", async () => {
  const scene = await createScene();
  await scene.order(["a"]);
  await scene.clock.advance(90);
  await scene.order(["b"]);
  await scene.clock.advance(1_000);
  expect(scene.batches.map(({ ids }) => ids)).toEqual([["a", "b"]]);
  expect(scene.told).toEqual([
    { name: "message:marked", queue, id: "a", outcome: "settled" },
    { name: "message:marked", queue, id: "b", outcome: "settled" },
  ]);
  expect([scene.ledger.open.size, scene.outbox.waitingCount, scene.clock.pending()]).toEqual([0, 0, 0]);
});

test("twenty leave at once, never more in one batch, and of many batches one waits behind the one that is out", async () => {
  const scene = await createScene();
  await scene.order(many(45));
  await scene.clock.advance(0);
  expect(scene.batches.map(({ ids }) => ids.length)).toEqual([20, 20]);
  await scene.clock.advance(1_000);
  expect(scene.batches.map(({ ids }) => ids.length)).toEqual([20, 20, 5]);
  expect(scene.batches.flatMap(({ ids }) => ids)).toEqual(many(45));
  expect(scene.batchesAtOnce).toBe(2);
});

test("after a batch that failed one goes by itself, and the others follow when it went well", async () => {
  const scene = await createScene();
  scene.answer = () => Promise.reject(new MailError("GRAPH_UNAVAILABLE", "Away."));
  await scene.order(many(100));
  await scene.clock.advance(1_000);
  scene.batchesAtOnce = 0;
  scene.answer = async () => {
    await sleep(scene.clock, 100);
    return done;
  };
  while (scene.batchesAtOnce === 0) await scene.clock.advance(100);
  expect(scene.batchesAtOnce).toBe(1);
  await scene.clock.advance(10_000);
  expect(scene.of("message:marked").toSorted()).toEqual(many(100).toSorted());
  expect(scene.batchesAtOnce).toBe(2);
});

test("a batch that fails as a whole keeps its orders and is repeated later and later", async () => {
  const scene = await createScene();
  scene.answer = () => Promise.reject(new MailError("GRAPH_UNAVAILABLE", "Away."));
  await scene.order(["a", "b"]);
  await scene.clock.advance(3_600_000);
  const pauses = scene.batches.slice(1).map(({ at }, index) => at - scene.batches[index]!.at);
  expect(pauses.slice(0, 4)).toEqual([1_500, 3_000, 6_000, 12_000]);
  expect(Math.max(...pauses)).toBe(225_000);
  expect([scene.told, scene.ledger.open.size, scene.outbox.waitingCount]).toEqual([[], 2, 2]);
  scene.answer = () => done;
  await scene.clock.advance(300_000);
  expect(scene.of("message:marked")).toEqual(["a", "b"]);
  await scene.order(["c"]);
  await scene.clock.advance(110);
  expect(scene.of("message:marked")).toEqual(["a", "b", "c"]);
});

test("a batch is not repeated before the time that the error names", async () => {
  const scene = await createScene();
  scene.answer = () => Promise.reject(new MailError("GRAPH_THROTTLED", "Wait.", { notBeforeAt: scene.clock.now() + 120_000 }));
  await scene.order(["a"]);
  await scene.clock.advance(200);
  scene.answer = () => done;
  await scene.clock.advance(119_000);
  expect(scene.batches.length).toBe(1);
  await scene.clock.advance(2_000);
  expect(scene.of("message:marked")).toEqual(["a"]);
});

test("a mark that is refused for good is told once and let go of, and the others go on", async () => {
  const scene = await createScene();
  scene.answer = ({ id }) => (id === "m3" ? not("GRAPH_REFUSED") : done);
  await scene.order(many(5), "quarantined");
  await scene.clock.advance(1_000);
  expect(scene.told.filter(({ name }) => name === "message:mark-failed")).toEqual([
    { name: "message:mark-failed", queue, id: "m3", reason: "It is GRAPH_REFUSED." },
  ]);
  expect(scene.of("message:marked")).toEqual(["m0", "m1", "m2", "m4"]);
  expect(scene.told[0]).toMatchObject({ outcome: "quarantined" });
  expect((await scene.store.get([queue.toLowerCase(), "final", "m3"]))?.value).toMatchObject({
    state: "quarantined",
    markError: "It is GRAPH_REFUSED.",
  });
  expect((await scene.store.get([queue.toLowerCase(), "final", "m4"]))?.value).not.toHaveProperty("markError");
  await scene.clock.advance(3_600_000);
  expect(scene.batches.length).toBe(1);
});

test("a mark that fails for a reason that does not pass is tried ten times, by itself, over restarts too", async () => {
  const scene = await createScene();
  scene.answer = ({ id }) => (id === "bad" ? not("GRAPH_NOT_FOUND") : done);
  await scene.order(["bad", "good"]);
  await scene.clock.advance(20_000);
  expect(scene.of("message:marked")).toEqual(["good"]);
  const tried = scene.batches.length;
  expect(tried).toBeGreaterThan(2);
  expect(scene.ledger.open.get("bad")).toMatchObject({ markAttempts: tried });
  scene.outbox.abandon(lost);
  const ledger = await scene.open();
  const next = scene.outboxOver(ledger);
  for (const entry of ledger.open.values()) next.add(entry);
  await scene.clock.advance(3_600_000);
  expect(scene.batches.length).toBe(10);
  expect(scene.of("message:mark-failed")).toEqual(["bad"]);
  expect([ledger.open.size, scene.clock.pending()]).toEqual([0, 0]);
});

test("an order that spoils the request for all is found, tried ten times and let go of; the others are made", async () => {
  const scene = await createScene();
  const refused = new MailError("GRAPH_REFUSED", "The batch is refused.");
  scene.answer = ({ id }) => (id === "m13" ? Promise.reject(refused) : done);
  await scene.order(many(20));
  await scene.clock.advance(200);
  expect(scene.of("message:marked")).toEqual(many(20).filter((id) => id !== "m13"));
  await scene.order(["later"]);
  await scene.clock.advance(200);
  expect(scene.of("message:marked")).toContain("later");
  await scene.clock.advance(3_600_000);
  expect(scene.told.filter(({ name }) => name === "message:mark-failed")).toMatchObject([{ id: "m13", reason: refused.message }]);
  expect([scene.ledger.open.size, scene.clock.pending()]).toEqual([0, 0]);
});

test("a server in trouble for one message alone counts while others' marks are made, and only then", async () => {
  const scene = await createScene();
  scene.answer = ({ id }) => (id === "bad" ? not("GRAPH_UNAVAILABLE") : done);
  await scene.order(["bad"]);
  await scene.clock.advance(6 * 3_600_000);
  expect(scene.ledger.open.get("bad")).not.toHaveProperty("markAttempts");
  for (let other = 0; other < 10; other += 1) {
    await scene.order([`good ${other}`]);
    await scene.clock.advance(300_000);
  }
  expect(scene.of("message:mark-failed")).toEqual(["bad"]);
  expect([scene.ledger.open.size, scene.clock.pending()]).toEqual([0, 0]);
});

test.each([
  [403, "ErrorQuotaExceeded"],
  [507, "quotaLimitReached"],
])("a full mailbox (%s %s) never counts against a mark, although others' marks are made", async (status, code) => {
  const scene = await createScene();
  const full = refusalError({ status, retryAfter: null, body: { error: { code } }, what: "a change", queue, now: 0 });
  scene.answer = ({ id }) => (id === "bad" ? { done: false, error: full } : done);
  await scene.order(["bad"]);
  for (let other = 0; other < 12; other += 1) {
    await scene.order([`good ${other}`]);
    await scene.clock.advance(300_000);
  }
  expect(scene.of("message:mark-failed")).toEqual([]);
  expect(scene.ledger.open.get("bad")).not.toHaveProperty("markAttempts");
  scene.answer = () => done;
  await scene.clock.advance(300_000);
  expect(scene.of("message:marked")).toContain("bad");
});

test("a move that Exchange cannot make of this one message is told after ten times", async () => {
  const scene = await createScene();
  const error = new MailError("GRAPH_UNAVAILABLE", "It cannot be moved.", { status: 500, serviceCode: "ErrorMoveCopyFailed" });
  scene.answer = () => ({ done: false, error });
  await scene.order(["bad"]);
  await scene.clock.advance(6 * 3_600_000);
  expect([scene.batches.length, scene.of("message:mark-failed")]).toEqual([10, ["bad"]]);
});

test("a mark that fails in passing is tried until it is made, and does not count", async () => {
  const scene = await createScene();
  scene.answer = () => not("GRAPH_THROTTLED");
  await scene.order(["a"]);
  await scene.clock.advance(6 * 3_600_000);
  // Later and later, but never later than five minutes.
  expect(scene.batches.length).toBeGreaterThan(72);
  expect(scene.batches.length).toBeLessThan(160);
  expect(scene.ledger.open.get("a")).not.toHaveProperty("markAttempts");
  scene.answer = () => done;
  await scene.clock.advance(300_000);
  expect(scene.of("message:marked")).toEqual(["a"]);
});

test("an order without an answer is not taken for done", async () => {
  const scene = await createScene();
  scene.answer = () => undefined as never;
  await scene.order(["a"]);
  await scene.clock.advance(200);
  expect([scene.told, scene.outbox.waitingCount]).toEqual([[], 1]);
});

test("what is under way is not yet counted as made", async () => {
  const scene = await createScene();
  let answer: (result: MarkResult) => void = () => undefined;
  scene.answer = () =>
    new Promise((resolve) => {
      answer = resolve;
    });
  await scene.order(["a"]);
  await scene.clock.advance(200);
  expect([scene.batches.length, scene.outbox.waitingCount]).toEqual([1, 1]);
  answer(done);
  await scene.clock.advance(100);
  expect(scene.outbox.waitingCount).toBe(0);
});

test("orders that were not made before the end are made after a restart", async () => {
  const scene = await createScene();
  await scene.order(many(3));
  scene.outbox.abandon(lost);
  await scene.clock.advance(60_000);
  expect(scene.batches).toEqual([]);
  const ledger = await scene.open();
  const next = scene.outboxOver(ledger);
  for (const entry of ledger.open.values()) next.add(entry);
  await scene.clock.advance(200);
  expect(scene.of("message:marked")).toEqual(many(3));
});

test("a stop sends what waits, at once and in all its batches, and records it", async () => {
  const scene = await createScene();
  await scene.order(many(19));
  await scene.order(many(10, 19));
  const before = scene.clock.now();
  await scene.done(scene.outbox.stop(30_000));
  expect(scene.batches.flatMap(({ ids }) => ids)).toEqual(many(29));
  expect(scene.clock.now() - before).toBeLessThan(200);
  expect([scene.ledger.open.size, scene.clock.pending()]).toEqual([0, 0]);
});

test("a stop does not sit out the wait after a failure: it tries once more and leaves the rest to the next start", async () => {
  const scene = await createScene();
  scene.answer = () => Promise.reject(new MailError("GRAPH_UNAVAILABLE", "Away."));
  await scene.order(many(25));
  await scene.clock.advance(120_000);
  const tried = scene.batches.length;
  const before = scene.clock.now();
  await scene.done(scene.outbox.stop(30_000));
  expect(scene.clock.now() - before).toBeLessThan(10);
  expect(scene.batches.length).toBe(tried + 1);
  expect([scene.ledger.open.size, scene.clock.pending(), scene.failures]).toEqual([25, 0, []]);
});

test.each(["Graph hangs", "the store is away", "the store hangs"])("a stop ends at its deadline when %s", async (trouble) => {
  const scene = await createScene();
  await scene.order(["a"]);
  if (trouble === "Graph hangs") scene.answer = () => new Promise(() => undefined);
  else if (trouble === "the store hangs") scene.store.hold();
  else scene.store.refuse = away;
  const before = scene.clock.now();
  await scene.done(scene.outbox.stop(5_000));
  expect(scene.clock.now() - before).toBeLessThanOrEqual(5_001);
  expect(scene.clock.pending()).toBe(0);
  scene.store.release();
});

test("two stops may meet, and still one batch leaves at a time", async () => {
  const scene = await createScene();
  scene.answer = () => Promise.reject(new MailError("GRAPH_UNAVAILABLE", "Away."));
  await scene.order(many(45));
  await scene.clock.advance(500);
  scene.answer = async () => {
    await sleep(scene.clock, 100);
    return done;
  };
  scene.batchesAtOnce = 0;
  await scene.done(Promise.all([scene.outbox.stop(30_000), scene.outbox.stop(10_000)]));
  expect(scene.batchesAtOnce).toBe(1);
  expect(scene.of("message:marked").length).toBe(45);
});

test("an abandoned queue writes nothing and leaves no timer, whatever was under way", async () => {
  const scene = await createScene();
  let answer: (result: MarkResult) => void = () => undefined;
  scene.answer = ({ id }) =>
    id === "slow"
      ? new Promise((resolve) => {
          answer = resolve;
        })
      : not("GRAPH_THROTTLED");
  await scene.order(["refused"]);
  await scene.clock.advance(200);
  await scene.order(["slow", "with it"]);
  await scene.clock.advance(200);
  await scene.order(["gathering"]);
  const before = scene.store.commits.length;
  scene.outbox.abandon(lost);
  answer(not("GRAPH_NOT_FOUND"));
  await settle();
  expect(scene.clock.pending()).toBe(0);
  await scene.clock.advance(600_000);
  expect([scene.store.commits.length, scene.clock.pending(), scene.failures]).toEqual([before, 0, []]);
});

test("a queue that was lost is told once, and the marks end there", async () => {
  const scene = await createScene();
  await scene.order(["a"]);
  await scene.open();
  await scene.clock.advance(1_000);
  expect(scene.failures).toMatchObject([{ code: "LIFECYCLE_LOST_QUEUE" }]);
});

test("what another machine whose clock is ahead has noted holds no mark up for long", async () => {
  const scene = await createScene();
  await scene.outbox.stop(0);
  await scene.order(["a", "b"]);
  const tomorrow = scene.clock.now() + 86_400_000;
  const other = scene.outboxOver(scene.ledger, { failures: 3, notBeforeAt: tomorrow, refused: [{ id: "a", count: 2, askAt: tomorrow }] });
  for (const entry of scene.ledger.open.values()) other.add(entry);
  await scene.clock.advance(301_000);
  expect(scene.of("message:marked").toSorted()).toEqual(["a", "b"]);
});
