/** docs/scaling.md shows what the benchmark measured, and nothing else; planted faults were seen to fail. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { committedResults, scalingPage } from "../../scripts/scaling-page.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = readFileSync(`${root}docs/scaling.md`, "utf8");
const results = committedResults(root);

test("the table is what `npm run scaling` makes of the committed results", () => {
  expect(scalingPage(page, results)).toBe(page);
  expect(page).toMatch(/^\| memory of a signed-in, idle queue \| [\d.,]+ kB \|/m);
});

test("another figure, one that is gone, and a page without its marks are found", () => {
  const without = (row: string) => ({ ...results, rows: results.rows.filter((one) => one.row !== row) });
  expect(() => scalingPage(page, without("idle"))).toThrow("no figure memory of a signed-in queue");
  const doubled = results.rows.map((row) => ({ ...row, figures: row.figures.map((one) => ({ ...one, value: 2 * one.value })) }));
  expect(scalingPage(page, { ...results, rows: doubled })).not.toBe(page);
  expect(() => scalingPage(page.replace("<!-- to here -->", ""), results)).toThrow("holds no");
});
