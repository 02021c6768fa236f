/** The gate while hosts read bytes at their own pace: streams hold places, and stop neither calls nor batches. */
import fc from "fast-check";
import { expect, it, test } from "vitest";
import { createGate, type Gate } from "../../../src/graph/gate.js";
import { createGovernor } from "../../../src/graph/governor.js";
import { deferred } from "../../support/deferred.js";
import { wideGovernor } from "../../support/governance.js";
import { createManualClock, settle } from "../../support/manual-clock.js";
import { exclusive, queue, setUp } from "./gate-set-up.js";

/** A stream that ends when the test says so. */
function streaming(gate: Gate, signal?: AbortSignal) {
  const ended = deferred<void>();
  const state = { begun: false };
  const opened = gate.run(
    async () => {
      state.begun = true;
      return "opened";
    },
    { streamed: true, urgency: "urgent", signal },
    () => ended.promise,
  );
  const end = async () => {
    ended.resolve();
    await settle();
  };
  return { opened, end, state };
}

test("a stream keeps its place until it ends, not until its work does", async () => {
  const { gate, start, begun } = setUp(1);
  const one = streaming(gate);
  expect(await one.opened).toBe("opened");
  void start("call");
  await settle();
  expect(begun).toEqual([]);
  await one.end();
  expect(begun).toEqual(["call"]);
});

test("of four places streams get two; a third waits and keeps nobody else waiting", async () => {
  const { gate, start, finish, begun } = setUp();
  const [first, second, third] = [streaming(gate), streaming(gate), streaming(gate)];
  void start("call 1");
  void start("call 2");
  await settle();
  expect([first, second, third].map(({ state }) => state.begun)).toEqual([true, true, false]);
  expect(begun).toEqual(["call 1", "call 2"]);
  await finish("call 1", "call 2");
  expect(third.state.begun).toBe(false);
  await first.end();
  expect(third.state.begun).toBe(true);
});

test("a batch takes what streams leave and is told how many requests may run in it", async () => {
  const { gate } = setUp();
  const told: number[] = [];
  const batch = () => gate.run(async (most) => void told.push(most), exclusive);
  await batch();
  const first = streaming(gate);
  await first.opened;
  await batch();
  const second = streaming(gate);
  await second.opened;
  await batch();
  await first.end();
  await second.end();
  await batch();
  expect(told).toEqual([Number.POSITIVE_INFINITY, 3, 2, Number.POSITIVE_INFINITY]);
});

test("a batch that waits when a stream begins waits for the calls, not for the stream", async () => {
  const { gate, start, finish } = setUp();
  const told: number[] = [];
  void start("call");
  const one = streaming(gate);
  await settle();
  const batch = gate.run(async (most) => void told.push(most), exclusive);
  await settle();
  expect(told).toEqual([]);
  await finish("call");
  await batch;
  expect(told).toEqual([3]);
  await one.end();
});

test("a batch under way beside a stream keeps its places when that ends: another waits for it", async () => {
  const { gate, start, finish, begun } = setUp();
  const one = streaming(gate);
  void start("batch 1", exclusive);
  await settle();
  void start("batch 2", exclusive);
  await one.end();
  expect(begun).toEqual(["batch 1"]);
  await finish("batch 1");
  expect(begun).toEqual(["batch 1", "batch 2"]);
});

test("a stream that fails to open, or is aborted while it waits, gives its places back", async () => {
  const { gate } = setUp(2);
  await expect(gate.run(() => Promise.reject(new Error("refused")), { streamed: true })).rejects.toThrow("refused");
  const held = streaming(gate);
  const controller = new AbortController();
  const waiting = streaming(gate, controller.signal);
  controller.abort("enough");
  await expect(waiting.opened).rejects.toBe("enough");
  await held.end();
  expect(await streaming(gate).opened).toBe("opened");
});

test("with four requests for the whole application, one mailbox's stream and batches go side by side", async () => {
  const clock = createManualClock();
  const governor = createGovernor({ clock, concurrency: 4, requestsPerTenSeconds: 1_000 });
  const gate = createGate({ clock, width: 4, queue, governor });
  const ended = deferred<void>();
  const held = () => ended.promise;
  await gate.run(() => gate.send(async () => "bytes", { urgency: "urgent" }, held), { streamed: true }, held);
  expect(await gate.run((most) => gate.send(async () => most, { cost: 1 + most }), exclusive)).toBe(3);
  ended.resolve();
  await settle();
});

it("never has more under way than its width, whatever comes together", async () => {
  const step = fc.record({ kind: fc.constantFrom("call", "batch", "stream"), ms: fc.nat(40), readMs: fc.nat(200), pauseMs: fc.nat(20) });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 30 }), async (width, steps) => {
      const clock = createManualClock(0);
      const gate = createGate({ clock, width, queue, governor: wideGovernor(clock) });
      let underWay = 0;
      let done = 0;
      const after = (ms: number) => new Promise<void>((resolve) => clock.startTimer(resolve, ms));
      const occupy = (places: number) => {
        underWay += places;
        expect(underWay).toBeLessThanOrEqual(width);
      };
      for (const { kind, ms, readMs, pauseMs } of steps) {
        const work = async (most: number) => {
          const places = kind === "batch" ? Math.min(width, most) : 1;
          occupy(places);
          await after(ms);
          if (kind !== "stream") underWay -= places;
        };
        const read = async () => {
          await after(readMs);
          underWay -= 1;
        };
        const pass = { exclusive: kind === "batch", streamed: kind === "stream" };
        const run = kind === "stream" ? gate.run(work, pass, read) : gate.run(work, pass);
        void run.then(() => {
          done += 1;
        });
        await clock.advance(pauseMs);
      }
      await clock.advance(20_000);
      expect([done, underWay, clock.pending()]).toEqual([steps.length, 0, 0]);
    }),
    { numRuns: 60 },
  );
});
