/**
 * The table of protections fits the sources: each text stands where it says, once, and each named test is there. What
 * `npm run protections` proves takes minutes and stands outside of the suite; that it still can, is shown here.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type Protection, rotten } from "../../scripts/protections/copy.mjs";
import { deliveries } from "../../scripts/protections/deliveries.mjs";
import { ledger } from "../../scripts/protections/ledger.mjs";
import { limits } from "../../scripts/protections/limits.mjs";
import { marks } from "../../scripts/protections/marks.mjs";
import { rounds } from "../../scripts/protections/rounds.mjs";
import { sinks } from "../../scripts/protections/sinks.mjs";
import { turns } from "../../scripts/protections/turns.mjs";
import { titlesOf } from "../support/test-titles.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const all = [...ledger, ...rounds, ...deliveries, ...marks, ...limits, ...sinks, ...turns];

/** Whether the name, with those of its `describe` before it, is that of a case of the title. */
function names(title: string, name: string): boolean {
  const literals = title.split(/%[sdifjoO]|\$[\w.]+/).map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`(^| )${literals.join(".*")}$`).test(name);
}

function wrongs(protections: readonly Protection[]): string[] {
  return protections.flatMap((one) => {
    const [file, name] = one.test;
    const path = join(root, file);
    const isThere = existsSync(path) && [...titlesOf(readFileSync(path, "utf8"))].some((title) => names(title, name));
    const rot = rotten(root, one);
    return [...(isThere ? [] : [`no such test: ${file} > ${name}`]), ...(rot === undefined ? [] : [rot])];
  });
}

test("every protection's text is in the sources once, and its test is there", () => {
  expect(all.length).toBeGreaterThan(50);
  expect(wrongs(all)).toEqual([]);
});

test("a text that has moved on and a test that is not there are found", () => {
  const one = all[0] as Protection;
  expect(wrongs([{ ...one, find: "a text that is nowhere" }])).toEqual([expect.stringContaining("0 times instead of once")]);
  expect(wrongs([{ ...one, test: [one.test[0], "a test that nobody wrote"] }])).toEqual([expect.stringMatching(/^no such test: /)]);
  expect([names("places of width %i let that many in", "places of width 4 let that many in"), names("every", "everything")]).toEqual([
    true,
    false,
  ]);
});
