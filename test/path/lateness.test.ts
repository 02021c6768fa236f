/** A queue whose mail is not handled says so, once, and says when that is over. */
import { expect, onTestFinished, test } from "vitest";
import { createDaemon } from "../../src/daemon/daemon.js";
import type { DaemonEvents } from "../../src/daemon/events.js";
import type { MailDaemonOptions } from "../../src/index.js";
import { address, hostOptions, simulatorWith } from "../support/host.js";
import { createManualClock } from "../support/manual-clock.js";
import { stepping } from "../support/stepping.js";

const other = "sales@contoso.com";
const minute = 60_000;
const defaults = { pollIntervalMs: 30_000, startFrom: "everything", maxAttempts: 1_000, handlerTimeoutMs: 600 * minute } as const;

function scene() {
  const clock = createManualClock();
  const sim = simulatorWith([address, other], { now: () => clock.now() });
  const options = hostOptions(sim, { queues: [{ address }, { address: other }], defaults });
  const late: DaemonEvents["queue:late"][] = [];
  const over: DaemonEvents["queue:late-over"][] = [];
  const done = <T>(work: Promise<T>) => stepping(work, () => clock.advance(5));

  /** A daemon on the one store; started, and signed in where it is the first. */
  async function started(more: Partial<MailDaemonOptions> = {}) {
    const daemon = createDaemon({ ...options, ...more }, clock);
    daemon.on("queue:late", (payload) => void late.push(payload));
    daemon.on("queue:late-over", (payload) => void over.push(payload));
    onTestFinished(async () => {
      await done(daemon.stop({ deadlineMs: 0 }));
      expect(clock.pending()).toBe(0);
    });
    for (const queue of [address, other]) {
      await done(daemon.signIn(queue, { method: "refreshToken", refreshToken: sim.user(queue).issueRefreshToken() }));
    }
    await done(daemon.start());
    await clock.advance(minute);
    return { daemon, status: (queue = address) => daemon.status().queues.find((one) => one.address === queue) };
  }
  return { clock, sim, late, over, done, started };
}

test("a handler that hangs makes its queue late after a quarter of an hour, once, another queue not; its end is told", async () => {
  const { clock, sim, late, over, started } = scene();
  /** Empty until the handler has it. */
  let finish: (() => void) | undefined;
  const { status } = await started({
    handler: () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      }),
  });
  const id = sim.user(address).mailbox.deliver();
  const deliveredAt = clock.now();
  await clock.advance(14 * minute);
  expect([late, status()?.late]).toEqual([[], false]);
  await clock.advance(3 * 60 * minute);
  const { since } = late[0] as DaemonEvents["queue:late"];
  expect(late).toEqual([
    { queue: address, id, since, undeliveredForMs: 15 * minute, attempts: 1, waiting: 0, inFlight: 1, state: expect.any(String) },
  ]);
  expect(since - deliveredAt).toBeGreaterThanOrEqual(0);
  expect(since - deliveredAt).toBeLessThanOrEqual(minute);
  expect([status()?.late, status(other)?.late, over]).toEqual([true, false, []]);
  finish?.();
  await clock.advance(minute);
  expect(over).toEqual([{ queue: address, lateForMs: expect.any(Number) }]);
  expect(over[0]?.lateForMs).toBeGreaterThan(2 * 60 * minute);
  expect(status()?.late).toBe(false);
});

test("a handler that fails again and again is told late with its attempts; what rests in quarantine is late no more", async () => {
  const { clock, sim, late, over, started } = scene();
  await started({
    defaults: { ...defaults, lateAfterMs: 5 * minute, maxAttempts: 9 },
    handler: () => Promise.reject(new Error("not now")),
  });
  sim.user(address).mailbox.deliver();
  await clock.advance(10 * minute);
  expect(late).toMatchObject([{ queue: address, undeliveredForMs: 5 * minute, waiting: 1, inFlight: 0 }]);
  expect(late[0]?.attempts).toBeGreaterThan(2);
  await clock.advance(120 * minute);
  expect([late.length, over.length]).toEqual([1, 1]);
});

test("the time counts over a restart: what was found long ago is told a minute after the start, unless it is delivered by then", async () => {
  const { clock, sim, late, done, started } = scene();
  const hanging = { handler: ({ signal }: { signal: AbortSignal }) => new Promise<void>((_, no) => signal.addEventListener("abort", no)) };
  const first = await started(hanging);
  sim.user(address).mailbox.deliver();
  await clock.advance(10 * minute);
  await done(first.daemon.stop({ deadlineMs: 0 }));
  expect(late).toEqual([]);
  await clock.advance(20 * minute);
  const second = await started(hanging);
  await clock.advance(minute);
  expect(late.length).toBe(1);
  expect(late[0]?.undeliveredForMs).toBeGreaterThan(30 * minute);
  await done(second.daemon.stop({ deadlineMs: 0 }));
  const third = await started();
  await clock.advance(30 * minute);
  expect([late.length, third.status()?.oldestUndeliveredMs]).toEqual([1, undefined]);
});

test("a paused queue is not late; resumed with a handler that hangs it is", async () => {
  const { clock, sim, late, done, started } = scene();
  const { daemon } = await started({ handler: () => new Promise<void>(() => undefined) });
  sim.user(address).mailbox.deliver();
  await clock.advance(minute);
  await done(daemon.pause(address));
  await clock.advance(60 * minute);
  expect(late).toEqual([]);
  await done(daemon.resume(address));
  await clock.advance(2 * minute);
  expect(late.length).toBe(1);
});

test("with 0 nothing is late, and the age is there all the same", async () => {
  const { clock, sim, late, started } = scene();
  const { status } = await started({ defaults: { ...defaults, lateAfterMs: 0 }, handler: () => new Promise<void>(() => undefined) });
  sim.user(address).mailbox.deliver();
  await clock.advance(120 * minute);
  expect(late).toEqual([]);
  expect(status()?.oldestUndeliveredMs).toBeGreaterThan(100 * minute);
});

test("a message that is replayed is as old as its replay", async () => {
  const { clock, sim, late, done, started } = scene();
  let work: () => Promise<void> = () => Promise.resolve();
  const { daemon, status } = await started({ handler: () => work() });
  const id = sim.user(address).mailbox.deliver();
  await clock.advance(120 * minute);
  expect(status()).not.toHaveProperty("oldestUndeliveredMs");
  work = () => new Promise<void>(() => undefined);
  await done(daemon.replay(address, id));
  await clock.advance(10 * minute);
  expect(late).toEqual([]);
  expect(status()?.oldestUndeliveredMs).toBeLessThan(11 * minute);
  await clock.advance(10 * minute);
  expect(late).toMatchObject([{ id, undeliveredForMs: 15 * minute }]);
});
