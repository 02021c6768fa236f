/** Turns that go around among daemons, and what could hold them, hasten them or lose what they know. */
import { expect, onTestFinished, test } from "vitest";
import { MailError } from "../../src/base/errors.js";
import type { Delivery } from "../../src/index.js";
import type { Key, Store } from "../../src/state/store.js";
import { deferred } from "../support/deferred.js";
import { address } from "../support/host.js";
import { several } from "../support/sharing-daemons.js";

const quiet = { pollIntervalMs: 2_000, minPollIntervalMs: 1_000, startFrom: "everything" } as const;

/** From now on the store is away when that is said. */
function troubleOf(store: Store): { isAway: boolean } {
  const trouble = { isAway: false };
  const { commit, get, getMany, list } = store;
  const away = () => Promise.reject(new MailError("STORE_UNAVAILABLE", "The store is away."));
  Object.assign(store, {
    commit: (...given: Parameters<typeof commit>) => (trouble.isAway ? away() : commit(...given)),
    get: (...given: Parameters<typeof get>) => (trouble.isAway ? away() : get(...given)),
    getMany: (...given: Parameters<typeof getMany>) => (trouble.isAway ? away() : getMany(...given)),
    list: (...given: Parameters<typeof list>) => (trouble.isAway ? away() : list(...given)),
  });
  return trouble;
}

test("a sweep beside a backlog beyond highWaterMessages ends, and everything is delivered", async () => {
  const { sim, clock, handed, first, within } = await several(1, {
    turnMaxMs: 1_000,
    defaults: { ...quiet, pollIntervalMs: 500, minPollIntervalMs: 500, maxInFlight: 1, highWaterMessages: 100, pageSize: 50 },
    handler: () => new Promise<void>((resolve) => void clock.startTimer(resolve, 50)),
  });
  sim.mailbox(address).deliverMany(Array.from({ length: 300 }, () => ({})));
  await within(10_000, () => handed.length > 0);
  const swept = first.sweep(address);
  expect(await within(300_000, () => handed.length === 300)).toBe(true);
  let ended = false;
  void swept.finally(() => (ended = true));
  expect(await within(60_000, () => ended)).toBe(true);
  await swept;
});

test("an attempt that is due is made, though its content comes more slowly than the round", async () => {
  const { sim, handed, within } = await several(1, {
    defaults: { ...quiet, pollIntervalMs: 30_000, minPollIntervalMs: 30_000 },
    handler: () => {
      if (handed.length === 1) throw new Error("the ticket system is down");
    },
  });
  sim.mailbox(address).deliver();
  expect(await within(40_000, () => handed.length === 1)).toBe(true);
  sim.faults.add({ name: "slow", route: ["batch", "message"], delayMs: 1_500 });
  expect(await within(60_000, () => handed.length === 2)).toBe(true);
});

test("a pause that Graph asks for while the store is away holds when it is back", async () => {
  const { sim, clock, store, first, members, within } = await several(1, { defaults: quiet });
  const trouble = troubleOf(store);
  await clock.advance(5_000);
  first.on("queue:throttled", () => {
    trouble.isAway = true;
  });
  sim.faults.add({ name: "busy", route: "delta", status: 429, retryAfter: 600, count: 1 });
  expect(await within(10_000, () => trouble.isAway)).toBe(true);
  members[0]?.freeze();
  members[0]?.thaw();
  await clock.advance(40_000);
  trouble.isAway = false;
  const before = sim.log.count({ route: "delta" });
  void first.pollNow(address).catch(() => undefined); // In vain, as told.
  await clock.advance(60_000);
  expect(sim.log.count({ route: "delta" })).toBe(before);
});

test.each(["delta", "batch"] as const)(
  "a pause that Graph asks for during a stop holds for whoever has the next turn (%s)",
  async (route) => {
    let answer: ReturnType<typeof deferred<void>> | undefined;
    const { sim, clock, daemons, handed, members, done, within } = await several(
      2,
      { defaults: quiet },
      { held: (url) => (url.includes(route) ? answer?.promise : undefined) },
    );
    await clock.advance(3_000);
    answer = deferred<void>();
    sim.faults.add({ name: "busy", route, status: 429, retryAfter: 600, count: 1 });
    if (route === "batch") sim.mailbox(address).deliver();
    const polling = () => daemons.findIndex((daemon) => daemon.status().queues[0]?.state === "polling");
    expect(await within(20_000, () => (route === "delta" ? polling() >= 0 : handed.length > 0))).toBe(true);
    const at = route === "delta" ? polling() : (handed[0]?.daemon ?? 0);
    await clock.advance(200);
    const before = members[1 - at]?.turns ?? 0;
    const stopping = (daemons[at] as (typeof daemons)[number]).stop({ deadlineMs: 10_000 });
    await clock.advance(200);
    answer.resolve();
    answer = undefined;
    await done(stopping);
    await clock.advance(60_000);
    expect(members[1 - at]?.turns).toBeGreaterThan(before);
    expect(sim.log.knockedWhileBarred()).toEqual([]);
  },
);

test("what was asked for and cannot be read is answered and gone, and turns the queue no faster", async () => {
  const { store, clock, members, sim, handed } = await several(1, { defaults: quiet });
  await clock.advance(1_000);
  const key: Key = [address, "turn", "errand", "of-another-version"];
  await store.commit({ puts: [{ key, value: { at: clock.now(), errand: { what: "dance" } } }] });
  sim.mailbox(address).deliver();
  const before = members[0]?.turns ?? 0;
  await clock.advance(20_000);
  expect((members[0]?.turns ?? 0) - before).toBeLessThan(30);
  expect(handed).toHaveLength(1);
  expect(await store.get(key)).toBeUndefined();
});

test("what a queue knew in its last turn and cannot be read is told once, and the queue goes on without", async () => {
  const { store, clock, first, done, sim, handed, within } = await several(1, { defaults: quiet });
  await clock.advance(10_000);
  const told: string[] = [];
  first.on("queue:failed", ({ code }) => void told.push(code));
  await store.commit({ puts: [{ key: [address, "turn", "memory"], value: { of: "another version" } }] });
  expect((await done(first.statusOfAll())).queues).toMatchObject([{ address, why: expect.stringContaining("STORE_RECORD_INVALID") }]);
  sim.mailbox(address).deliver();
  expect(await within(20_000, () => handed.length === 1)).toBe(true);
  await clock.advance(10_000);
  expect(told).toEqual(["STORE_RECORD_INVALID"]);
});

test("a resuming is heard by the turn that another daemon paused", async () => {
  const work = deferred();
  const { daemons, clock, done, handed, sim, within } = await several(2, {
    turnMaxMs: 3_600_000,
    handler: () => (handed.length === 1 ? work.promise : undefined),
  });
  sim.mailbox(address).deliver();
  expect(await within(10_000, () => handed.length === 1)).toBe(true);
  const other = daemons[1 - (handed[0]?.daemon ?? 0)] as (typeof daemons)[number];
  await done(other.pause(address));
  await clock.advance(3_000);
  await done(other.resume(address));
  sim.mailbox(address).deliver();
  expect(await within(1_800_000, () => handed.length === 2)).toBe(true);
  work.resolve();
});

test("after a long pause nothing is stale that was polled before it", async () => {
  const { first, clock, done } = await several(1, { defaults: { ...quiet, pollIntervalMs: 10_000 } });
  const told: number[] = [];
  first.on("queue:stale", ({ staleForMs }) => void told.push(staleForMs));
  await clock.advance(15_000);
  await done(first.pause(address));
  await clock.advance(3_600_000);
  await done(first.resume(address));
  await clock.advance(15_000);
  expect(told).toEqual([]);
});

test("marks that wait for another try are not sent by a daemon that has lost the turn", async () => {
  const { sim, handed, members, clock, within } = await several(2, { defaults: quiet });
  sim.faults.add({ name: "busy", route: "batch", status: 503, retryAfter: 5, count: 1 });
  sim.mailbox(address).deliver();
  const batches = () => sim.log.count({ route: "batch" });
  expect(await within(30_000, () => handed.length === 1 && batches() === 1)).toBe(true);
  // Neither has turns: what is sent now is sent by the one that lost its own.
  for (const member of members) member.freeze();
  await clock.advance(60_000);
  expect(batches()).toBe(1);
});

/** A message is in flight, the store is away, and its turn is lost; `decides` is what the handler does once `go` resolves. */
async function lostWhileAway(decides: (delivery: Delivery) => Promise<unknown>, { count = 2 } = {}) {
  const go = deferred();
  const ends: unknown[] = [];
  const signals: AbortSignal[] = [];
  const shared = await several(count, {
    defaults: quiet,
    handler: async (delivery) => {
      signals.push(delivery.signal);
      if (signals.length > 1) return;
      await go.promise;
      const end = decides(delivery);
      await end.then(
        (result) => ends.push(result),
        (error) => ends.push(error.code),
      );
      await end;
    },
  });
  const { sim, store, handed, members, clock, within } = shared;
  const trouble = troubleOf(store);
  const marked: string[] = [];
  const retried: string[] = [];
  for (const daemon of shared.daemons) {
    daemon.on("message:marked", ({ id }) => void marked.push(id));
    daemon.on("message:retrying", ({ id }) => void retried.push(id));
  }
  sim.mailbox(address).deliver();
  expect(await within(10_000, () => handed.length === 1)).toBe(true);
  const holder = handed[0]?.daemon ?? 0;
  const lose = async () => {
    members[holder]?.freeze();
    members[holder]?.thaw();
    await clock.advance(100);
    expect(signals[0]?.aborted).toBe(true);
  };
  trouble.isAway = true;
  return { ...shared, trouble, go, ends, marked, retried, lose };
}

test("what was decided before the turn was lost, with the store away, is settled when it is back, and marked once by the next", async () => {
  const { go, lose, trouble, clock, ends, handed, marked, sim } = await lostWhileAway((delivery) => delivery.ack());
  await clock.advance(500);
  go.resolve();
  await clock.advance(20_000);
  await lose();
  await clock.advance(9_000);
  expect(ends).toEqual([]);
  trouble.isAway = false;
  await clock.advance(1_000);
  expect([ends, marked, sim.log.count({ route: "batch" })]).toEqual([["settled"], [], 0]);
  await clock.advance(60_000);
  expect([handed.length, marked.length, sim.log.count({ route: "batch" })]).toEqual([1, 1, 1]);
});

test("what is decided after the turn was lost, with the store away, is settled too, though its signal was aborted", async () => {
  const { go, lose, trouble, clock, ends, handed, marked } = await lostWhileAway((delivery) => delivery.ack());
  await lose();
  go.resolve();
  await clock.advance(9_000);
  trouble.isAway = false;
  await clock.advance(60_000);
  expect([ends, handed.length, marked.length]).toEqual([["settled"], 1, 1]);
});

test("what was decided in a lost turn is settled before the same daemon takes the queue again", async () => {
  const { go, lose, trouble, clock, store, ends, handed } = await lostWhileAway((delivery) => delivery.ack(), { count: 1 });
  const { commit } = store;
  go.resolve();
  await clock.advance(500);
  await lose();
  await clock.advance(9_000);
  // The settlement alone is slow: the next turn begins to be taken before it is written.
  const slow = deferred();
  onTestFinished(() => slow.resolve());
  Object.assign(store, {
    commit: async (...given: Parameters<typeof commit>) => {
      if (given[0].deletes?.some(([, what]) => what === "open") || JSON.stringify(given[0].puts ?? []).includes("marking"))
        await slow.promise;
      return commit(...given);
    },
  });
  trouble.isAway = false;
  await clock.advance(8_000);
  expect([ends, handed.length]).toEqual([[], 1]);
  slow.resolve();
  await clock.advance(60_000);
  expect([ends, handed.length]).toEqual([["settled"], 1]);
});

test("a handler that throws for the signal of its lost turn has decided nothing: the message comes again", async () => {
  const { go, lose, trouble, clock, handed, marked, retried } = await lostWhileAway(async ({ signal }) => signal.throwIfAborted());
  await lose();
  go.resolve();
  await clock.advance(9_000);
  trouble.isAway = false;
  await clock.advance(60_000);
  expect([handed.length, marked.length, retried]).toEqual([2, 1, []]);
});

test("a handler that returns for the signal of its lost turn has decided nothing either", async () => {
  const { go, lose, trouble, clock, handed, marked } = await lostWhileAway(async () => undefined);
  await lose();
  go.resolve();
  await clock.advance(9_000);
  trouble.isAway = false;
  await clock.advance(60_000);
  expect([handed.length, marked.length]).toEqual([2, 1]);
});

test("what is decided when another has the queue is refused", async () => {
  const { go, lose, trouble, clock, ends, handed } = await lostWhileAway((delivery) => delivery.ack());
  await lose();
  await clock.advance(9_000);
  trouble.isAway = false;
  await clock.advance(60_000);
  expect(handed).toHaveLength(2);
  go.resolve();
  await clock.advance(5_000);
  expect([ends, handed.length]).toEqual([["LIFECYCLE_LOST_QUEUE"], 2]);
});

test("a removal waits for what was decided in a lost turn until its deadline, and no longer", async () => {
  const { go, lose, daemons, handed, clock, done, ends } = await lostWhileAway((delivery) => delivery.ack());
  go.resolve();
  await lose();
  const before = clock.now();
  await done(daemons[handed[0]?.daemon ?? 0]?.removeQueue(address, { deadlineMs: 2_000 }) ?? Promise.reject());
  expect(clock.now() - before).toBeLessThan(5_000);
  expect(ends).toEqual(["LIFECYCLE_LOST_QUEUE"]);
});

test("a queue that nobody signs in has few turns, whatever waits in it", async () => {
  const { sim, clock, members, first, done, handed, within } = await several(1, {
    defaults: { ...quiet, maxAttempts: 9 },
    handler: () => {
      throw new Error("the ticket system is down");
    },
  });
  sim.mailbox(address).deliver();
  expect(await within(10_000, () => handed.length === 1)).toBe(true);
  await done(first.signOut(address));
  await clock.advance(30_000);
  const before = members[0]?.turns ?? 0;
  await clock.advance(120_000);
  expect((members[0]?.turns ?? 0) - before).toBeLessThan(10);
});

test("a queue that one process signs out is read by none, until it is signed in again", async () => {
  const { sim, clock, daemons, members, done, handed, within } = await several(2, { defaults: quiet });
  await clock.advance(20_000);
  expect(members.every(({ turns }) => turns > 0)).toBe(true); // Both have the token.
  const [one, other] = daemons as [(typeof daemons)[number], (typeof daemons)[number]];
  await done(one.signOut(address));
  await clock.advance(10_000);
  sim.mailbox(address).deliver();
  const before = sim.log.count({ route: "delta" });
  await clock.advance(300_000);
  expect([handed, sim.log.count({ route: "delta" })]).toEqual([[], before]);
  await done(other.signIn(address, { method: "refreshToken", refreshToken: sim.user(address).issueRefreshToken() }));
  expect(await within(60_000, () => handed.length === 1)).toBe(true);
});

test("turns come as seldom as the longest wait between rounds says, and as often as a sign-in is looked for", async () => {
  const { members, clock, first, done, sim } = await several(1, {
    defaults: { pollIntervalMs: 300_000, minPollIntervalMs: 300_000, startFrom: "everything" },
  });
  await clock.advance(600_000);
  const before = members[0]?.turns ?? 0;
  await clock.advance(1_500_000);
  expect((members[0]?.turns ?? 0) - before).toBeLessThanOrEqual(6);
  await done(first.signOut(address));
  await clock.advance(600_000);
  const waiting = members[0]?.turns ?? 0;
  await done(first.signIn(address, { method: "refreshToken", refreshToken: sim.user(address).issueRefreshToken() }));
  await clock.advance(40_000);
  expect((members[0]?.turns ?? 0) - waiting).toBeGreaterThan(0);
});
