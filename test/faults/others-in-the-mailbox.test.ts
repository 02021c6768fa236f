/** Others in the mailbox, over real sockets: what they do before us is told, and unread is never the queue. */
import { expect, it } from "vitest";
import { clockedHost } from "../support/clocked-host.js";
import { createFaultScene } from "./fixtures/scene.js";

it("people read, move, delete and categorise mail before us: each is told once, and every mail is handed over", async () => {
  const host = await clockedHost({ loopback: true });
  const ids = host.mailbox.deliverMany([{}, {}, {}, {}, {}]) as [string, string, string, string, string];
  const [read, moved, deleted, categorised] = ids;
  const release = host.holdBatches();
  await host.done(host.daemon.start());
  await host.until(() => host.isHolding);
  host.mailbox.update(read, { isRead: true });
  host.mailbox.move(moved, "archive");
  host.mailbox.move(deleted, "deleteditems");
  host.mailbox.update(categorised, { categories: ["Mine"] });
  release();
  await host.until(() => host.told.filter(({ name }) => name === "message:marked").length === 5);
  expect(host.handed.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
  const changed = host.told.flatMap((event) => (event.name === "message:changed-elsewhere" ? [[event.id, event.change]] : []));
  expect(new Map(changed as [string, string][])).toEqual(
    new Map([
      [read, "read"],
      [moved, "moved"],
      [deleted, "deleted"],
      [categorised, "categorised"],
    ]),
  );
  expect(changed).toHaveLength(4);
});

it("a queue that leaves what people have read to them skips it, unmarked, and delivers the rest", async () => {
  const host = await clockedHost({ loopback: true, defaults: { ifChangedElsewhere: { read: "skip" } } });
  const [read, other] = host.mailbox.deliverMany([{}, {}]) as [string, string];
  const release = host.holdBatches();
  await host.done(host.daemon.start());
  await host.until(() => host.isHolding);
  host.mailbox.update(read, { isRead: true, flagged: true });
  const before = host.mailbox.message(read);
  release();
  await host.until(() => host.told.some(({ name }) => name === "message:marked"));
  expect(host.handed.map(({ id }) => id)).toEqual([other]);
  expect(host.mailbox.message(read)).toEqual(before);
});

it("what people do while a mail waits with its content in memory is seen at the next round, before it is handed over", async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const scene = await createFaultScene({ defaults: { maxInFlight: 1 }, handler: () => held });
  const { daemon, mailbox, handed, of, round } = scene;
  const ids = mailbox.deliverMany([{}, {}]);
  await daemon.start();
  await round();
  await expect.poll(() => handed.length).toBe(1);
  const second = ids.find((id) => !handed.includes(id)) as string;
  mailbox.update(second, { isRead: true });
  await round();
  release();
  await expect.poll(() => handed).toContain(second);
  expect(of("message:changed-elsewhere")).toMatchObject([{ id: second, change: "read", settled: false, action: "deliver" }]);
});

it("who undoes our mark is told once, and our own marks are never told as somebody else's", async () => {
  const scene = await createFaultScene({ defaults: { afterAck: { markRead: true, addCategories: ["Ticket"] } } });
  const { daemon, mailbox, handed, of, round, next } = scene;
  const marked = next("message:marked");
  const id = mailbox.deliver();
  await daemon.start();
  await marked;
  await round();
  await round();
  expect(of("message:changed-elsewhere")).toEqual([]);
  mailbox.update(id, { isRead: false });
  await round();
  expect(of("message:changed-elsewhere")).toMatchObject([{ id, change: "unread", settled: true }]);
  mailbox.update(id, { categories: [] });
  await daemon.sweep();
  await round();
  expect(of("message:changed-elsewhere").map(({ change }) => change)).toEqual(["unread", "categorised"]);
  expect(handed).toEqual([id]);
});

it("who moves a mail back to where our mark took it from is told", async () => {
  const scene = await createFaultScene({ defaults: { folders: ["inbox", "archive"], afterAck: { moveTo: "archive" } } });
  const { daemon, mailbox, of, round, next } = scene;
  const marked = next("message:marked");
  const id = mailbox.deliver();
  await daemon.start();
  await marked;
  await round();
  // Where the mark put it, it is our own echo, also in a watched folder.
  expect(of("message:changed-elsewhere")).toEqual([]);
  mailbox.move(id, "inbox");
  await round();
  expect(of("message:changed-elsewhere")).toMatchObject([{ id, change: "moved", settled: true }]);
});
