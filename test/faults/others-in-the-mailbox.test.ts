/** Others in the mailbox, over real sockets: what they do before us is told, and unread is never the queue. */
import { expect, it } from "vitest";
import { clockedHost } from "../support/clocked-host.js";

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
