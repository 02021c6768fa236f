/** How a delivery ends, and what follows. */
import { expect, test } from "vitest";
import type { Delivery } from "../../src/index.js";
import { address, hostOptions, many, next, signedIn, simulatorWith } from "../support/host.js";

test("a handler that throws gets the mail again, with its attempts counted, until it rests in quarantine", async () => {
  const sim = simulatorWith();
  const { mailbox } = sim.user(address);
  const id = mailbox.deliver();
  const attempts: number[] = [];
  const options = hostOptions(sim, {
    defaults: { maxAttempts: 3, startFrom: "everything", onQuarantine: { addCategories: ["Failed"] }, pollIntervalMs: 50 },
    handler: async (delivery) => {
      attempts.push(delivery.attempt);
      await delivery.retry({ afterMs: 1, reason: "the ticket system is away" });
    },
  });
  const daemon = await signedIn(sim, options);
  const quarantined = next(daemon, "message:quarantined");
  const marked = next(daemon, "message:marked");
  await daemon.start();
  expect(await quarantined).toEqual({ queue: address, id, attempts: 3, reason: "the ticket system is away" });
  expect(await marked).toMatchObject({ outcome: "quarantined" });
  await daemon.pollNow(address);
  await daemon.stop();
  expect(attempts).toEqual([1, 2, 3]);
  expect(mailbox.message(id)).toMatchObject({ isRead: false, categories: ["Failed"] });
});

test("an error of the handler is a retry with a back-off of seconds, told with its time", async () => {
  const sim = simulatorWith();
  const id = sim.user(address).mailbox.deliver();
  const daemon = await signedIn(sim, hostOptions(sim, { handler: () => Promise.reject(new TypeError("no such table")) }));
  const retrying = next(daemon, "message:retrying");
  const before = Date.now();
  await daemon.start();
  const event = await retrying;
  await daemon.stop();
  expect(event).toMatchObject({ queue: address, id, attempt: 1, reason: "TypeError: no such table" });
  expect(event.nextAt - before).toBeGreaterThanOrEqual(2_500);
});

test("the first settlement wins, and later ones say so", async () => {
  const sim = simulatorWith();
  sim.user(address).mailbox.deliver();
  const results: unknown[] = [];
  const daemon = await signedIn(
    sim,
    hostOptions(sim, {
      handler: async (delivery) => {
        results.push(await delivery.ack(), await delivery.ack(), await delivery.reject("too late"));
        throw new Error("too late as well");
      },
    }),
  );
  const marked = next(daemon, "message:marked");
  await daemon.start();
  expect(await marked).toMatchObject({ outcome: "settled" });
  await daemon.stop();
  expect(results).toEqual(["settled", "already", "already"]);
});

test("without a handler a listener of `message` settles, with a stable key", async () => {
  const sim = simulatorWith();
  const id = sim.user(address).mailbox.deliver({ subject: "by event" });
  const { handler: _, ...options } = hostOptions(sim);
  const daemon = await signedIn(sim, options);
  const deliveries: Delivery[] = [];
  daemon.on("message", async (delivery) => {
    deliveries.push(delivery);
    await delivery.ack();
  });
  const marked = next(daemon, "message:marked");
  await daemon.start();
  await marked;
  await daemon.stop();
  expect(deliveries.map(({ key, queue, attempt, message }) => ({ key, queue, attempt, subject: message.subject }))).toEqual([
    { key: `${address}/${id}`, queue: address, attempt: 1, subject: "by event" },
  ]);
});

test("a handler past its time has its signal aborted, and a late end still counts", async () => {
  const sim = simulatorWith();
  sim.user(address).mailbox.deliver();
  let count = 0;
  const daemon = await signedIn(
    sim,
    hostOptions(sim, {
      defaults: { handlerTimeoutMs: 100, startFrom: "everything", pollIntervalMs: 50 },
      handler: ({ signal }) =>
        new Promise((resolve) => {
          count += 1;
          signal.addEventListener("abort", () => resolve(undefined));
        }),
    }),
  );
  const settled = next(daemon, "message:settled");
  await daemon.start();
  expect(await settled).toMatchObject({ attempt: 1 });
  await daemon.stop();
  expect(count).toBe(1);
});

test("a handler that never ends is given up after a second time-out, and the mail comes again", async () => {
  const sim = simulatorWith();
  sim.user(address).mailbox.deliver();
  const daemon = await signedIn(
    sim,
    hostOptions(sim, {
      defaults: { handlerTimeoutMs: 20, startFrom: "everything" },
      handler: ({ attempt }) => (attempt === 1 ? new Promise(() => undefined) : undefined),
    }),
  );
  const retrying = next(daemon, "message:retrying");
  await daemon.start();
  expect(await retrying).toMatchObject({ attempt: 1, reason: expect.stringContaining("20 ms") });
  await daemon.stop();
});

test("messages of one conversation come one after another, others in between", async () => {
  const sim = simulatorWith();
  const { mailbox } = sim.user(address);
  const at = Date.now() - 60_000;
  mailbox.deliverMany(
    Array.from({ length: 12 }, (_, index) => ({
      subject: `${index}`,
      receivedAt: at + index * 1_000,
      conversationId: index % 2 === 0 ? "even" : `odd-${index}`,
    })),
  );
  const busy = new Set<string>();
  const order: string[] = [];
  let overlaps = 0;
  const daemon = await signedIn(
    sim,
    hostOptions(sim, {
      handler: async ({ message }) => {
        const { conversationId = "" } = message;
        if (busy.has(conversationId)) overlaps += 1;
        busy.add(conversationId);
        await daemon.pollNow(address);
        if (conversationId === "even") order.push(message.subject);
        busy.delete(conversationId);
      },
    }),
  );
  const settled = many(daemon, "message:settled", 12);
  await daemon.start();
  await settled;
  await daemon.stop();
  expect(overlaps).toBe(0);
  expect(order).toEqual(["0", "2", "4", "6", "8", "10"]);
});

test("a mark that can never be made is told once and holds nothing up", async () => {
  const sim = simulatorWith();
  const { mailbox } = sim.user(address);
  const bad = mailbox.deliver({ subject: "bad" });
  const daemon = await signedIn(sim, hostOptions(sim));
  sim.faults.add({
    name: "refused",
    route: "patch",
    messageId: bad,
    status: 400,
    body: { error: { code: "ErrorInvalidRequest", message: "no" } },
  });
  const failed = next(daemon, "message:mark-failed");
  const marked = next(daemon, "message:marked");
  const good = mailbox.deliver({ subject: "good" });
  await daemon.start();
  expect(await failed).toMatchObject({ id: bad, reason: expect.stringContaining("ErrorInvalidRequest") });
  expect(await marked).toMatchObject({ id: good });
  await daemon.stop();
});
