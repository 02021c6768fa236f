/** Queues that share one signed-in account: what Graph refuses for one mailbox alone stops that queue alone. */
import { expect, onTestFinished, test } from "vitest";
import { createMailDaemon } from "../../src/index.js";
import { hostOptions, next, simulatorWith } from "../support/host.js";

const account = "agent@contoso.com";
const [one, two] = ["billing@contoso.com", "returns@contoso.com"];

async function running(queues: readonly string[]) {
  const sim = simulatorWith([account, one, two]);
  for (const shared of [one, two]) sim.user(shared).grantAccess(account);
  const daemon = createMailDaemon(
    hostOptions(sim, {
      queues: queues.map((address) => (address === account ? { address } : { address, account })),
      defaults: { pollIntervalMs: 50, minPollIntervalMs: 10, startFrom: "unread" },
    }),
  );
  await daemon.signIn(queues[0] as string, { method: "refreshToken", refreshToken: sim.user(account).issueRefreshToken() });
  onTestFinished(() => daemon.stop());
  const required: string[] = [];
  daemon.on("queue:sign-in-required", ({ queue }) => required.push(queue));
  const polled = queues.map((queue) => next(daemon, "queue:polled", (payload) => payload.queue === queue));
  await daemon.start();
  await Promise.all(polled);
  return { sim, daemon, required };
}

test("a 401 for one shared mailbox stops its queue alone, while the account's others go on", async () => {
  const { sim, daemon, required } = await running([account, one, two]);
  const failed = next(daemon, "queue:failed");
  const waiting = next(daemon, "queue:state", ({ to }) => to === "waiting-for-sign-in");
  const refusal = sim.faults.add({ name: "refused", mailbox: one, status: 401 });
  expect(await failed).toMatchObject({ queue: one, code: "GRAPH_UNAUTHORIZED" });
  expect(await waiting).toMatchObject({ queue: one });
  for (const queue of [account, two]) {
    const marked = next(daemon, "message:marked", (payload) => payload.queue === queue);
    sim.user(queue).mailbox.deliver();
    await marked;
  }
  // It is tried again by itself now and then, so for a moment it may be polled.
  await expect
    .poll(() => daemon.status().queues.map(({ address, state }) => [address, state === "waiting-for-sign-in"]))
    .toEqual([
      [account, false],
      [one, true],
      [two, false],
    ]);
  expect(required).toEqual([]);
  refusal();
  const back = next(daemon, "message:marked", ({ queue }) => queue === one);
  sim.user(one).mailbox.deliver();
  await back;
});

test.each([
  { what: "of the account's own mailbox", queues: [account, one], refused: account },
  { what: "of the only mailbox that the account opens", queues: [one], refused: one },
])("a 401 $what asks for the account's sign-in", async ({ queues, refused }) => {
  const { sim, daemon, required } = await running(queues);
  const asked = next(daemon, "queue:sign-in-required", ({ queue }) => queue === refused);
  sim.faults.add({ name: "refused", route: "delta", mailbox: refused, status: 401 });
  expect(await asked).toMatchObject({ account, code: "AUTH_SIGN_IN_REQUIRED" });
  expect(required.toSorted()).toEqual(queues.toSorted());
});

test("another mailbox behind a shared address begins anew: its old mail is no find of a sweep", async () => {
  const { sim, daemon } = await running([account, one]);
  sim.user(one).mailbox.deliver();
  // The first sweep learns whose mailbox it is.
  expect(await daemon.sweep(one)).toMatchObject({ listed: 1, found: 0 });
  const settled: string[] = [];
  daemon.on("message:settled", ({ queue, id }) => {
    if (queue === one) settled.push(id);
  });
  await daemon.pause(one);
  const before = sim.user(one).objectId;
  sim.user(one).recreateMailbox();
  const { mailbox } = sim.user(one);
  mailbox.deliverUnseen({ receivedAt: Date.now() - 3_600_000, isRead: true });
  const changed = next(daemon, "queue:mailbox-changed");
  await daemon.resume(one);
  expect(await changed).toMatchObject({ queue: one, from: before, to: sim.user(one).objectId });
  await daemon.pollNow(one);
  expect(settled.length).toBe(0);
  const marked = next(daemon, "message:marked", ({ queue }) => queue === one);
  mailbox.deliver();
  await marked;
});
