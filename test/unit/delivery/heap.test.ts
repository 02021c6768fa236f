import fc from "fast-check";
import { expect, test } from "vitest";
import { createHeap } from "../../../src/delivery/heap.js";

test("whatever is pushed and taken, the smallest come first and nothing is lost", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer({ min: 0, max: 50 }), fc.record({ take: fc.integer({ min: 0, max: 5 }) }))), (steps) => {
      const heap = createHeap<number>((a, b) => a - b);
      let model: number[] = [];
      for (const step of steps) {
        if (typeof step === "number") {
          heap.push(step);
          model.push(step);
        } else {
          model.sort((a, b) => a - b);
          expect(heap.take(step.take)).toEqual(model.slice(0, step.take));
          model = model.slice(step.take);
        }
        expect(heap.size).toBe(model.length);
      }
    }),
    { numRuns: 200, seed: 20260301 },
  );
});
