/** Ways by which mail that was settled, or was there before the queue went live, could come once more. */
import { expect, it, onTestFinished } from "vitest";
import { createMailDaemon } from "../../src/index.js";
import { hostOptions, next, simulatorWith } from "../support/host.js";
import { address, createFaultScene } from "./fixtures/scene.js";
import { account, settleFirst } from "./fixtures/shared-mailbox.js";

const day = 86_400_000;

it("a folder that was not watched for a hundred days brings nothing again that was known before", async () => {
  const both = { folders: ["inbox", "archive"] };
  const first = await createFaultScene({ defaults: { ...both, startFrom: "now", sweepIntervalMs: 0 } });
  const { mailbox, simulator, later } = first;
  mailbox.deliver({ receivedAt: Date.now() - 900 * day, isRead: true }, "archive");
  await first.daemon.start();
  await first.round();
  const settled = first.next("message:marked");
  mailbox.deliver({}, "archive");
  await settled;
  await first.daemon.sweep();
  await first.daemon.stop();

  const without = first.successor({ defaults: { folders: ["inbox"] } });
  await without.daemon.start();
  await without.daemon.sweep();
  for (let month = 1; month <= 4; month += 1) {
    later(25 * day);
    await without.round();
  }
  await without.daemon.sweep();
  await without.daemon.stop();

  // By now Graph has forgotten the archive's cursor.
  simulator.mailbox(address).forgetSyncStates();
  const again = first.successor({ defaults: both });
  await again.daemon.start();
  await again.round();
  await again.round();
  await again.daemon.sweep();
  await again.round();
  expect(again.handed).toEqual([]);
});

it("another's mailbox that is made anew and restored while it is listed brings nothing again that was settled", async () => {
  const sim = simulatorWith([account, address], { authorityHost: "login.partner.microsoftonline.cn" });
  sim.user(address).grantAccess(account);
  const handed: string[] = [];
  const daemon = createMailDaemon(
    hostOptions(sim, {
      app: { clientId: sim.clientId, tenantId: sim.tenantId, cloud: "china" },
      queues: [{ address, account }],
      handler: ({ message }) => void handed.push(message.subject),
    }),
  );
  onTestFinished(() => daemon.stop());
  await settleFirst(daemon, sim);
  sim.user(address).recreateMailbox({ keep: () => true });
  const changed: string[] = [];
  daemon.on("queue:mailbox-changed", ({ to }) => void changed.push(to));
  for (let turn = 1; turn <= 3; turn += 1) await daemon.pollNow(address);
  await daemon.sweep(address);
  await daemon.pollNow(address);
  const fresh = next(daemon, "message:settled");
  sim.mailbox(address).deliver({ subject: "new" });
  await fresh;
  expect(changed).toEqual([sim.user(address).objectId]);
  expect(handed).toEqual(["settled", "new"]);
});
