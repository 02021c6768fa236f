/** What rests in quarantine when the mailbox behind the address is made anew and restored. */
import { expect, it } from "vitest";
import { address, createFaultScene } from "./fixtures/scene.js";

it("what rests in quarantine is found there under its new id, and can be replayed", async () => {
  let refuses = true;
  const scene = await createFaultScene({
    defaults: { startFrom: "unread" },
    handler: (delivery) => (refuses ? void delivery.reject("not now") : undefined),
  });
  const { daemon, mailbox, simulator, round, next, of } = scene;
  mailbox.deliver({ subject: "bad" });
  const rests = next("message:quarantined");
  await daemon.start();
  await rests;
  const user = simulator.user(address);
  user.recreateMailbox({ keep: () => true });
  await expect.poll(() => daemon.status().queues[0]?.state, { timeout: 20_000 }).toBe("waiting-for-sign-in");
  await daemon.signIn(address, { method: "refreshToken", refreshToken: user.issueRefreshToken() });
  await round();
  expect(of("queue:mailbox-changed").length).toBe(1);
  refuses = false;
  const [now] = mailbox.messages("inbox");
  expect((await daemon.quarantined(address)).map(({ id }) => id)).toEqual([now?.id]);
});
