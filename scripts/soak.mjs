/**
 * The long random run (test/faults/soak.test.ts) for as long as is wanted. Ends with a summary, and non-zero unless
 * nothing was lost, nothing came twice without a reason and Graph was never asked too early or too much.
 *
 * `--cluster`: that of three processes on one Redis (test/faults/soak-cluster.test.ts), which takes five minutes by default.
 *
 * Usage: npm run soak -- [--cluster] [--minutes 10] [--seed N] [--without kills,a-b-a,…]
 */
import { randomInt } from "node:crypto";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { run } from "./run.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const { values } = parseArgs({
  options: {
    cluster: { type: "boolean", default: false },
    minutes: { type: "string" },
    seed: { type: "string" },
    without: { type: "string" },
  },
});
const { cluster, minutes = cluster ? "5" : "10", seed = String(randomInt(2 ** 32)), without } = values;
if (!(Number(minutes) > 0)) throw new Error(`Expected \`--minutes\` to be a number above 0, got ${minutes}`);
if (!(Number.isInteger(Number(seed)) && Number(seed) >= 0)) throw new Error(`Expected \`--seed\` to be a whole number, got ${seed}`);

try {
  const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
  await run(process.execPath, [vitest, "run", `test/faults/${cluster ? "soak-cluster" : "soak"}.test.ts`], {
    cwd: root,
    env: { TEST_REPORT: "", SOAK_MINUTES: minutes, SOAK_SEED: seed, ...(without === undefined ? {} : { SOAK_WITHOUT: without }) },
  });
} catch (error) {
  console.error(`soak: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
