/** The sorted set of the memory store, against an array that is sorted anew each time. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { createSortedKeys } from "../../../src/state/sorted-keys.js";

const key = fc.nat({ max: 4_000 }).map((number) => String(number).padStart(4, "0"));
const step = fc.record({ adds: fc.array(key, { maxLength: 900, size: "max" }), deletes: fc.array(key, { maxLength: 300, size: "max" }) });

it("agrees with a sorted array through splits, deletes and bounds", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 4 }), key, key, fc.integer({ min: 1, max: 2_000 }), (steps, low, high, limit) => {
      const sorted = createSortedKeys();
      const model = new Set<string>();
      for (const { adds, deletes } of steps) {
        for (const added of adds) {
          sorted.add(added);
          model.add(added);
        }
        for (const deleted of deletes) {
          sorted.delete(deleted);
          model.delete(deleted);
        }
      }
      const inside = [...model].filter((one) => one > low && one < high).sort();
      expect(sorted.between(low, high, limit, false)).toEqual(inside.slice(0, limit));
      expect(sorted.between(low, high, limit, true)).toEqual(inside.reverse().slice(0, limit));
      expect(sorted.between("", "~", 5_000, false)).toEqual([...model].sort());
    }),
    { numRuns: 60 },
  );
});
