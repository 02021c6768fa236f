/** The path of a mail from the mailbox to the handler, its settlement and its mark. */
import { expect, test } from "vitest";
import { address, hostOptions, many, next, signedIn, simulatorWith } from "../support/host.js";

test("a mail reaches the handler, is settled and marked read on the server", async () => {
  const sim = simulatorWith();
  const { mailbox } = sim.user(address);
  const seen: string[] = [];
  const daemon = await signedIn(sim, hostOptions(sim, { handler: ({ message }) => void seen.push(message.subject) }));
  const id = mailbox.deliver({ subject: "My parcel" });
  const marked = next(daemon, "message:marked");
  await daemon.start();
  expect(await marked).toMatchObject({ queue: address, id, outcome: "settled" });
  expect(seen).toEqual(["My parcel"]);
  expect(mailbox.message(id)?.isRead).toBe(true);
  await daemon.stop();
  expect(await daemon.stopped).toBeUndefined();
});

test("two hundred mails are each handed over once, in whatever pages they come", async () => {
  const sim = simulatorWith();
  const { mailbox } = sim.user(address);
  const ids = mailbox.deliverMany(Array.from({ length: 200 }, (_, index) => ({ subject: `mail ${index}` })));
  const seen: string[] = [];
  const daemon = await signedIn(sim, hostOptions(sim, { handler: ({ message }) => void seen.push(message.id) }));
  const marked = many(daemon, "message:marked", 200);
  await daemon.start();
  await marked;
  await daemon.pollNow(address);
  await daemon.stop();
  expect(seen.toSorted()).toEqual(ids.toSorted());
  expect(sim.log.mostAtOnce(address)).toBeLessThanOrEqual(4);
  expect(sim.log.knockedWhileBarred()).toEqual([]);
});

test("a queue that begins with unread mail delivers it and leaves the read mail alone", async () => {
  const sim = simulatorWith();
  const { mailbox } = sim.user(address);
  mailbox.deliver({ subject: "old and read", isRead: true, receivedAt: Date.now() - 86_400_000 });
  mailbox.deliver({ subject: "old and unread", receivedAt: Date.now() - 86_400_000 });
  const seen: string[] = [];
  const options = hostOptions(sim, {
    handler: ({ message }) => void seen.push(message.subject),
    defaults: { pollIntervalMs: 50, minPollIntervalMs: 10 },
  });
  const daemon = await signedIn(sim, options);
  const first = next(daemon, "message:marked");
  await daemon.start();
  await first;
  const second = next(daemon, "message:marked");
  mailbox.deliver({ subject: "old date, moved in later", isRead: true, receivedAt: Date.now() - 86_400_000 });
  await second;
  await daemon.stop();
  expect(seen).toEqual(["old and unread", "old date, moved in later"]);
});
