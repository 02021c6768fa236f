/**
 * The benchmark: runs its rows one after another, prints the table, and in the full form leaves JSON and a plot.
 * Usage: npm run bench -- [--quick] [--only <row>]… [--door <name>]… [--pairs <number>]
 * The quick form judges no figure; either form fails when a row does not run to its end, a message is missing or doubled,
 * or one of the two zeros is none.
 */
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { doorNames } from "./doors.js";
import { freshProcesses, sharedProcesses } from "./processes.js";
import { machine, writeResults } from "./results.js";
import type { RowContext, RowResult } from "./row.js";
import { rows } from "./rows/all.js";
import { tableOf } from "./table.js";
import { createZeros } from "./zeros.js";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string", multiple: true },
    door: { type: "string", multiple: true },
    pairs: { type: "string", default: "5" },
  },
});
const quick = values.quick;
const pairs = quick ? 1 : Math.max(1, Math.floor(Number(values.pairs)) || 1);
const chosen = chosenFrom(rows, values.only, ({ name }) => name, "row");
const doors = chosenFrom(doorNames, values.door, (name) => name, "door");

const faults: string[] = [];
const results: RowResult[] = [];
const zeros = createZeros();
const processes = quick ? sharedProcesses() : freshProcesses();
const on = machine();
const begun = performance.now();

for (const row of chosen) {
  for (const door of row.hasDoor ? doors : doors.slice(0, 1)) {
    const name = row.hasDoor ? `${row.name} (${door})` : row.name;
    const context: RowContext = {
      quick,
      pairs,
      door,
      processes,
      fault: (what) => faults.push(`${name}: ${what}`),
      noteRequests: zeros.note,
      tell: (what) => process.stderr.write(`${name}: ${what}\n`),
    };
    try {
      results.push(await row.run(context));
    } catch (error) {
      faults.push(`${name} did not run to its end: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    }
  }
}
await processes.end();
results.push(zeros.result());
faults.push(...zeros.faults());

console.log(`\n${tableOf(results, !quick)}`);
console.log(
  `\n${on.cpu}, ${on.cores} cores, Node ${on.node}, load before ${on.loadBefore.toFixed(2)}${on.busy ? " (busy: provisional)" : ""}`,
);
console.log(`${((performance.now() - begun) / 1000).toFixed(0)} s`);
if (!quick) {
  const name = values.only || values.door ? "part" : "full";
  await writeResults(fileURLToPath(new URL("../../bench/results", import.meta.url)), name, on, { pairs, results });
}
for (const fault of faults) console.error(`FAULT ${fault}`);
if (faults.length > 0) process.exitCode = 1;

/** All of them, or those that are named. */
function chosenFrom<T>(all: readonly T[], wanted: readonly string[] = [], nameOf: (one: T) => string, what: string): readonly T[] {
  const names = all.map(nameOf);
  const unknown = wanted.find((name) => !names.includes(name));
  if (unknown !== undefined) throw new Error(`There is no ${what} ${unknown}; there are ${names.join(", ")}.`);
  return wanted.length === 0 ? all : all.filter((one) => wanted.includes(nameOf(one)));
}
