/** Another's mailbox is made anew: nobody signs in again, so only Graph's answers can tell it. */
import { expect, it, onTestFinished } from "vitest";
import { createMailDaemon } from "../../src/index.js";
import { hostOptions, simulatorWith } from "../support/host.js";
import { address } from "./fixtures/scene.js";
import { account, settleFirst } from "./fixtures/shared-mailbox.js";

it("a shared mailbox that is made anew is told, and its new mail arrives", async () => {
  const sim = simulatorWith([account, address]);
  sim.user(address).grantAccess(account);
  const handed: string[] = [];
  const daemon = createMailDaemon(
    hostOptions(sim, { queues: [{ address, account }], handler: ({ message }) => void handed.push(message.subject) }),
  );
  onTestFinished(() => daemon.stop());
  const changed: string[] = [];
  daemon.on("queue:mailbox-changed", ({ to }) => void changed.push(to));
  await settleFirst(daemon, sim);
  sim.user(address).recreateMailbox({ keep: () => true });
  sim.mailbox(address).deliver({ subject: "new" });
  for (let turn = 1; turn <= 5; turn += 1) await daemon.pollNow(address).catch(() => undefined);
  expect(changed).toEqual([sim.user(address).objectId]);
  expect(handed).toEqual(["settled", "new"]);
});
