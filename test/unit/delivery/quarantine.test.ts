/** The messages that rest: told which and why, explained from finding to mark, and delivered again on demand. */
import { expect, test } from "vitest";
import { MailError } from "../../../src/base/errors.js";
import { createOutbox, type Outbox } from "../../../src/delivery/outbox.js";
import { createQuarantine } from "../../../src/delivery/quarantine.js";
import type { MarkOrder, MarkResult } from "../../../src/mailbox/marker.js";
import { deferred } from "../../support/deferred.js";
import { away } from "../../support/troubled-store.js";
import { createScene as createDispatcherScene, type Told } from "./dispatcher-scene.js";
import { cursor, item, queue, queueKey, sighting, startAt } from "./set-up.js";

const flagged = { flag: true } as const;
const done: MarkResult = { done: true };

async function createScene(marks: { readonly onQuarantine?: { flag: true }; readonly afterAck?: { flag: true } } = {}) {
  let outbox = undefined as Outbox | undefined;
  const scene = await createDispatcherScene({ ...marks, maxAttempts: 2, onMark: (entry) => outbox?.add(entry) });
  const { clock, store, ledger, dispatcher } = scene;
  const graph = {
    orders: [] as string[],
    /** What it says to an order. */
    answer: (async () => done) as (order: MarkOrder) => Promise<MarkResult>,
  };
  const emit = (name: string, payload: object) => void scene.told.push({ name, ...payload } as Told);
  outbox = createOutbox({
    queue,
    ledger,
    clock,
    emit,
    apply(orders) {
      graph.orders.push(...orders.map(({ id }) => id));
      return Promise.all(orders.map((order) => graph.answer(order)));
    },
    mailboxAnswers: () => Promise.resolve(true),
    onFailure: (error) => scene.failures.push(error),
  });
  const quarantine = createQuarantine({ queue, store, ledger, dispatcher, outbox, emit, folderName: (folder) => folder });
  return Object.assign(scene, { graph, outbox, quarantine, ids: () => scene.handed.map(({ id }) => id) });
}

test("a message rests after `maxAttempts` with its reason, its errors and its attempts", async () => {
  const scene = await createScene();
  let failures = 0;
  scene.work = ({ fail }) => {
    failures += 1;
    fail(new RangeError(`failure ${failures}`));
  };
  await scene.arrive(["bad"]);
  await scene.clock.advance(60_000);
  expect(await scene.quarantine.list()).toEqual([
    {
      id: "bad",
      key: `${queueKey}/bad`,
      folder: "inbox",
      receivedAt: new Date(startAt - 60_000),
      quarantinedAt: expect.any(Date),
      attempts: 2,
      crashes: 0,
      reason: "RangeError: failure 2",
      failures: [
        { at: expect.any(Date), attempt: 1, error: "RangeError: failure 1" },
        { at: expect.any(Date), attempt: 2, error: "RangeError: failure 2" },
      ],
      mark: "none",
    },
  ]);
});

test("more messages rest than one read takes; they come oldest first", async () => {
  const scene = await createScene();
  const { ledger, clock } = scene;
  // In the order of the store they would come the other way round.
  const names = Array.from({ length: 2_100 }, (_, index) => `m${9_999 - index}`);
  const entries = await ledger.record(
    names.map((id) => sighting(id)),
    cursor(),
  );
  for (const entry of entries) {
    clock.freeze(1);
    void ledger.settle(entry, { outcome: "quarantined", mark: undefined, error: "never" });
  }
  await clock.advance(1_000);
  expect((await scene.quarantine.list()).map(({ id }) => id)).toEqual(names);
});

test("where the mark of a quarantined message is, is told: waiting, made, or why it never can be", async () => {
  const scene = await createScene({ onQuarantine: flagged });
  scene.work = ({ delivery }) => void delivery.reject("no customer");
  scene.graph.answer = async ({ id }) =>
    id === "made" ? done : { done: false, error: new MailError("GRAPH_REFUSED", "Graph refused it.") };
  await scene.arrive(["made", "failed"]);
  const marks = async () => Object.fromEntries((await scene.quarantine.list()).map(({ id, mark }) => [id, mark]));
  expect(await marks()).toEqual({ made: "waiting", failed: "waiting" });
  await scene.clock.advance(1_000);
  expect(await marks()).toEqual({ made: "made", failed: { failed: "Graph refused it." } });
});

test("a story goes from the finding to the mark", async () => {
  const scene = await createScene({ afterAck: flagged });
  const { explain } = scene.quarantine;
  await scene.arrive(["m1"], { foundBy: "sweep" });
  expect(await explain("m1")).toMatchObject({
    state: "delivering",
    attempts: 1,
    foundBy: "sweep",
    folder: "inbox",
    foundAt: expect.any(Date),
  });
  scene.handed[0]!.fail(new Error("no"));
  await scene.clock.advance(10);
  expect(await explain("m1")).toMatchObject({
    state: "retrying",
    nextAttemptAt: expect.any(Date),
    failures: [{ attempt: 1, error: "Error: no" }],
  });
  await scene.clock.advance(10_000);
  scene.handed[1]!.finish();
  await scene.clock.advance(10);
  expect(await explain("m1")).toMatchObject({ state: "settled", settledAt: expect.any(Date), mark: { wanted: flagged } });
  await scene.clock.advance(1_000);
  const story = await explain("m1");
  expect(story).toEqual({
    id: "m1",
    key: `${queueKey}/m1`,
    state: "settled",
    folder: "inbox",
    receivedAt: new Date(startAt - 60_000),
    foundAt: new Date(startAt),
    foundBy: "sweep",
    attempts: 2,
    crashes: 0,
    failures: [{ at: expect.any(Date), attempt: 1, error: "Error: no" }],
    changedElsewhere: [],
    settledAt: expect.any(Date),
    mark: { wanted: flagged, madeAt: expect.any(Date) },
  });
});

test("a message that was there before the queue went live is explained; one that was never seen is not", async () => {
  const scene = await createScene();
  await scene.ledger.record([sighting("old", { becomes: "baseline" })], cursor());
  expect(await scene.quarantine.explain("old")).toMatchObject({
    state: "baseline",
    foundBy: "round",
    attempts: 0,
    foundAt: new Date(startAt),
  });
  expect(await scene.quarantine.explain("unknown")).toBeUndefined();
  expect(await scene.quarantine.explain("x".repeat(5_000))).toBeUndefined();
});

test.each(["settled", "quarantined", "gone", "skipped", "baseline"] as const)(
  "a message that rests as %s is delivered again by a replay, with all its attempts before it",
  async (state) => {
    const scene = await createScene();
    const { ledger } = scene;
    if (state === "baseline") await ledger.record([sighting("m1", { becomes: "baseline" })], cursor());
    else {
      const [entry] = await ledger.record([sighting("m1")], cursor());
      await scene.done<unknown>(
        state === "gone" || state === "skipped"
          ? ledger.close(entry!, state)
          : ledger.settle(entry!, { outcome: state, mark: undefined, ...(state === "settled" ? {} : { error: "never" }) }),
      );
    }
    expect(await scene.quarantine.explain("m1")).toMatchObject({ state });
    await scene.quarantine.replay("m1");
    await scene.clock.advance(10);
    expect(scene.told).toEqual([{ name: "message:replayed", queue, id: "m1" }]);
    expect(scene.handed.map(({ id, delivery }) => [id, delivery.attempt])).toEqual([["m1", 1]]);
    expect(await scene.quarantine.list()).toEqual([]);
    scene.handed[0]!.finish();
    await scene.clock.advance(10);
    expect(await scene.quarantine.explain("m1")).toMatchObject({ state: "settled", replayedAt: expect.any(Date) });
  },
);

test("a replay is durable before anything is handed over, and nothing is told when the store refuses it", async () => {
  const scene = await createScene();
  const [entry] = await scene.ledger.record([sighting("m1")], cursor());
  await scene.done(scene.ledger.settle(entry!, { outcome: "settled", mark: undefined }));
  scene.store.refuse = away;
  await expect(scene.quarantine.replay("m1")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  await scene.clock.advance(10);
  expect([scene.told, scene.handed]).toEqual([[], []]);
  expect(await scene.quarantine.explain("m1")).toMatchObject({ state: "settled" });
});

test("a message that waits for its delivery already is left as it is, and two replays at once deliver once", async () => {
  const scene = await createScene();
  await scene.arrive(["m1"]);
  await scene.quarantine.replay("m1");
  expect([scene.told, scene.ids()]).toEqual([[], ["m1"]]);
  scene.handed[0]!.finish();
  await scene.clock.advance(10);
  await Promise.all([scene.quarantine.replay("m1"), scene.quarantine.replay("m1")]);
  await scene.clock.advance(10);
  expect(scene.ids()).toEqual(["m1", "m1"]);
  expect((await scene.stored()).length).toBe(1);
});

test("a replay that meets a page with the same message, gone before, delivers it once", async () => {
  const scene = await createScene();
  const [entry] = await scene.ledger.record([sighting("m1")], cursor());
  await scene.done(scene.ledger.close(entry!, "gone"));
  const replay = scene.quarantine.replay("m1");
  scene.dispatcher.add(await scene.ledger.record([sighting("m1")], cursor("link 2")), new Map([["m1", item("m1")]]));
  await replay;
  await scene.clock.advance(10);
  expect(scene.ids()).toEqual(["m1"]);
  expect((await scene.stored()).length).toBe(1);
});

test("a replay of what was never seen says so", async () => {
  const scene = await createScene();
  await expect(scene.quarantine.replay("unknown")).rejects.toMatchObject({
    code: "DELIVERY_UNKNOWN_MESSAGE",
    retryable: false,
    scope: "call",
    queue,
    messageId: "unknown",
  });
});

test("the mark of a replayed message that still waited is not made", async () => {
  const scene = await createScene({ afterAck: flagged });
  await scene.arrive(["m1", "m2"]);
  for (const { finish } of scene.handed) finish();
  await scene.clock.advance(10);
  await scene.quarantine.replay("m1");
  await scene.clock.advance(10);
  scene.store.hold();
  await scene.clock.advance(1_000);
  scene.store.release();
  expect(scene.graph.orders).toEqual(["m2"]);
  expect(await scene.quarantine.explain("m1")).toMatchObject({ state: "delivering", attempts: 1 });
});

test.each(["made", "refused for good", "refused for now"])(
  "a mark under way at a replay, which then is %s, counts no more",
  async (end) => {
    const scene = await createScene({ afterAck: flagged });
    const answer = deferred<MarkResult>();
    scene.graph.answer = () => answer.promise;
    await scene.arrive(["m1"]);
    scene.handed[0]!.finish();
    await scene.clock.advance(1_000);
    await scene.quarantine.replay("m1");
    const code = end === "refused for good" ? "GRAPH_REFUSED" : "GRAPH_CONFLICT";
    answer.resolve(end === "made" ? done : { done: false, error: new MailError(code, "Not now.") });
    await scene.clock.advance(500_000);
    expect(scene.names()).toEqual(["message:settled", "message:replayed"]);
    expect((await scene.stored()).map(({ id, state }) => `${id} ${state}`)).toEqual(["m1 delivering"]);
    expect((await scene.store.list({ prefix: [queueKey, "final"], limit: 10 })).length).toBe(0);
    expect(scene.outbox.waitingCount).toBe(0);
  },
);

test("a message that once ended the process is a suspect again when it is replayed", async () => {
  const scene = await createScene();
  await scene.arrive(["m1"]);
  const ledger = await scene.open();
  const crashed = ledger.open.get("m1")!;
  await scene.done(ledger.settle(crashed, { outcome: "quarantined", mark: undefined, error: "it ended the process" }));
  expect(await ledger.reopen("m1")).toMatchObject({ suspect: true, crashes: 0, attempts: 0 });
});
