/** A queue that gets nowhere says so, once, and says when it is over; and how old its oldest open message is. */
import { expect, onTestFinished, test } from "vitest";
import { createDaemon } from "../../src/daemon/daemon.js";
import type { DaemonEvents } from "../../src/daemon/events.js";
import { address, hostOptions, simulatorWith } from "../support/host.js";
import { createManualClock } from "../support/manual-clock.js";
import { stepping } from "../support/stepping.js";

const other = "sales@contoso.com";
const minute = 60_000;
const polling = { pollIntervalMs: 30_000, startFrom: "everything", maxAttempts: 1_000 } as const;

function scene(handler?: () => Promise<void>) {
  const clock = createManualClock();
  const sim = simulatorWith([address, other], { now: () => clock.now() });
  const options = hostOptions(sim, { queues: [{ address }, { address: other }], defaults: polling, ...(handler ? { handler } : {}) });
  const daemon = createDaemon(options, clock);
  const stale: DaemonEvents["queue:stale"][] = [];
  const recovered: DaemonEvents["queue:recovered"][] = [];
  daemon.on("queue:stale", (payload) => void stale.push(payload));
  daemon.on("queue:recovered", (payload) => void recovered.push(payload));

  /** What the work gives, with time moving on. */
  const done = <T>(work: Promise<T>) => stepping(work, () => clock.advance(5));

  onTestFinished(async () => {
    await done(daemon.stop({ deadlineMs: 0 }));
    expect(clock.pending()).toBe(0);
  });
  return {
    clock,
    sim,
    daemon,
    stale,
    recovered,
    done,
    async start() {
      for (const queue of [address, other])
        await done(daemon.signIn(queue, { method: "refreshToken", refreshToken: sim.user(queue).issueRefreshToken() }));
      await done(daemon.start());
      await clock.advance(minute);
    },
    status: (queue = address) => daemon.status().queues.find((one) => one.address === queue),
  };
}

test("a mailbox that Graph does not open is told stale once in hours, another queue is not, and its recovery is told", async () => {
  const { clock, sim, stale, recovered, start, status } = scene();
  await start();
  expect(status()).toMatchObject({ stale: false });
  const mend = sim.faults.add({ name: "gone", mailbox: address, route: "delta", status: 404, graphCode: "MailboxNotEnabledForRESTAPI" });
  await clock.advance(2 * 60 * minute);
  expect(stale).toMatchObject([{ queue: address, state: "unavailable", remedy: expect.any(String), who: expect.any(String) }]);
  const { lastRoundAt, staleForMs } = stale[0] as DaemonEvents["queue:stale"];
  expect(lastRoundAt).toBe(status()?.lastRoundAt?.getTime());
  expect(staleForMs).toBe(5 * minute);
  expect([status()?.stale, status(other)?.stale]).toEqual([true, false]);
  expect(recovered).toEqual([]);
  mend();
  await clock.advance(61 * minute);
  expect(recovered).toEqual([{ queue: address, staleForMs: expect.any(Number) }]);
  expect(recovered[0]?.staleForMs).toBeGreaterThan(2 * 60 * minute);
  expect([stale.length, status()?.stale]).toEqual([1, false]);
});

test("the oldest message that is not delivered has an age; settled ones, and those that only wait for their mark, have none", async () => {
  let work: () => Promise<void> = () => Promise.reject(new Error("not now"));
  const { clock, sim, start, status } = scene(() => work());
  await start();
  expect(status()).not.toHaveProperty("oldestUndeliveredMs");
  sim.user(address).mailbox.deliver();
  await clock.advance(minute);
  const young = status()?.oldestUndeliveredMs ?? Number.NaN;
  await clock.advance(minute);
  expect(young).toBeGreaterThan(0);
  expect(status()?.oldestUndeliveredMs).toBe(young + minute);
  expect(status(other)).not.toHaveProperty("oldestUndeliveredMs");
  sim.faults.add({ name: "full", mailbox: address, route: "patch", status: 403, graphCode: "ErrorQuotaExceeded" });
  work = () => Promise.resolve();
  await clock.advance(10 * minute);
  expect(status()).toMatchObject({ marksWaiting: 1 });
  expect(status()).not.toHaveProperty("oldestUndeliveredMs");
});
