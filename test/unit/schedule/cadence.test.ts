/** When a queue is looked at next. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { createCadence } from "../../../src/schedule/cadence.js";
import { createManualClock } from "../../support/manual-clock.js";

function cadenceWith({ pollIntervalMs = 30_000, minPollIntervalMs = 2_000, chance = 0.5 } = {}) {
  const clock = createManualClock();
  clock.chance = chance;
  return createCadence({ clock, pollIntervalMs, minPollIntervalMs });
}

test("while mail arrives the next look is soon, and then it grows by half each time up to the longest wait", () => {
  const cadence = cadenceWith({ chance: 0 });
  expect([cadence.afterRound(1), cadence.afterRound(400)]).toEqual([2_000, 2_000]);
  const quiet = Array.from({ length: 10 }, () => cadence.afterRound(0));
  expect(quiet).toEqual([2_700, 4_050, 6_075, 9_113, 13_669, 20_503, 27_000, 27_000, 27_000, 27_000]);
  expect(cadence.afterRound(1)).toBe(2_000);
});

test("a queue that never had mail is looked at in the longest wait", () => {
  expect(cadenceWith({ chance: 0.999 }).afterRound(0)).toBe(29_997);
});

test("whatever happens, no wait after a round is shorter than the shortest or longer than the longest, and chance has its share", () => {
  const bounds = fc.record({
    pollIntervalMs: fc.integer({ min: 1, max: 86_400_000 }),
    minPollIntervalMs: fc.integer({ min: 1, max: 86_400_000 }),
  });
  fc.assert(
    fc.property(bounds, fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 20 }), (given, rounds) => {
      const [low, high] = [cadenceWith({ ...given, chance: 0 }), cadenceWith({ ...given, chance: 0.999_999 })];
      const shortest = Math.min(given.minPollIntervalMs, given.pollIntervalMs);
      for (const messages of rounds) {
        const [least, most] = [low.afterRound(messages), high.afterRound(messages)];
        expect(least).toBeGreaterThanOrEqual(shortest);
        expect(most).toBeLessThanOrEqual(given.pollIntervalMs);
        if (given.pollIntervalMs > 2 * shortest && shortest > 100) expect(most / least).toBeGreaterThan(1.05);
      }
    }),
    { seed: 20260301, numRuns: 300 },
  );
});

test("after failures the wait grows from about two seconds to five minutes, and a good round ends that", () => {
  const cadence = cadenceWith();
  expect(cadence.failures).toBe(0);
  expect(Array.from({ length: 10 }, () => cadence.afterFailure())).toEqual([
    2_000, 3_000, 6_000, 12_000, 24_000, 48_000, 96_000, 192_000, 225_000, 225_000,
  ]);
  expect(cadence.failures).toBe(10);
  cadence.afterRound(0);
  expect(cadence.failures).toBe(0);
  expect(cadence.afterFailure()).toBe(2_000);
});

test("a failure is not tried again sooner than a round that went well", () => {
  expect(cadenceWith({ minPollIntervalMs: 20_000, chance: 0 }).afterFailure()).toBe(20_000);
});
