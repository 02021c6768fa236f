/** The property of `settled-set.test.ts` has been seen to fail: on each of these daemons, within a few scripts. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Store } from "../../src/state/store.js";
import { countsNoAttempts, cursorFirst, dropsEntry, forgetsSettled, ignoresEpoch } from "./planted-faults.js";
import { runScript } from "./run.js";
import { script } from "./script.js";

interface Planted {
  readonly what: string;
  readonly plant: (store: Store) => Store;
  readonly says: RegExp;
}

const planted: readonly Planted[] = [
  { what: "drops an entry of a page", plant: dropsEntry, says: /is lost/ },
  { what: "writes the cursor before the entries of its page", plant: cursorFirst, says: /is lost/ },
  { what: "forgets what is settled", plant: forgetsSettled, says: /was handed over although it is settled/ },
  { what: "writes to a queue it has lost", plant: ignoresEpoch, says: /by a process that (has|had) lost|is not attempt|was handed over/ },
  { what: "counts no failed attempts", plant: countsNoAttempts, says: /is not attempt/ },
];

test.for(planted)("the property fails on a daemon that $what", { timeout: 120_000 }, async ({ plant, says }) => {
  const { failed, errorInstance, numRuns } = await fc.check(
    fc.asyncProperty(script, async (one) => void (await runScript(one, plant))),
    { seed: 1, numRuns: 500, endOnFailure: true },
  );
  expect(failed, `${numRuns} scripts`).toBe(true);
  expect(String(errorInstance)).toMatch(says);
});
