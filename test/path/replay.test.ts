/** What rests is told, explained and delivered again, asked of the daemon. */
import { expect, test } from "vitest";
import { systemClock } from "../../src/base/clock.js";
import { createDaemon } from "../../src/daemon/daemon.js";
import { address, hostOptions, next, signedIn, simulatorWith } from "../support/host.js";

test("a quarantined message is listed, explained, and after a replay settled and marked", async () => {
  const sim = simulatorWith();
  const id = sim.user(address).mailbox.deliver({ subject: "bad at first" });
  let good = false;
  const daemon = await signedIn(
    sim,
    hostOptions(sim, {
      handler: async (delivery) => {
        if (!good) await delivery.reject("no such customer");
      },
    }),
  );
  const quarantined = next(daemon, "message:quarantined");
  await daemon.start();
  expect(await quarantined).toEqual({ queue: address, id, attempts: 1, reason: "no such customer" });
  expect(await daemon.quarantined(address)).toMatchObject([{ id, key: `${address}/${id}`, reason: "no such customer", mark: "none" }]);
  expect(await daemon.explain(address, id)).toMatchObject({ state: "quarantined", attempts: 1, foundBy: "round" });

  good = true;
  const replayed = next(daemon, "message:replayed");
  const marked = next(daemon, "message:marked");
  await daemon.replay(address.toUpperCase(), id);
  expect(await replayed).toEqual({ queue: address, id });
  expect(await marked).toEqual({ queue: address, id, outcome: "settled" });
  await expect.poll(() => daemon.explain(address, id)).toMatchObject({ state: "settled", replayedAt: expect.any(Date) });
  expect(await daemon.quarantined(address)).toEqual([]);
  expect(sim.user(address).mailbox.messages()[0]).toMatchObject({ isRead: true });
  await daemon.stop();
});

test("what is asked of an unknown message, an unknown queue or a daemon that does not run is answered as such", async () => {
  const sim = simulatorWith();
  const daemon = await signedIn(sim, hostOptions(sim));
  await daemon.start();
  expect(await daemon.explain(address, "unknown")).toBeUndefined();
  await expect(daemon.replay(address, "unknown")).rejects.toMatchObject({ code: "DELIVERY_UNKNOWN_MESSAGE", messageId: "unknown" });
  await expect(daemon.quarantined("nobody@contoso.com")).rejects.toMatchObject({ code: "LIFECYCLE_UNKNOWN_QUEUE" });
  await daemon.stop();
  const idle = createDaemon(hostOptions(sim), systemClock);
  for (const asked of [idle.quarantined(address), idle.explain(address, "x"), idle.replay(address, "x")]) {
    await expect(asked).rejects.toMatchObject({ code: "LIFECYCLE_NOT_STARTED" });
  }
});
