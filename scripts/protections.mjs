/**
 * Shows that each protection matters: takes it out of a copy of the sources, one at a time, and expects the test named
 * for it to fail there, by what it expects and not for an error of the patch. Before that all named tests pass unpatched.
 * Prints a table; non-zero when a patched copy stays green, or the table does not fit the sources any more.
 *
 * Usage: npm run protections [-- --only <part of a protection's or a file's name>]
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createCopy, nameOf, rotten } from "./protections/copy.mjs";
import { deliveries } from "./protections/deliveries.mjs";
import { ledger } from "./protections/ledger.mjs";
import { limits } from "./protections/limits.mjs";
import { marks } from "./protections/marks.mjs";
import { rounds } from "./protections/rounds.mjs";
import { sinks } from "./protections/sinks.mjs";
import { turns } from "./protections/turns.mjs";

/** @typedef {import("./protections/copy.mjs").Protection} Protection */
/** @typedef {import("./protections/copy.mjs").Outcome} Outcome */

const root = fileURLToPath(new URL("..", import.meta.url));
const { values } = parseArgs({ options: { only: { type: "string", default: "" } } });
const { only } = values;
const protections = [...ledger, ...rounds, ...deliveries, ...marks, ...limits, ...sinks, ...turns].filter(({ protection, file }) =>
  `${protection} ${file}`.includes(only),
);
/** Copies at work at once. */
const atOnce = 2;

/** How a test fails that sees something else than it expects. Any other error may be the fault of the patch. */
const byExpectation = /^AssertionError|^Error: promise (resolved|rejected) .* instead of/s;
/** What a test brings that waited in vain: its report has the place of the wait instead of a message. */
const byTimeout = /^Error: (STACK_TRACE_ERROR|Test timed out)/;
/** Milliseconds for a test that took so long unpatched: more than enough, and not long where it waits in vain. */
const patienceMs = (/** @type {number} */ durationMs) => 5_000 + 3 * durationMs;

/** @param {Outcome | undefined} outcome */
function verdictOf(outcome) {
  if (!outcome) return "BROKEN: the test did not run to its end";
  const { status, messages } = outcome;
  if (status === "passed") return "STAYS GREEN";
  if (messages.some((message) => byExpectation.test(message))) return "fails";
  if (messages.some((message) => byTimeout.test(message))) return "fails, waiting in vain";
  return `BROKEN: ${messages[0]?.split("\n")[0] ?? "no reason"}`;
}

/** @param {number} startedAt */
function secondsSince(startedAt) {
  return ((performance.now() - startedAt) / 1000).toFixed(1);
}

/** @returns {Promise<boolean>} whether all is as it should be */
async function main() {
  const startedAt = performance.now();
  const wrong = protections.flatMap((one) => rotten(root, one) ?? []);
  if (protections.length === 0) wrong.push(`No protection has "${only}" in its name or file.`);
  for (const line of wrong) console.error(line);
  if (wrong.length > 0) return false;

  const copies = Array.from({ length: Math.min(atOnce, protections.length) }, () => createCopy(root));
  try {
    const whole = await /** @type {typeof copies[number]} */ (copies[0]).run(protections.map(({ test }) => test));
    const red = protections.filter(({ test }) => whole.get(nameOf(test))?.status !== "passed");
    for (const { test } of red) console.error(`Does not pass unpatched, or is not there: ${nameOf(test)}`);
    if (red.length > 0) return false;
    console.log(`All named tests pass unpatched (${secondsSince(startedAt)} s).`);

    /** @type {Record<string, string>[]} */
    const rows = [];
    const left = [...protections];
    await Promise.all(
      copies.map(async (copy) => {
        for (let one = left.shift(); one; one = left.shift()) rows.push(await tryWithout(copy, one, whole.get(nameOf(one.test))));
      }),
    );
    print(rows);
    const failing = rows.filter(({ result }) => result?.startsWith("fails")).length;
    console.log(`\n${failing} of ${rows.length} protections are shown to matter, in ${secondsSince(startedAt)} s`);
    return failing === rows.length;
  } finally {
    for (const copy of copies) copy.remove();
  }
}

/**
 * @param {ReturnType<typeof createCopy>} copy
 * @param {Protection} one
 * @param {Outcome | undefined} before how its test passed unpatched
 */
async function tryWithout(copy, one, before) {
  const startedAt = performance.now();
  const outcome = await copy.without(one, async () =>
    (await copy.run([one.test], patienceMs(before?.durationMs ?? 0))).get(nameOf(one.test)),
  );
  const row = {
    protection: one.protection,
    file: one.file,
    test: nameOf(one.test),
    result: verdictOf(outcome),
    seconds: secondsSince(startedAt),
  };
  console.log(`${row.result}  ${row.protection}  ${row.seconds} s`);
  return row;
}

/** @param {readonly Record<string, string>[]} rows */
function print(rows) {
  console.log("\n| protection | taken out of | test | result | seconds |\n|---|---|---|---|---|");
  for (const row of rows) console.log(`| ${Object.values(row).join(" | ")} |`);
}

process.exitCode = (await main()) ? 0 : 1;
