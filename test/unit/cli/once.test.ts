/** `run --once`: when it is over, and with which exit code. */
import { expect, it, test } from "vitest";
import { createEmitter } from "../../../src/base/emitter.js";
import { watchOnce } from "../../../src/cli/once.js";
import type { DaemonEvents } from "../../../src/daemon/events.js";
import { type DaemonState, type DaemonStatus, nothingUnderWay, type QueueStatus } from "../../../src/daemon/status.js";
import { createManualClock } from "../../support/manual-clock.js";

const queue = "support@contoso.com";

function scene() {
  const clock = createManualClock();
  const daemon = createEmitter<DaemonEvents>();
  let state: DaemonState = "starting";
  let queues: QueueStatus[] = [];
  let code: number | undefined;
  let storeTrouble: DaemonStatus["storeTrouble"];
  const once = watchOnce({ ...daemon, status: () => ({ state, queues, ...(storeTrouble ? { storeTrouble } : {}) }) }, clock);
  void once.over.then((given) => {
    code = given;
  });
  return {
    clock,
    daemon,
    once,
    code: () => code,
    trouble() {
      storeTrouble = { since: new Date(0), why: "STORE_UNAVAILABLE: it is full" };
    },
    async shows(...changes: Partial<QueueStatus>[]) {
      state = "running";
      queues = changes.map((change, index) => ({
        address: index === 0 ? queue : `queue${index}@contoso.com`,
        state: "idle",
        why: "",
        ...nothingUnderWay,
        lastRoundAt: new Date(0),
        ...change,
      }));
      await clock.advance(200);
      return code;
    },
  };
}

const noRound = { lastRoundAt: undefined } as unknown as Partial<QueueStatus>;

it("waits for a round of every queue, for what is in flight, for what waits, and for marks", async () => {
  const { shows, clock, code } = scene();
  await clock.advance(60_000);
  expect(code()).toBeUndefined();
  expect(await shows({}, noRound)).toBeUndefined();
  expect(await shows({}, { inFlight: 1 })).toBeUndefined();
  expect(await shows({}, { waiting: 1 })).toBeUndefined();
  expect(await shows({}, { marksWaiting: 1 })).toBeUndefined();
  expect(await shows({}, {})).toBe(0);
  expect(clock.pending()).toBe(0);
});

it("waits for no mark for ever: one that cannot be made is left to the next run", async () => {
  const { shows, clock, code } = scene();
  expect(await shows({}, { marksWaiting: 1 })).toBeUndefined();
  await clock.advance(60_000);
  expect(code()).toBe(1);
});

test.each([
  ["waiting-for-sign-in", 3],
  ["unavailable", 4],
  ["throttled", 4],
  ["stopped", 4],
] as const)("is over for a queue that is %s, with %i", async (state, code) => {
  expect(await scene().shows({}, { ...noRound, state, waiting: 5 })).toBe(code);
});

it("gives a queue up whose rounds fail three times, or one of whose folders is not there", async () => {
  const failed = { queue, code: "GRAPH_UNREACHABLE", reason: "x", nextInMs: 5 } as const;
  const { shows, daemon } = scene();
  daemon.emit("queue:failed", { ...failed, failures: 2 });
  expect(await shows(noRound)).toBeUndefined();
  daemon.emit("queue:failed", { ...failed, failures: 3 });
  expect(await shows(noRound)).toBe(4);
  const other = scene();
  other.daemon.emit("queue:failed", { ...failed, failures: 1, folder: "Complaints" });
  expect(await other.shows(noRound)).toBe(4);
});

it("leaves mail that failed in this run to the next, and ends with 1", async () => {
  const { shows, daemon } = scene();
  daemon.emit("message:retrying", { queue, id: "a", attempt: 1, reason: "x", nextAt: 0 });
  expect(await shows({ waiting: 2, delayed: 1 })).toBeUndefined();
  expect(await shows({ waiting: 1, delayed: 1 })).toBe(1);
});

it("ends with 1 too where it came through in the end, or rests in quarantine, so that somebody looks", async () => {
  for (const end of ["message:settled", "message:quarantined"] as const) {
    const { shows, daemon } = scene();
    daemon.emit("message:retrying", { queue, id: "a", attempt: 1, reason: "x", nextAt: 0 });
    daemon.emit(end, { queue, id: "a", attempt: 2, attempts: 2, reason: "x" });
    expect(await shows({ waiting: 1 })).toBeUndefined();
    expect(await shows({})).toBe(1);
  }
});

it("does not wait for mail whose next attempt is hours away: after five seconds without a change it is left, with 1", async () => {
  const { shows, clock, code } = scene();
  await shows({ waiting: 3, delayed: 2 });
  await clock.advance(4_000);
  await shows({ waiting: 2, delayed: 2 });
  await clock.advance(4_600);
  expect(code()).toBeUndefined();
  await clock.advance(400);
  expect(code()).toBe(1);
});

it("waits for mail that is read for minutes, and leaves it, with 1, where nothing has stirred for ten", async () => {
  const { shows, clock, code } = scene();
  await shows({ waiting: 1 });
  await clock.advance(590_000);
  expect(code()).toBeUndefined();
  await shows({ waiting: 2 });
  await clock.advance(599_000);
  expect(code()).toBeUndefined();
  await clock.advance(1_000);
  expect(code()).toBe(1);
});

it("ends with 5 where the store takes nothing for ten minutes", async () => {
  const { shows, clock, code, trouble } = scene();
  trouble();
  await shows(noRound);
  await clock.advance(590_000);
  expect(code()).toBeUndefined();
  await clock.advance(10_000);
  expect(code()).toBe(5);
});

it("goes on with a round that is not at its end, unless all that holds it up waits for later", async () => {
  const { shows, daemon, clock, code } = scene();
  const polled = { queue, requests: 1, batchParts: 0, pages: 1, messages: 0, nextInMs: 5 };
  const busy = { ...noRound, waiting: 100, delayed: 99 };
  expect(await shows(busy)).toBeUndefined();
  daemon.emit("queue:polled", polled);
  expect(await shows(busy)).toBeUndefined();
  expect(await shows({ ...busy, delayed: 100 })).toBeUndefined();
  daemon.emit("queue:polled", polled);
  expect(await shows({ ...busy, delayed: 100 })).toBeUndefined();
  await clock.advance(5_000);
  expect(code()).toBe(1);
});

it("is over for a queue that somebody paused, with 4", async () => {
  expect(await scene().shows({}, { state: "paused", waiting: 5 })).toBe(4);
});

it("waits for as long as it takes while something is in flight", async () => {
  const { shows, clock, code } = scene();
  await shows({ inFlight: 1 });
  await clock.advance(3_600_000);
  expect(code()).toBeUndefined();
  expect(await shows({})).toBe(0);
});

it("leaves no timer and no listener at its end", async () => {
  const { once, clock, daemon } = scene();
  once.end();
  expect([clock.pending(), daemon.listenerCount("message:retrying"), daemon.listenerCount("queue:failed")]).toEqual([0, 0, 0]);
});
