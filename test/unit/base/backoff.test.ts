import fc from "fast-check";
import { expect, it } from "vitest";
import { backoffMs } from "../../../src/base/backoff.js";
import { createManualClock } from "../../support/manual-clock.js";

const step = { baseMs: 500, capMs: 8_000 };

it("doubles with each failure up to the cap, at the luckiest chance half of it", () => {
  const clock = createManualClock();
  clock.chance = 0;
  expect([1, 2, 3, 4, 5, 6, 1_000].map((failures) => backoffMs(clock, failures, step))).toEqual([
    250, 500, 1_000, 2_000, 4_000, 4_000, 4_000,
  ]);
});

it("spreads over the upper half of the step", () => {
  const clock = createManualClock();
  const at = (chance: number) => {
    clock.chance = chance;
    return backoffMs(clock, 3, step);
  };
  expect([at(0), at(0.25), at(0.5), at(0.999999)]).toEqual([1_000, 1_250, 1_500, 2_000]);
});

it("is never shorter than half the step and never longer than the cap", () => {
  const clock = createManualClock();
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(
      fc.nat(5_000),
      fc.integer({ min: 1, max: 100_000 }),
      fc.integer({ min: 1, max: 1_000_000 }),
      chance,
      (failures, baseMs, capMs, random) => {
        clock.chance = random;
        const ms = backoffMs(clock, failures + 1, { baseMs, capMs });
        const expected = Math.min(capMs, baseMs * 2 ** Math.min(failures, 30));
        expect(ms).toBeGreaterThanOrEqual(expected / 2);
        expect(ms).toBeLessThanOrEqual(capMs);
        expect(Number.isInteger(ms)).toBe(true);
      },
    ),
  );
});
