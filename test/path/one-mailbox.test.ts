/** Two queues whose addresses are one mailbox: one of them has it, the other says so. */
import { expect, test } from "vitest";
import { address, hostOptions, next, signedIn, simulatorWith } from "../support/host.js";

const alias = "help@contoso.com";

test("of two addresses of one mailbox one queue hands its mail over, once, at most four requests at once, and the other names it", async () => {
  const sim = simulatorWith([]);
  const user = sim.addUser({ address, aliases: [alias] });
  const ids = user.mailbox.deliverMany(Array.from({ length: 100 }, () => ({})));
  const handed: string[] = [];
  const daemon = await signedIn(
    sim,
    hostOptions(sim, {
      queues: [{ address }],
      defaults: { startFrom: "everything", pollIntervalMs: 50, minPollIntervalMs: 10 },
      handler: ({ message }) => void handed.push(message.id),
    }),
  );
  await daemon.start();
  await next(daemon, "queue:polled");
  const failures: object[] = [];
  daemon.on("queue:failed", (failure) => void failures.push(failure));
  await daemon.addQueue({ address: alias });
  await daemon.signIn(alias, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
  const reason = expect.stringContaining(address);
  await expect
    .poll(() => failures)
    .toContainEqual(expect.objectContaining({ queue: alias, code: "SYNC_MAILBOX_TAKEN", reason, who: "developer" }));
  await expect.poll(() => daemon.status().queues.map(({ state }) => state)).toContain("unavailable");
  await expect.poll(() => handed.length).toBe(ids.length);
  expect(handed.toSorted()).toEqual(ids.toSorted());
  expect(sim.log.mostAtOnce()).toBeLessThanOrEqual(4);

  // Once the first is let go of, the other has it at its next look.
  await daemon.removeQueue(address);
  await daemon.pollNow(alias);
  expect(daemon.status().queues).toMatchObject([{ address: alias, state: "idle" }]);
  await daemon.stop();
});
