/** Queues whose turns go around among daemons: each message once, whoever has the turn, and everything can be asked anywhere. */
import { expect, test } from "vitest";
import { createDaemon } from "../../src/daemon/daemon.js";
import { createSharedClaims } from "../../src/schedule/shared-claims.js";
import { deferred } from "../support/deferred.js";
import { address, hostOptions } from "../support/host.js";
import { several } from "../support/sharing-daemons.js";

test("every message is delivered once and marked, and each daemon has turns", async () => {
  const { sim, handed, members, clock, until } = await several(3, {
    defaults: { pollIntervalMs: 1_000, minPollIntervalMs: 1_000, startFrom: "everything" },
  });
  for (let count = 1; count <= 6; count += 1) {
    sim.mailbox(address).deliver();
    await until(() => handed.length === count);
    await clock.advance(1_500);
  }
  expect(new Set(handed.map(({ id }) => id)).size).toBe(6);
  expect(members.every(({ turns }) => turns > 0)).toBe(true);
  expect(new Set(handed.map(({ daemon }) => daemon)).size).toBeGreaterThan(1);
  await until(() =>
    sim
      .mailbox(address)
      .messages()
      .every(({ isRead }) => isRead),
  );
  expect(handed).toHaveLength(6);
});

test("a turn takes no new deliveries after turnMaxMs, and ends when the last is settled", async () => {
  const works = [deferred(), deferred()];
  const { sim, handed, members, clock, until } = await several(2, {
    turnMaxMs: 1_000,
    defaults: { pollIntervalMs: 50, minPollIntervalMs: 10, startFrom: "everything", maxInFlight: 1 },
    handler: () => works[handed.length - 1]?.promise,
  });
  sim.mailbox(address).deliverMany([{}, {}]);
  await until(() => handed.length === 1);
  const turns = () => members.reduce((sum, one) => sum + one.turns, 0);
  const before = turns();
  await clock.advance(5_000);
  expect([handed.length, turns()]).toEqual([1, before]);
  works[0]?.resolve();
  await until(() => handed.length === 2);
  expect(turns()).toBe(before + 1);
  works[1]?.resolve();
});

test("a frozen daemon that wakes up writes, settles and marks nothing; its handler's signal is aborted", async () => {
  const work = deferred();
  const signals: AbortSignal[] = [];
  const ends: unknown[] = [];
  const lost: unknown[] = [];
  const { sim, handed, members, daemons, clock, until, store } = await several(2, {
    handler: async (delivery) => {
      signals.push(delivery.signal);
      if (signals.length > 1) return;
      await work.promise;
      await delivery.ack().then(
        (end) => ends.push(end),
        (error) => ends.push(error.code),
      );
    },
  });
  for (const daemon of daemons) daemon.on("queue:turn-lost", ({ code }) => lost.push(code));
  sim.mailbox(address).deliver();
  await until(() => handed.length === 1);
  const { daemon: frozen } = handed[0] as { daemon: number };
  members[frozen]?.freeze();
  await until(() => handed.length === 2);
  expect(handed[1]?.daemon).toBe(1 - frozen);
  await until(() =>
    sim
      .mailbox(address)
      .messages()
      .every(({ isRead }) => isRead),
  );
  const marks = sim.log.count({ route: "batch" });
  members[frozen]?.thaw();
  await clock.advance(100);
  expect(signals[0]?.aborted).toBe(true);
  work.resolve();
  await clock.advance(5_000);
  expect(ends).toEqual(["LIFECYCLE_LOST_QUEUE"]);
  expect(lost).toEqual(["LIFECYCLE_LOST_QUEUE"]);
  expect(handed).toHaveLength(2);
  expect(sim.log.count({ route: "batch" })).toBe(marks);
  expect(await store.list({ prefix: [address, "open"], limit: 10 })).toEqual([]);
});

test("a daemon that has not heard yet that its turn is another's settles nothing", async () => {
  const works = [deferred(), deferred()];
  const ends: unknown[] = [];
  const { sim, handed, members, clock, until, store } = await several(2, {
    // A mark would ask whose the turn is.
    defaults: { afterAck: { markRead: false } },
    handler: async (delivery) => {
      await works[handed.length - 1]?.promise;
      await delivery.ack().then(
        (end) => ends.push(end),
        (error) => ends.push(error.code),
      );
    },
  });
  sim.mailbox(address).deliver();
  await until(() => handed.length === 1);
  members[handed[0]?.daemon as number]?.freeze();
  await until(() => handed.length === 2);
  works[0]?.resolve();
  await until(() => ends.length === 1);
  expect(ends).toEqual(["LIFECYCLE_LOST_QUEUE"]);
  expect(await store.list({ prefix: [address, "open"], limit: 10 })).toHaveLength(1);
  works[1]?.resolve();
  await until(() => ends.length === 2);
  await clock.advance(5_000);
  expect([handed.length, ends[1]]).toEqual([2, "settled"]);
  expect(await store.list({ prefix: [address, "open"], limit: 10 })).toEqual([]);
});

test("what is asked of a queue is done wherever its turn is", async () => {
  const { sim, daemons, handed, done, until, clock } = await several(3, {
    defaults: { pollIntervalMs: 60_000, minPollIntervalMs: 50_000, startFrom: "everything", maxAttempts: 1 },
    handler: () => {
      if (handed.length === 1) throw new Error("the ticket system is down");
    },
  });
  sim.mailbox(address).deliver();
  for (const daemon of daemons) await done(daemon.pollNow(address));
  await until(() => handed.length === 1);
  await clock.advance(1_000);
  for (const daemon of daemons) {
    const [resting] = await daemon.quarantined(address);
    expect(resting).toMatchObject({ id: handed[0]?.id, reason: "Error: the ticket system is down" });
    expect(await daemon.explain(address, resting?.id ?? "")).toMatchObject({ id: handed[0]?.id });
    expect(await done(daemon.sweep(address))).toMatchObject({ listed: 1, known: 1, found: 0 });
  }
  await done(daemons[1]?.replay(address, handed[0]?.id ?? "") as Promise<void>);
  await until(() => handed.length === 2);
  await expect(done(daemons[2]?.replay(address, "nothing") as Promise<void>)).rejects.toMatchObject({ code: "DELIVERY_UNKNOWN_MESSAGE" });
});

test("a pause holds in all of them until the resuming, and the status of all tells it", async () => {
  const { sim, daemons, handed, done, until, clock } = await several(2);
  await clock.advance(1_000);
  await done(daemons[0]?.pause(address) as Promise<void>);
  await clock.advance(1_000);
  sim.mailbox(address).deliver();
  await clock.advance(60_000);
  expect(handed).toEqual([]);
  const all = await done(daemons[1]?.statusOfAll() as ReturnType<(typeof daemons)[0]["statusOfAll"]>);
  expect(all.queues).toMatchObject([{ address, state: "paused" }]);
  expect(all.workers).toHaveLength(2);
  await expect(done(daemons[1]?.pollNow(address) as Promise<void>)).rejects.toMatchObject({ code: "LIFECYCLE_PAUSED" });
  await done(daemons[1]?.resume(address) as Promise<void>);
  await until(() => handed.length === 1);
});

test("a pause of the whole application that one is asked for holds in the others within a second", async () => {
  const { store, daemons, sim, clock } = await several(2);
  await clock.advance(1_000);
  const until = clock.now() + 60_000;
  await store.commit({ puts: [{ key: ["daemon", "pause"], value: { until, code: "ManyMailboxesThrottled" } }] });
  await clock.advance(1_000);
  const before = sim.log.count();
  sim.mailbox(address).deliver();
  await clock.advance(50_000);
  expect(sim.log.count()).toBe(before);
  expect(daemons).toHaveLength(2);
});

test("a daemon that wants the store for itself is kept out, and those that share it are while it has it", async () => {
  const { store, sim, clock, done } = await several(1);
  const alone = createDaemon(hostOptions(sim, { store }), clock);
  await expect(done(alone.start())).rejects.toMatchObject({ code: "LIFECYCLE_STORE_IN_USE" });
});

test("a queue that is removed leaves its mailbox to another address within minutes; one that only stops here does not", async () => {
  const { daemons, store, clock, done } = await several(2, { defaults: { pollIntervalMs: 20_000, minPollIntervalMs: 20_000 } });
  await clock.advance(50_000);
  const owner = String((await store.get([address, "owner"]))?.value);
  const another = createSharedClaims({ store, clock });
  await done(daemons[0]?.stop() as Promise<void>);
  await clock.advance(310_000);
  await expect(another.claim(owner, "help@contoso.com")).rejects.toMatchObject({ code: "SYNC_MAILBOX_TAKEN" });
  await done(daemons[1]?.removeQueue(address) as Promise<void>);
  await clock.advance(310_000);
  await another.claim(owner, "help@contoso.com");
});
