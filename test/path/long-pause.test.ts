/** A pause that is longer than a call should hang: seen in the queue's state, and no hindrance to a stop. */
import { expect, test } from "vitest";
import { createMailDaemon } from "../../src/index.js";
import { clockedHost } from "../support/clocked-host.js";
import { address, hostOptions, next, signedIn, simulatorWith } from "../support/host.js";

test("a daemon that starts within a long pause shows it, asks nothing of that mailbox, and stops at once", async () => {
  const sim = simulatorWith();
  const options = hostOptions(sim);
  const first = await signedIn(sim, options);
  sim.user(address).mailbox.deliver();
  sim.faults.add({ name: "long pause", route: "delta", count: 1, status: 429, retryAfter: 3_600 });
  const throttled = next(first, "queue:state", ({ to }) => to === "throttled");
  await first.start();
  await throttled;
  await first.stop();

  sim.log.clear();
  const second = createMailDaemon(options);
  const shown = next(second, "queue:state", ({ to }) => to === "throttled");
  await second.start();
  expect((await shown).why).toContain("GRAPH_THROTTLED: Graph wants no request of support@contoso.com before");
  expect(second.status().queues).toMatchObject([{ address, state: "throttled" }]);
  await second.stop({ deadlineMs: 60_000 });
  expect(sim.log.entries({ mailbox: address }).filter(({ route }) => route !== "token")).toEqual([]);
});

test("a pause that begins while marks wait behind it does not hold up a stop", async () => {
  const sim = simulatorWith();
  const { mailbox } = sim.user(address);
  const id = mailbox.deliver();
  sim.faults.add({ name: "long pause", route: "patch", count: 1, status: 429, retryAfter: 3_600 });
  const daemon = await signedIn(sim, hostOptions(sim));
  const throttled = next(daemon, "queue:throttled");
  await daemon.start();
  await throttled;
  await daemon.stop({ deadlineMs: 60_000 });
  expect(mailbox.message(id)?.isRead).toBe(false);
  expect(sim.log.knockedWhileBarred()).toEqual([]);
});

test("a stop ends a wait between two tries of a request at once, and the request is not repeated", async () => {
  const { sim, daemon, done, until } = await clockedHost();
  sim.faults.add({ name: "away", route: "delta", status: 503, retryAfter: 14 });
  let throttled = false;
  daemon.on("queue:throttled", () => {
    throttled = true;
  });
  await done(daemon.start());
  await until(() => throttled);
  // Time stands still from here on: a stop that waits for a timer never ends.
  await daemon.stop({ deadlineMs: 60_000 });
  expect(sim.log.count({ route: "delta" })).toBe(1);
});
