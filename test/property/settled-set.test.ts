/**
 * The promises as properties: whatever happens, in whatever order, what was there during a round is done with, once.
 *
 * The 150 scripts are the same at each run of the suite, and 500 at each `npm run check`. PROPERTY_SEED sets others ("random" for new ones each time),
 * PROPERTY_PATH repeats one script, PROPERTY_RUNS sets how many there are. The seed is in the title; a failure prints the smallest script that still fails.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { judgesTrespass } from "../support/zeros/watch.js";
import { runScript } from "./run.js";
import { script } from "./script.js";

const { PROPERTY_SEED, PROPERTY_PATH, PROPERTY_RUNS = "150" } = process.env;
const seed = PROPERTY_SEED === "random" ? Date.now() % 2 ** 31 : Number(PROPERTY_SEED ?? 108_844_584);
const numRuns = Number(PROPERTY_RUNS);
const timeLimitMs = 600_000;

/** What scripts must bring about, or they prove nothing. */
const worthSeeing = [
  "settled",
  "quarantined",
  "gone",
  "failed",
  "timed out",
  "killed",
  "died in the middle",
  "another took over",
  "handed over again after a crash",
  "late settlement refused",
  "cut off by a stop",
  "polled on demand",
  "queue:cursor-lost",
  "queue:throttled",
  "queue:failed",
  "token:refreshed",
];

test(
  `what was in a watched folder during a whole round is settled, quarantined or gone, once, through everything (seed ${seed})`,
  async () => {
    judgesTrespass("a pause that dies in a kill, before it is recorded: each script's judge knows what the store knew");
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(script, async (one) => {
        for (const [what, count] of await runScript(one)) seen.set(what, (seen.get(what) ?? 0) + count);
      }),
      { seed, numRuns, verbose: fc.VerbosityLevel.Verbose, ...(PROPERTY_PATH ? { path: PROPERTY_PATH } : {}) },
    );
    if (numRuns >= 500) expect([...seen.keys()]).toEqual(expect.arrayContaining(worthSeeing));
  },
  timeLimitMs,
);
