/**
 * Writes the tables of docs/scaling.md from the results of the benchmark that are committed: `full.json`, and
 * `cluster.json` for several processes (`scaling/cluster.mjs`, `scaling/plan.mjs`). A gate compares them.
 * Usage: npm run scaling
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { clusterTables } from "./scaling/cluster.mjs";
import { planTable } from "./scaling/plan.mjs";

/**
 * @typedef {{ readonly what: string, readonly value: number, readonly unit: string }} Figure
 * @typedef {{ readonly cpu: string, readonly cores: number, readonly node: string, readonly busy: boolean }} Machine
 * @typedef {{ readonly row: string, readonly door?: string, readonly figures: readonly Figure[] }} Row
 * @typedef {import("./scaling/cluster.mjs").ClusterResults} ClusterResults
 * @typedef {{ readonly note?: string, readonly measuredAt: string, readonly machine: Machine, readonly rows: readonly Row[] }} Results
 */

/** What of the results the page shows, in its order: the words of the page, the row, the figure. */
const shown = [
  ["memory of a signed-in, idle queue", "idle", "memory of a signed-in queue"],
  ["processor time of a round that brings nothing, 10,000 queues", "idle", "CPU per poll, 10000 queues"],
  ["start over a store of 10,000 queues, until each has had a round", "start", "10000 queues: first round of all after"],
  ["requests for 1,000 delivered and marked messages, full mailbox", "economy", "requests per 1,000 messages, full select"],
  ["the same, mail that arrives", "economy", "requests per 1,000 messages, light select"],
  ["one queue, a backlog of 20,000", "drain", "1 queue of 20,000: daemon"],
  ["its processor time", "drain", "1 queue of 20,000: CPU, daemon"],
  ["one queue at 60 ms for each request", "drain-60ms", "1 queue of 20000: daemon"],
  ["200 queues at 60 ms for each request", "drain-60ms", "200 queues of 100: daemon"],
  ["from arrival to the handler, half of all mail, a mail each 2 s", "arrival", "busy (a mail each 2 s): p50"],
  ["the same, a mail each 2 min", "arrival", "quiet (each 2 min): p50"],
];

const end = "<!-- to here -->";

/** @param {Row[]} rows the undici door's is taken where there are two: it is the one for many queues */
const best = (rows) => rows.find(({ door }) => door === "undici") ?? rows[0];

/** @param {Results} results @returns {string} @throws Error for a figure that is not there any more */
function table({ note, measuredAt, machine, rows }) {
  const lines = shown.map(([words, row, what]) => {
    const from = best(rows.filter((one) => one.row === row && one.figures.some((figure) => figure.what === what)));
    const figure = from?.figures.find((one) => one.what === what);
    if (from === undefined || figure === undefined) throw new Error(`The results have no figure ${what} in row ${row}`);
    const value = Number(figure.value.toPrecision(3)).toLocaleString("en");
    const place = from.door === undefined ? `\`${row}\`` : `\`${row}\`, ${from.door}`;
    return `| ${words} | ${[value, figure.unit].join(" ").trim()} | ${place} |`;
  });
  const busy = machine.busy && note === undefined ? "Others worked on them: trust counts and processor time, not times." : note;
  const origin = `Measured ${measuredAt.slice(0, 10)} with Node ${machine.node.slice(1)} on ${machine.cores} cores (${machine.cpu}).`;
  return [origin, ...(busy === undefined ? [] : [busy]), "", "| what | measured | row, door |", "|---|---|---|", ...lines].join("\n");
}

/** @param {string} page @param {string} name @param {string} text @returns {string} the page with that part made anew */
function replaced(page, name, text) {
  const begin = `<!-- npm run scaling${name} -->`;
  const from = page.indexOf(begin);
  const to = page.indexOf(end, from);
  if (from < 0 || to < from) throw new Error(`docs/scaling.md holds no ${begin} … ${end}`);
  return `${page.slice(0, from + begin.length)}\n\n${text}\n\n${page.slice(to)}`;
}

/**
 * @param {string} page @param {Results} results @param {ClusterResults} cluster
 * @returns {string} the page with its tables made anew
 */
export function scalingPage(page, results, cluster) {
  const first = replaced(page, "", table(results));
  return replaced(replaced(first, ": processes", clusterTables(cluster)), ": plan", planTable(cluster));
}

/** @param {string} root @param {string} name */
const committed = (root, name) => JSON.parse(readFileSync(join(root, `bench/results/${name}.json`), "utf8"));

/** @param {string} root @returns {Results} */
export const committedResults = (root) => committed(root, "full");

/** @param {string} root @returns {ClusterResults} */
export const committedClusterResults = (root) => committed(root, "cluster");

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const file = join(root, "docs/scaling.md");
  writeFileSync(file, scalingPage(readFileSync(file, "utf8"), committedResults(root), committedClusterResults(root)));
  console.log("docs/scaling.md written");
}
