/**
 * Everything that CI runs, in order, each step with its seconds; a step that fails does not hide the next ones.
 * What a failed step printed last is printed again at the end, before the seconds of all.
 * The last line counts the tests of `npm test` and each other step as one: `N passed, N failed`.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./run.mjs";

/** A step that hangs is ended, so that the others still tell what they know. */
const limitMs = 30 * 60_000;

/** As much of a failed step as a person needs to begin with. */
const lastLines = 60;

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "report-"));
const report = join(folder, "tests.json");

const steps = [
  { name: "npm test", parameters: ["test"], env: { TEST_REPORT: report } },
  // More of the random scripts than the suite has time for.
  { name: "npm run property", parameters: ["run", "property"], env: { PROPERTY_RUNS: "500" } },
  ...["lint", "types", "floors", "bench:quick", "matrix", "package", "newcomer", "docs", "keychain", "chromium"].map((script) => ({
    name: `npm run ${script}`,
    parameters: ["run", script],
    env: {},
  })),
];

/** @returns {{ passed: number, failed: number, skipped: number }} all zero when the run left no report */
function countTests() {
  if (!existsSync(report)) return { passed: 0, failed: 0, skipped: 0 };
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(readFileSync(report, "utf8"));
  /** @type {{ status: string, assertionResults: unknown[] }[]} */
  const files = testResults;
  const unloaded = files.filter((file) => file.status === "failed" && file.assertionResults.length === 0).length;
  return { passed: numPassedTests, failed: numFailedTests + unloaded, skipped: numPendingTests + numTodoTests };
}

const total = { passed: 0, failed: 0, skipped: 0 };
/** @type {string[]} */
const summary = [];
/** @type {string[]} */
const failures = [];
for (const { name, parameters, env } of steps) {
  console.log(`\n== ${name}`);
  const startedAt = performance.now();
  /** @type {string[]} */
  let lines = [""];
  const onOutput = (/** @type {string} */ text) => {
    const [first = "", ...others] = text.split("\n");
    lines = [...lines.slice(-lastLines, -1), `${lines.at(-1)}${first}`, ...others];
  };
  const failure = await run("npm", parameters, { cwd: root, env: { CI: "true", ...env }, limitMs, onOutput }).then(
    () => undefined,
    (/** @type {Error} */ error) => error,
  );
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  if (failure) failures.push(`\n== ${name}: ${failure.message}; it printed last:\n${lines.slice(-lastLines).join("\n")}`);
  summary.push(`${failure ? "FAILED" : "passed"}  ${name}  ${seconds} s`);

  const counted = name === "npm test" ? countTests() : { passed: failure ? 0 : 1, failed: 0, skipped: 0 };
  total.passed += counted.passed;
  total.skipped += counted.skipped;
  // A run that fails without a failed test (a build, a stray error) counts as one failure; so does one without any test.
  const failed = Math.max(counted.failed, failure || counted.passed === 0 ? 1 : 0);
  total.failed += failed;
}
rmSync(folder, { recursive: true, force: true });

for (const failure of failures) console.log(failure);
console.log(`\n${summary.join("\n")}`);
if (total.skipped > 0) console.log(`${total.skipped} tests were skipped; their reasons stand above`);
console.log(`\n${total.passed} passed, ${total.failed} failed`);
if (total.failed > 0) process.exitCode = 1;
