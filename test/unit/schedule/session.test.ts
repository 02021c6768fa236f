/** A session from its opening to its end: what it takes over, what it keeps, what it leaves. */
import { expect, test } from "vitest";
import { MailError } from "../../../src/base/errors.js";
import type { Session } from "../../../src/schedule/session.js";
import { away } from "../../support/troubled-store.js";
import { createScene, type Scene, startAt } from "./set-up.js";

const cursor = { key: ["support@contoso.com", "cursor", "inbox"] as const, value: {} };
const barKey = ["support@contoso.com", "bar"] as const;
const until = startAt + 600_000;

/** What a last owner left: one message to deliver, one whose mark is to be made. */
async function leftBehind(scene: Scene): Promise<void> {
  const { ledger } = await scene.open();
  const entries = await ledger.record(
    ["deliver", "mark"].map((id) => ({ id, folder: "inbox", becomes: "pending" })),
    cursor,
  );
  const settled = ledger.settle(entries[1]!, { outcome: "settled", mark: { markRead: true } });
  await scene.clock.advance(10);
  await settled;
}

test("opening takes the queue and begins nothing", async () => {
  const scene = await createScene();
  await leftBehind(scene);
  const session = await scene.open();
  await scene.clock.advance(60_000);
  expect([scene.requests, scene.deliveries, session.ledger.open.size]).toEqual([[], [], 2]);
});

test("what the last owner left is delivered and marked", async () => {
  const scene = await createScene();
  await leftBehind(scene);
  const session = await scene.open();
  session.begin();
  expect([session.dispatcher.waitingCount, session.outbox.waitingCount]).toEqual([1, 1]);
  await scene.clock.advance(1_000);
  expect(scene.deliveries.map(({ message }) => message.id)).toEqual(["deliver"]);
  expect(scene.of("message:marked").map(({ id }) => id)).toEqual(["mark"]);
});

test("a settled message leaves its mark to the outbox; without a mark to make nothing is sent", async () => {
  const scene = await createScene();
  await leftBehind(scene);
  const session = await scene.open({ afterAck: { markRead: false, addCategories: [] } });
  session.begin();
  await scene.clock.advance(1_000);
  const before = scene.requests.length;
  await Promise.all([scene.deliveries[0]!.ack(), scene.clock.advance(10)]);
  await scene.clock.advance(1_000);
  expect([session.ledger.open.size, scene.requests.length]).toEqual([0, before]);
});

test("a pause that Graph asks for is told and committed", async () => {
  const scene = await createScene();
  const session = await scene.open();
  session.mailbox.gate.bar({ until, code: "ErrorServerBusy" });
  expect(scene.of("queue:throttled")).toMatchObject([{ until, code: "ErrorServerBusy" }]);
  await scene.clock.advance(100);
  expect((await scene.store.get(barKey))?.value).toEqual({ until, code: "ErrorServerBusy" });
});

test("a committed pause keeps a restarted session from knocking early", async () => {
  const scene = await createScene();
  const first = await scene.open();
  first.mailbox.gate.bar({ until: startAt + 10_000, code: "ErrorServerBusy" });
  await scene.clock.advance(100);
  const second = await scene.open();
  second.begin();
  expect(second.mailbox.gate.barredUntil).toBe(startAt + 10_000);
  expect(scene.of("queue:throttled").length).toBe(2);
  const asked: number[] = [];
  const call = second.mailbox.gate.run(async () => void asked.push(scene.clock.now()));
  await scene.clock.advance(20_000);
  await call;
  expect(asked).toEqual([startAt + 10_000]);
});

/** Sends so many at most; gives how many were sent. */
async function sendBatches({ mailbox: { gate } }: Session, most = 1_000): Promise<number> {
  for (let sent = 0; sent < most; sent += 1) {
    const refusal = await gate.run(() => gate.send(async () => undefined, { cost: 20 })).catch((error: unknown) => error);
    if (refusal === undefined) continue;
    expect(refusal).toMatchObject({ code: "GRAPH_THROTTLED", serviceCode: "MailboxBudgetSpent" });
    return sent;
  }
  return most;
}

test("what a mailbox was asked in the last ten minutes counts over a restart", async () => {
  const scene = await createScene();
  await sendBatches(await scene.open(), 400);
  await scene.clock.advance(1_000);
  const left = await sendBatches(await scene.open());
  expect(left * 20).toBeLessThanOrEqual(2_000);
  expect(left * 20).toBeGreaterThan(1_000);
});

test("what a mailbox is asked steadily counts over a restart, however long it has gone on", async () => {
  const scene = await createScene();
  const first = await scene.open();
  for (let round = 0; round < 60; round += 1) {
    await sendBatches(first, 10);
    await scene.clock.advance(30_000);
  }
  // 4,000 of ten minutes, and what may not have been recorded.
  expect(await sendBatches(await scene.open())).toBeLessThanOrEqual(300);
});

test("what a turn has left of its requests counts as it was sent, and no record of the same turn on top of it", async () => {
  const scene = await createScene();
  const first = await scene.open();
  await sendBatches(first, 200);
  await scene.clock.advance(300_000);
  await sendBatches(first, 200);
  await scene.clock.advance(1_000);
  const second = await scene.open({}, first.mailbox.gate.memory);
  expect(await sendBatches(second)).toBe(100);
  await scene.clock.advance(329_000);
  expect(await sendBatches(await scene.open({}, second.mailbox.gate.memory))).toBe(200);
});

test("after a turn that ended with its process what it recorded counts, with what the turn before left in it", async () => {
  const scene = await createScene();
  const first = await scene.open();
  await sendBatches(first, 100);
  const { memory } = first.mailbox.gate;
  await scene.clock.advance(60_000);
  await sendBatches(await scene.open({}, memory), 200);
  await scene.clock.advance(1_000);
  // 6,000 and as many as were sent at the most before the next record.
  expect(await sendBatches(await scene.open({}, memory))).toBe(175);
});

test("what was asked more than ten minutes ago, under a clock that was ahead, or cannot be read, counts no more", async () => {
  for (const value of [{ at: startAt - 600_000, count: 10_000 }, { at: startAt + 1, count: 10_000 }, { at: "then", count: 10_000 }, null]) {
    const scene = await createScene();
    await scene.store.commit({ puts: [{ key: ["support@contoso.com", "spent"], value }] });
    const { mailbox } = await scene.open();
    await mailbox.gate.run(() => mailbox.gate.send(async () => undefined, { cost: 20 }));
  }
});

test("a pause that is over, or that cannot be read, bars nobody", async () => {
  for (const value of [{ until: startAt - 1, code: "x" }, { until: "soon", code: "x" }, { until }, null, "soon"]) {
    const scene = await createScene();
    await scene.store.commit({ puts: [{ key: barKey, value }] });
    const session = await scene.open();
    session.begin();
    expect(session.mailbox.gate.barredUntil, JSON.stringify(value)).toBeLessThanOrEqual(startAt);
    expect(scene.told, JSON.stringify(value)).toEqual([]);
  }
});

test("a store that is away when a pause comes does not end the queue; the newest pause is written when it is back", async () => {
  const scene = await createScene();
  const session = await scene.open();
  scene.store.refuse = away;
  session.mailbox.gate.bar({ until, code: "first" });
  await scene.clock.advance(2_000);
  session.mailbox.gate.bar({ until: until + 1, code: "second" });
  await scene.clock.advance(30_000);
  expect(scene.failures).toEqual([]);
  scene.store.refuse = undefined;
  await scene.clock.advance(20_000);
  expect((await scene.store.get(barKey))?.value).toEqual({ until: until + 1, code: "second" });
  expect(scene.clock.pending()).toBe(0);
});

test("a pause that the store did not take keeps no timer after the close", async () => {
  const scene = await createScene();
  const session = await scene.open();
  scene.store.refuse = away;
  session.mailbox.gate.bar({ until, code: "x" });
  await scene.clock.advance(1_000);
  expect(scene.clock.pending()).toBe(1);
  await session.close(5_000);
  expect(scene.clock.pending()).toBe(0);
});

test("a queue that was lost is noticed when a pause is to be written", async () => {
  const scene = await createScene();
  const session = await scene.open();
  await scene.open();
  session.mailbox.gate.bar({ until, code: "x" });
  await scene.clock.advance(100);
  expect(scene.failures).toMatchObject([{ code: "LIFECYCLE_LOST_QUEUE" }]);
});

test("a close lets handlers end, then their marks go out, and nothing is left behind", async () => {
  const scene = await createScene();
  await leftBehind(scene);
  const session = await scene.open();
  session.begin();
  await scene.clock.advance(1_000);
  const closed = session.close(30_000);
  await Promise.all([scene.deliveries[0]!.ack(), scene.clock.advance(10)]);
  await Promise.all([closed, scene.clock.advance(200)]);
  expect(scene.of("message:marked").map(({ id }) => id)).toEqual(["mark", "deliver"]);
  expect([session.ledger.open.size, scene.clock.pending()]).toEqual([0, 0]);
});

test("marks have at least a second of a close, when the handlers took all of its time", async () => {
  const scene = await createScene();
  await leftBehind(scene);
  const session = await scene.open();
  session.begin();
  await scene.clock.advance(1_000);
  const { signal } = scene.deliveries[0]!;
  const entries = await session.ledger.record([{ id: "late", folder: "inbox", becomes: "pending" }], cursor);
  const settled = session.ledger.settle(entries[0]!, { outcome: "settled", mark: { markRead: true } });
  await scene.clock.advance(10);
  const closed = session.close(5_000);
  scene.answerMs = 500;
  await scene.clock.advance(4_950);
  session.outbox.add((await settled)!);
  await Promise.all([closed, scene.clock.advance(1_000)]);
  expect([signal.aborted, scene.of("message:marked").map(({ id }) => id)]).toEqual([true, ["mark", "late"]]);
  expect(scene.clock.pending()).toBe(0);
});

test("a close ends although Graph's pause outlasts it: the marks stay for the next start", async () => {
  const scene = await createScene();
  await leftBehind(scene);
  const session = await scene.open();
  session.mailbox.gate.bar({ until: startAt + 10_000, code: "x" });
  session.begin();
  await scene.clock.advance(1_000);
  const closed = session.close(3_000);
  await Promise.all([closed, scene.clock.advance(4_000)]);
  expect([scene.of("message:marked"), session.ledger.open.size, scene.clock.pending()]).toEqual([[], 2, 0]);
});

test("an abandoned session writes nothing more, also not the pause that an answer on its way brings", async () => {
  const scene = await createScene();
  await leftBehind(scene);
  const session = await scene.open();
  session.begin();
  await scene.clock.advance(50);
  const before = scene.store.commits.length;
  session.abandon(new MailError("LIFECYCLE_LOST_STORE", "Another daemon has the store."));
  session.mailbox.gate.bar({ until, code: "x" });
  await scene.clock.advance(60_000);
  expect([scene.store.commits.length, scene.clock.pending(), scene.failures]).toEqual([before, 0, []]);
});
