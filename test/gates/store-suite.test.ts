/** docs/custom-store.md lets hosts copy the contract suite: it must need nothing of ours but types that the package exports. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { exportedNames } from "../../scripts/options-page.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = `${root}test/contract/`;
const read = (path: string) => readFileSync(`${root}${path}`, "utf8");
const suite = readdirSync(folder).filter((name) => /^store-.*\.ts$/.test(name));

/** What a file takes that a copy of the suite would not have. */
function foreign(text: string, exported: ReadonlySet<string>): string[] {
  const imports = [...text.matchAll(/^import (type )?(.*?) from "([^"]+)";$/gms)];
  return imports.flatMap(([, isType, names = "", from = ""]) => {
    if (from === "vitest" || from === "fast-check" || suite.includes(from.replace(/^\.\/(.*)\.js$/, "$1.ts"))) return [];
    if (from !== "../../src/state/store.js" || isType === undefined) return [from];
    return [...names.matchAll(/\w+/g)].map(([name]) => name).filter((name) => !exported.has(name));
  });
}

test("the suite imports Vitest, fast-check, itself, and types that the package exports", () => {
  const exported = new Set(exportedNames(read).keys());
  expect(suite.length).toBeGreaterThan(6);
  expect(suite.flatMap((name) => foreign(read(`test/contract/${name}`), exported))).toEqual([]);
  expect(foreign('import { encodeKey } from "../../src/state/key.js";', exported)).toEqual(["../../src/state/key.js"]);
  expect(foreign('import type { Key, Hidden } from "../../src/state/store.js";', exported)).toEqual(["Hidden"]);
});
