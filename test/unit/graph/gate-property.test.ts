/** The gate under anything that may come together: singles, batches, pauses, aborts and failures in any order. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { createGate } from "../../../src/graph/gate.js";
import { wideGovernor } from "../../support/governance.js";
import { createManualClock, settle } from "../../support/manual-clock.js";

const step = fc.oneof(
  fc.record({
    kind: fc.constant("run" as const),
    exclusive: fc.boolean(),
    ms: fc.nat(50),
    fails: fc.boolean(),
    abortedAfterMs: fc.option(fc.nat(80)),
  }),
  fc.record({ kind: fc.constant("bar" as const), ms: fc.integer({ min: -10, max: 60 }) }),
  fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(30) }),
);

it("keeps its width, a batch alone and every pause, and settles every call", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 25 }), async (width, steps) => {
      const clock = createManualClock(0);
      const gate = createGate({ clock, width, queue: "q", governor: wideGovernor(clock) });
      let singles = 0;
      let batches = 0;
      const outcomes: Promise<string>[] = [];
      for (const one of steps) {
        if (one.kind === "bar") gate.bar({ until: clock.now() + one.ms, code: "x" });
        else if (one.kind === "wait") await clock.advance(one.ms);
        else {
          const controller = new AbortController();
          if (one.abortedAfterMs !== null) clock.startTimer(() => controller.abort("aborted"), one.abortedAfterMs);
          const work = async () => {
            expect(clock.now()).toBeGreaterThanOrEqual(gate.barredUntil);
            if (one.exclusive) batches += 1;
            else singles += 1;
            expect(batches <= 1 && singles <= width && (batches === 0 || singles === 0)).toBe(true);
            await new Promise<void>((resolve) => clock.startTimer(resolve, one.ms));
            if (one.exclusive) batches -= 1;
            else singles -= 1;
            if (one.fails) throw "failed";
            return "done";
          };
          outcomes.push(gate.run(work, { exclusive: one.exclusive, signal: controller.signal }).catch((error: unknown) => String(error)));
        }
      }
      await settle();
      await clock.advance(10_000);
      const ends = await Promise.all(outcomes);
      expect(ends.every((end) => ["done", "failed", "aborted"].includes(end))).toBe(true);
      expect([singles, batches, clock.pending()]).toEqual([0, 0, 0]);
    }),
    { numRuns: 60 },
  );
});
