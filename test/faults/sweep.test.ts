/** What Graph's delta leaves out without a word, and the sweep that finds it. */
import { expect, it, onTestFinished, vi } from "vitest";
import { createFaultScene } from "./fixtures/scene.js";

it("a message that no round shows is found by a sweep, told and delivered", async () => {
  const { daemon, mailbox, settled, of, round } = await createFaultScene();
  mailbox.deliver();
  await daemon.start();
  await round();
  const hidden = mailbox.deliverUnseen({ isRead: true });
  await round();
  await expect.poll(() => settled.length).toBe(1);
  expect(await daemon.sweep()).toEqual({ listed: 2, known: 1, found: 1, gone: 0 });
  expect(of("message:found-by-sweep")).toMatchObject([{ id: hidden, folder: "inbox" }]);
  await expect.poll(() => settled).toContain(hidden);
  expect(of("queue:swept")).toMatchObject([{ listed: 2, known: 1, found: 1, gone: 0, unlisted: 0 }]);
  // Known from now on: another sweep finds nothing.
  expect(await daemon.sweep()).toEqual({ listed: 2, known: 2, found: 0, gone: 0 });
});

it("old mail that was moved in and that no round shows is found by a sweep, whatever its date", async () => {
  const { daemon, mailbox, settled, round } = await createFaultScene({ defaults: { startFrom: "now" } });
  const old = mailbox.deliver({ receivedAt: Date.now() - 900 * 86_400_000, isRead: true }, "archive");
  await daemon.start();
  await round();
  mailbox.move(old, "inbox", { unseen: true });
  await round();
  expect(settled).toEqual([]);
  expect(await daemon.sweep()).toMatchObject({ found: 1 });
  await expect.poll(() => settled).toEqual([old]);
});

it("a sweep comes by itself, in its interval, and leaves what is younger than five minutes to the rounds", async () => {
  const { daemon, mailbox, settled, of, later, round, next } = await createFaultScene({ defaults: { sweepIntervalMs: 3_600_000 } });
  mailbox.deliver();
  await daemon.start();
  await round();
  mailbox.deliverUnseen();
  const swept = next("queue:swept");
  later(3_600_001);
  await swept;
  await expect.poll(() => settled.length).toBe(2);
  const young = next("queue:swept");
  later(3_600_001);
  mailbox.deliverUnseen();
  await young;
  expect(of("queue:swept").map(({ found }) => found)).toEqual([1, 0]);
});

it("what a round brings between the listing and its verdict is not found by the sweep", async () => {
  const { daemon, mailbox, handed, of, round } = await createFaultScene();
  await daemon.start();
  await round();
  // It comes after the turn's round and before its listing.
  let late: string | undefined;
  const send = globalThis.fetch;
  const spy = vi.spyOn(globalThis, "fetch").mockImplementation((input, init) => {
    if (String(input).includes("/messages?")) late ??= mailbox.deliver();
    return send(input, init);
  });
  onTestFinished(() => spy.mockRestore());
  expect(await daemon.sweep()).toEqual({ listed: 1, known: 1, found: 0, gone: 0 });
  expect(of("message:found-by-sweep")).toEqual([]);
  await expect.poll(() => handed).toEqual([late]);
});

it("a folder whose list is short of its count is listed again in small pages, and the sweep finds what was left out", async () => {
  const { daemon, mailbox, settled, simulator, round } = await createFaultScene();
  const base = Date.now() - 86_400_000;
  mailbox.deliverMany(Array.from({ length: 30 }, (_, index) => ({ receivedAt: base + index * 1_000 })));
  await daemon.start();
  await round();
  const hidden = mailbox.deliverUnseen({ receivedAt: base - 1_000 });
  simulator.faults.add({
    name: "short list",
    route: "messages",
    count: 1,
    body: JSON.stringify({ value: [{ id: mailbox.messages("inbox")[3]?.id, receivedDateTime: new Date(base + 3_000).toISOString() }] }),
  });
  expect(await daemon.sweep()).toMatchObject({ listed: 31, found: 1 });
  await expect.poll(() => settled).toContain(hidden);
});

it("a sweep of many pages lets rounds go on between them", async () => {
  const { daemon, mailbox, simulator, of, round } = await createFaultScene();
  const base = Date.now() - 86_400_000;
  mailbox.deliverMany(Array.from({ length: 120 }, (_, index) => ({ receivedAt: base + index * 60_000, isRead: true })));
  simulator.faults.add({ name: "small pages only", route: "messages", pageLargerThan: 10, status: 504 });
  await daemon.start();
  await round();
  const rounds = of("queue:polled").length;
  const pages = simulator.log.count({ route: "messages" });
  expect(await daemon.sweep()).toMatchObject({ listed: 120, found: 0 });
  const listed = simulator.log.count({ route: "messages" }) - pages;
  expect(listed).toBeGreaterThan(20);
  expect(of("queue:polled").length - rounds).toBeGreaterThan(3);
});

it("a sweep that Graph refuses is told and disturbs no round", async () => {
  const { daemon, mailbox, simulator, settled, of, round } = await createFaultScene();
  await daemon.start();
  await round();
  simulator.faults.add({ name: "no lists", route: ["messages", "folder"], status: 400, graphCode: "ErrorInvalidRequest" });
  await expect(daemon.sweep()).rejects.toMatchObject({ code: "GRAPH_REFUSED" });
  expect(of("queue:sweep-failed")).toMatchObject([{ code: "GRAPH_REFUSED" }]);
  mailbox.deliver();
  await expect.poll(() => settled.length).toBe(1);
  expect(of("queue:failed")).toEqual([]);
});

it("what the ledger keeps of a message is dropped only after ninety days of sweeps without it", async () => {
  const day = 86_400_000;
  const { daemon, mailbox, handed, of, later, round, next } = await createFaultScene({ defaults: { sweepIntervalMs: 0 } });
  const id = mailbox.deliver();
  const marked = next("message:marked");
  // Its token is used meanwhile, or the sign-in would end before the entry does.
  const days = async (count: number) => {
    for (let left = count; left > 0; left -= 30) {
      later(Math.min(30, left) * day);
      await round();
    }
  };
  await daemon.start();
  await marked;
  mailbox.move(id, "archive");
  await daemon.sweep();
  await days(89);
  await daemon.sweep();
  mailbox.move(id, "inbox");
  await round();
  expect(handed).toEqual([id]);
  await daemon.sweep();
  mailbox.move(id, "archive");
  await daemon.sweep();
  await days(91);
  await daemon.sweep();
  expect(of("queue:swept").map(({ pruned }) => pruned)).toEqual([0, 0, 0, 0, 1]);
  mailbox.move(id, "inbox");
  await expect.poll(() => handed).toEqual([id, id]);
});
