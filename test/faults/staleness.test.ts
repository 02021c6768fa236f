/** A queue to which nothing comes, over real sockets: told once with its reason, and that it is over; others are not. */
import { expect, it } from "vitest";
import { deferred } from "../support/deferred.js";
import { address, createFaultScene } from "./fixtures/scene.js";

const minute = 60_000;
const other = "sales@contoso.com";

it("a queue without a complete round for its limit is told stale once, and its recovery; other queues are not", async () => {
  const scene = await createFaultScene({ queues: [{ address }, { address: other }] });
  const { daemon, simulator, of, later, round, next } = scene;
  await daemon.start();
  await Promise.all([round(), daemon.pollNow(other)]);
  const mend = simulator.faults.add({ name: "refused", mailbox: address, route: "delta", status: 403, graphCode: "ErrorAccessDenied" });
  const stale = next("queue:stale");
  await expect.poll(() => of("queue:failed").length).toBeGreaterThan(0);
  for (let passed = 0; passed < 12; passed += 1) {
    later(minute);
    await daemon.pollNow(other);
  }
  expect(await stale).toMatchObject({ queue: address, why: expect.stringContaining("ErrorAccessDenied"), lastRoundAt: expect.any(Number) });
  expect(daemon.status().queues.map(({ stale: is }) => is)).toEqual([true, false]);
  mend();
  const recovered = next("queue:recovered");
  await round();
  expect((await recovered).staleForMs).toBeGreaterThan(10 * minute);
  expect(of("queue:stale").map(({ queue }) => queue)).toEqual([address]);
  expect(daemon.status().queues[0]?.stale).toBe(false);
});

it("the age of the oldest message that is not delivered is in the status, and goes with its end", async () => {
  const gate = deferred<void>();
  const { daemon, mailbox, later, next, handed } = await createFaultScene({
    defaults: { handlerTimeoutMs: 60 * minute },
    handler: () => gate.promise,
  });
  await daemon.start();
  mailbox.deliver();
  await expect.poll(() => handed.length).toBe(1);
  later(10 * minute);
  expect(daemon.status().queues[0]?.oldestUndeliveredMs).toBeGreaterThanOrEqual(10 * minute);
  const settled = next("message:settled");
  gate.resolve();
  await settled;
  expect(daemon.status().queues[0]).not.toHaveProperty("oldestUndeliveredMs");
});
