/** What others do to a mail before it is handed over is told once, and the queue's rule decides what becomes of it. */
import { expect, test } from "vitest";
import type { SimulatedMailbox } from "../../simulator/index.js";
import type { IfChangedElsewhere } from "../../src/index.js";
import { clockedHost } from "../support/clocked-host.js";
import { address } from "../support/host.js";

type Act = (mailbox: SimulatedMailbox, id: string) => void;

const acts: readonly [keyof IfChangedElsewhere, Act][] = [
  ["read", (mailbox, id) => mailbox.update(id, { isRead: true })],
  ["moved", (mailbox, id) => mailbox.move(id, "archive")],
  ["deleted", (mailbox, id) => mailbox.move(id, "deleteditems")],
  ["categorised", (mailbox, id) => mailbox.update(id, { categories: ["Mine"] })],
];

/** A mail that is found, changed by somebody else, and only then read. */
async function changedBetween(act: Act, ifChangedElsewhere: IfChangedElsewhere = {}) {
  const host = await clockedHost({ defaults: { ifChangedElsewhere } });
  const id = host.mailbox.deliver();
  const release = host.holdBatches();
  await host.done(host.daemon.start());
  await host.until(() => host.isHolding);
  act(host.mailbox, id);
  release();
  return { ...host, id };
}

test.each(acts)("a mail that was %s before us is delivered all the same, and told once", async (change, act) => {
  const { id, ...host } = await changedBetween(act);
  await host.until(() => host.told.some(({ name }) => name === "message:marked"));
  expect(host.handed.map((message) => message.id)).toEqual([id]);
  expect(host.told.filter(({ name }) => name === "message:changed-elsewhere")).toEqual([
    { name: "message:changed-elsewhere", queue: address, id, change, settled: false, action: "deliver" },
  ]);
});

test.each(acts)("where the queue's rule says so, a mail that was %s before us is left to whoever did it", async (change, act) => {
  const { id, ...host } = await changedBetween(act, { [change]: "skip" });
  const before = host.mailbox.message(id);
  const other = host.mailbox.deliver();
  await host.until(() => host.told.some(({ name }) => name === "message:marked"));
  expect(host.handed.map((message) => message.id)).toEqual([other]);
  expect(host.told.find(({ name }) => name === "message:changed-elsewhere")).toEqual({
    name: "message:changed-elsewhere",
    queue: address,
    id,
    change,
    settled: false,
    action: "skip",
  });
  expect(host.mailbox.message(id)).toEqual(before);
  expect(host.daemon.status().queues).toMatchObject([{ waiting: 0 }]);
});

test("mail that nobody touched is delivered without a word, read or unread", async () => {
  const host = await clockedHost({ defaults: { startFrom: new Date(0), ifChangedElsewhere: { read: "skip", moved: "skip" } } });
  host.mailbox.deliverMany([{ isRead: true }, { isRead: false }]);
  await host.done(host.daemon.start());
  await host.until(() => host.handed.length === 2);
  expect(host.told.filter(({ name }) => name === "message:changed-elsewhere")).toEqual([]);
});
