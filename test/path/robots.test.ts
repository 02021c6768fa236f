/** A thousand mails of one robot behind one that fails: they wait as ids, and neither the fetching nor the others' mail waits with them. */
import { expect, test } from "vitest";
import { address, hostOptions, many, next, signedIn, simulatorWith } from "../support/host.js";

const robotCount = 1_000;
const otherCount = 50;
/** A dozen of these mails; the robot's are eighty times that. */
const highWaterBytes = 200_000;

test("a thousand robot mails of one conversation behind a failing one stop neither fetching nor other conversations, in little memory", async () => {
  const sim = simulatorWith();
  const { mailbox } = sim.user(address);
  const at = Date.now() - 3_600_000;
  const body = { contentType: "text", content: "x".repeat(8_000) } as const;
  const robot = { conversationId: "robot", body };
  const failing = mailbox.deliver({ ...robot, subject: "failing", receivedAt: at });
  const handed: string[] = [];
  const options = hostOptions(sim, {
    defaults: { pollIntervalMs: 50, minPollIntervalMs: 10, startFrom: "everything", highWaterBytes },
    async handler(delivery) {
      handed.push(delivery.message.id);
      // So late that its conversation is held for the longest time, a minute.
      if (delivery.message.id === failing) await delivery.retry({ afterMs: 3_600_000, reason: "the ticket system refuses it" });
    },
  });
  const daemon = await signedIn(sim, options);
  const retrying = next(daemon, "message:retrying");
  await daemon.start();
  await retrying;

  const settled = many(daemon, "message:settled", otherCount);
  // The robot's are older, so they are first in every row.
  const robots = mailbox.deliverMany(Array.from({ length: robotCount }, (_, index) => ({ ...robot, receivedAt: at + 1 + index })));
  const others = mailbox.deliverMany(
    Array.from({ length: otherCount }, (_, index) => ({ conversationId: `customer ${index}`, body, receivedAt: at + 600_000 + index })),
  );
  expect((await settled).map(({ id }) => id).toSorted()).toEqual(others.toSorted());
  // All of the mailbox is fetched and recorded.
  await expect.poll(() => daemon.status().queues[0]!.waiting).toBe(robotCount + 1);
  const late = mailbox.deliver({ subject: "late" });
  await next(daemon, "message:settled", ({ id }) => id === late);
  expect(handed.toSorted()).toEqual([failing, ...others, late].toSorted());
  expect(await daemon.explain(address, robots[0]!)).toMatchObject({ state: "pending", attempts: 0 });
  expect(await daemon.explain(address, failing)).toMatchObject({
    state: "retrying",
    attempts: 1,
    failures: [{ attempt: 1, error: "the ticket system refuses it" }],
  });
  await daemon.stop();
}, 60_000);
