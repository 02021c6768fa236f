/** docs/scaling.md shows what the benchmark measured, and nothing else; planted faults were seen to fail. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { applicationLimit } from "../../scripts/scaling/plan.mjs";
import { committedClusterResults, committedResults, scalingPage } from "../../scripts/scaling-page.mjs";
import { applicationAllowance } from "../../src/graph/budget.js";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = readFileSync(`${root}docs/scaling.md`, "utf8");
const results = committedResults(root);
const cluster = committedClusterResults(root);

test("the tables are what `npm run scaling` makes of the committed results", () => {
  expect(scalingPage(page, results, cluster)).toBe(page);
  expect(page).toMatch(/^\| memory of a signed-in, idle queue \| [\d.,]+ kB \|/m);
  expect(page).toMatch(/^\| Redis, 3 workers \| [\d,]+ \|/m);
  expect(page).toMatch(/^\| turns a second \| 100,000 queues \/ 30 s \| 3,333 \|/m);
});

test("the plan reckons with the application's limit that the daemon keeps", () => {
  expect(applicationLimit).toBe(applicationAllowance.limit);
  expect(applicationAllowance.spanMs).toBe(10_000);
});

test("another figure, one that is gone, and a page without its marks are found", () => {
  const without = (row: string) => ({ ...results, rows: results.rows.filter((one) => one.row !== row) });
  expect(() => scalingPage(page, without("idle"), cluster)).toThrow("no figure memory of a signed-in queue");
  const doubled = results.rows.map((row) => ({ ...row, figures: row.figures.map((one) => ({ ...one, value: 2 * one.value })) }));
  expect(scalingPage(page, { ...results, rows: doubled }, cluster)).not.toBe(page);
  expect(() => scalingPage(page.replace("<!-- to here -->", ""), results, cluster)).toThrow("holds no");
});

test("so is another figure of several processes, and a run that left them out", () => {
  expect(() => scalingPage(page, results, { ...cluster, rows: [] })).toThrow("no row cluster");
  const other = JSON.parse(JSON.stringify(cluster).replaceAll(/"redisBytesPerQueue":[\d.]+/g, '"redisBytesPerQueue":1')) as typeof cluster;
  expect(scalingPage(page, results, other)).not.toBe(page);
});
