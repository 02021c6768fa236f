/** Each calamity of the page names tests that are there, and each file of faults is named; planted faults were seen to fail. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { titlesOf } from "../support/test-titles.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const page = readFileSync(join(root, "docs/what-happens-if.md"), "utf8");
const faults = readdirSync(join(root, "test/faults")).filter((name) => name.endsWith(".test.ts"));

/** By path; filled as files are asked for. */
const read = new Map<string, Set<string>>();

function titlesIn(path: string): Set<string> {
  const titles = read.get(path) ?? titlesOf(readFileSync(path, "utf8"));
  read.set(path, titles);
  return titles;
}

/** What is wrong with a page. */
function wrongs(markdown: string, files: readonly string[]): string[] {
  const found: string[] = [];
  for (const section of markdown.split(/^## /m).slice(1)) {
    const heading = section.slice(0, section.indexOf("\n"));
    const lines = section.split("\n").filter((line) => line.startsWith("- "));
    if (lines.length === 0) found.push(`no test: ${heading}`);
    for (const line of lines) {
      const [, file = "", title = ""] = /^- `([^`]+)`: `([^`]+)`$/.exec(line) ?? [];
      const path = join(root, file);
      if (!file.endsWith(".test.ts") || !existsSync(path)) found.push(`no such file: ${line}`);
      else if (!titlesIn(path).has(title)) found.push(`no such test: ${line}`);
    }
  }
  for (const name of files) if (!markdown.includes(`\`test/faults/${name}\``)) found.push(`not named: test/faults/${name}`);
  return found;
}

test("every heading of docs/what-happens-if.md names tests that exist, and every file of test/faults is named", () => {
  expect(page.match(/^## /gm)?.length).toBeGreaterThan(25);
  expect(faults.length).toBeGreaterThan(15);
  expect(wrongs(page, faults)).toEqual([]);
});

test("a wrong title, a wrong file, a heading without a test and a file without a heading are found", () => {
  const wrongTitle = page.replace("fifty kills", "fifty-one kills");
  expect(wrongs(wrongTitle, faults)).toEqual([expect.stringMatching(/^no such test: .*fifty-one kills/)]);
  const wrongFile = page.replaceAll("test/faults/kill.test.ts", "test/faults/kil.test.ts");
  expect(wrongs(wrongFile, faults)).toEqual([expect.stringMatching(/^no such file: .*kil\.test/), "not named: test/faults/kill.test.ts"]);
  expect(wrongs(`${page}\n## What happens if nobody looked?\n\nNothing.\n`, faults)).toEqual(["no test: What happens if nobody looked?"]);
  expect(wrongs(page, [...faults, "unheard-of.test.ts"])).toEqual(["not named: test/faults/unheard-of.test.ts"]);
});

test("a title in a comment or in another call is none, a template of `each` is one", () => {
  const source = `it.each([1, 2])("case %i", (n) => n);
    expect(x, "no title");
    // it("none", () => 1);
    test("'quoted' and /* odd */", () => expect("neither").toBe("nor"));`;
  expect([...titlesOf(source)]).toEqual(["case %i", "'quoted' and /* odd */"]);
});
