/** 10,000 requests in ten minutes for each mailbox: never more, and the wait for the next is no longer than it must be. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { spentCode, uploadedCode } from "../../../src/graph/bar.js";
import { createBudget } from "../../../src/graph/budget.js";
import { createGate } from "../../../src/graph/gate.js";
import { wideGovernor } from "../../support/governance.js";
import { createManualClock } from "../../support/manual-clock.js";

const tenMinutes = 600_000;
const slice = 30_000;

it("no ten minutes hold more than the limit, whatever is sent when and whoever counts it, and no wait is longer than a slice too much", async () => {
  const step = fc.record({
    waitMs: fc.integer({ min: 0, max: 200_000 }),
    count: fc.integer({ min: 1, max: 21 }),
    // By another process, whose ticks have another beginning.
    goesOn: fc.option(fc.integer({ min: 0, max: 1_000_000 })),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const clock = createManualClock();
      const limit = 50;
      let budget = createBudget(clock, { limit, spanMs: tenMinutes });
      const sent: { readonly at: number; readonly count: number }[] = [];
      const within = (from: number) => sent.filter(({ at }) => at >= from).reduce((sum, { count }) => sum + count, 0);
      for (const { waitMs, count, goesOn } of steps) {
        clock.freeze(waitMs);
        if (goesOn !== null) {
          const { slices } = budget;
          expect(slices.length).toBeLessThanOrEqual(21);
          budget = createBudget({ ...clock, ticks: () => clock.ticks() + goesOn }, { limit, spanMs: tenMinutes });
          budget.restore(slices);
        }
        const untilReadyMs = budget.waitMs(count);
        if (untilReadyMs > 0) {
          const before = clock.now() + untilReadyMs - slice - 1;
          if (before > clock.now()) expect(within(before - tenMinutes) + count).toBeGreaterThan(limit);
          clock.freeze(untilReadyMs);
          expect(budget.waitMs(count)).toBe(0);
        }
        budget.spend(count);
        sent.push({ at: clock.now(), count });
        expect(within(clock.now() - tenMinutes)).toBeLessThanOrEqual(limit);
      }
    }),
  );
});

it("what another counted whose clock is ahead or behind counts no longer than what is sent now", () => {
  const clock = createManualClock();
  const budget = createBudget(clock, { limit: 10, spanMs: tenMinutes });
  budget.restore([
    [clock.now() - 1, 10],
    [clock.now() + 3_600_000, 10],
  ]);
  expect(budget.waitMs(1)).toBe(tenMinutes + slice);
  clock.freeze(tenMinutes + slice);
  expect([budget.waitMs(10), budget.slices]).toEqual([0, []]);
});

it("bytes that were uploaded to a mailbox count for the next gate, and so do its refusals", async () => {
  const clock = createManualClock();
  const options = { clock, queue: "support@contoso.com", width: 4, governor: wideGovernor(clock) };
  const first = createGate(options);
  const upload = (gate: typeof first) => gate.run(() => gate.send(async () => "sent", { bytes: 100_000_000 }));
  await upload(first);
  first.unnamedCount = 3;
  const second = createGate({ ...options, memory: first.memory });
  expect(second.unnamedCount).toBe(3);
  await expect(upload(second)).rejects.toMatchObject({ code: "GRAPH_THROTTLED", serviceCode: uploadedCode });
  clock.freeze(315_000);
  expect(await upload(second)).toBe("sent");
});

it("a mailbox that has had its requests waits as in a pause of Graph's, which is told once with a code of its own", async () => {
  const clock = createManualClock();
  const bars: unknown[] = [];
  const gate = createGate({
    clock,
    queue: "support@contoso.com",
    width: 4,
    governor: wideGovernor(clock),
    requestsPerTenMinutes: 100,
    onBar: (bar) => void bars.push(bar),
  });
  const begunAt = clock.now();
  const sent: number[] = [];
  const send = (cost: number) => gate.run(() => gate.send(async () => void sent.push(cost), { cost }));
  for (let time = 0; time < 4; time += 1) await send(21);
  await send(16);
  expect(sent).toEqual([21, 21, 21, 21, 16]);

  await expect(send(1)).rejects.toMatchObject({
    code: "GRAPH_THROTTLED",
    serviceCode: spentCode,
    notBeforeAt: begunAt + tenMinutes + slice,
  });
  await expect(send(21)).rejects.toThrow("has had all the requests");
  expect(bars).toEqual([{ until: begunAt + tenMinutes + slice, code: spentCode }]);
  clock.freeze(tenMinutes + slice);
  await send(21);
  expect(sent).toHaveLength(6);
});
