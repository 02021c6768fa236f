/** The administrator's pages are true to the code: every step has its heading, every row is in the page; planted faults were seen to fail. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { refusalsPage } from "../../scripts/refusals-page.mjs";
import { mailboxRefusals } from "../../src/auth/mailbox-remedies.js";
import { knownErrors, knownRefusals, neverByPassword, signInRemedy } from "../../src/auth/remedies.js";
import { setUpSteps } from "../../src/auth/remedy.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string) => readFileSync(join(root, path), "utf8");
const guide = read("docs/setup-entra.md");
const tables = { numbers: knownRefusals(), errors: knownErrors(), mailbox: mailboxRefusals, neverByPassword };

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(markdown: string): string[] {
  const headings = markdown.replaceAll(/^```[\s\S]*?^```/gm, "").matchAll(/^#{2,6} (.+)$/gm);
  return [...headings].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} -]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** Links to headings that are not there, in a page that stands beside the guide. */
function deadLinks(markdown: string, own: readonly string[], ofGuide: readonly string[]): string[] {
  const links = [...markdown.matchAll(/\]\((setup-entra\.md)?#([^)]+)\)/g)];
  return links.filter(([, page, anchor = ""]) => !(page ? ofGuide : own).includes(anchor)).map(([link]) => link);
}

/** The steps that code names, as a property or in a link. */
function stepsIn(code: string): string[] {
  return [...code.matchAll(/\bstep: "([^"]+)"|setup-entra\.md#([a-z-]+)/g)].map(([, step, anchor]) => step ?? anchor ?? "");
}

const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
const missing = (steps: readonly string[], markdown: string) => steps.filter((step) => !anchorsOf(markdown).includes(step));

describe("docs/setup-entra.md", () => {
  test("has a heading for every step, and every step of the list is one that code can name", () => {
    expect(missing(setUpSteps, guide)).toEqual([]);
    expect(missing(setUpSteps, guide.replace("## Grant consent", "## Consent"))).toEqual(["grant-consent"]);
  });

  test("has a heading for every step that any file of src/ names", () => {
    const named = sources.flatMap((name) => stepsIn(read(join("src", name))));
    expect(new Set(named).size).toBeGreaterThan(15);
    expect(missing(named, guide)).toEqual([]);
    expect(missing(stepsIn('{ step: "nowhere" } docs/setup-entra.md#also-nowhere'), guide)).toEqual(["nowhere", "also-nowhere"]);
  });

  test("and docs/refusals.md link to no heading that is not there", () => {
    const anchors = anchorsOf(guide);
    const page = read("docs/refusals.md");
    expect(deadLinks(guide, anchors, anchors)).toEqual([]);
    expect(deadLinks(page, anchorsOf(page), anchors)).toEqual([]);
    expect(deadLinks("[a](#sign-in) [b](#gone) [c](setup-entra.md#gone)", ["sign-in"], anchors)).toEqual([
      "](#gone)",
      "](setup-entra.md#gone)",
    ]);
  });

  test("names no AADSTS number that the table does not have", () => {
    const unknown = (markdown: string) =>
      [...markdown.matchAll(/AADSTS(\d+)/g)].filter(([, number]) => !knownRefusals().has(Number(number)));
    expect(unknown(guide)).toEqual([]);
    expect(unknown("AADSTS50076 and AADSTS123456")).toHaveLength(1);
  });
});

describe("docs/refusals.md", () => {
  const made = refusalsPage(tables);

  test("is what the tables give; after a change of them, run: npm run refusals", () => {
    expect(read("docs/refusals.md") === made, "docs/refusals.md is not what src/auth says; run: npm run refusals").toBe(true);
  });

  test("is another page as soon as a row changes, comes or goes", () => {
    const [number, remedy] = [...tables.numbers][0] ?? [0, signInRemedy];
    const changed = new Map([...tables.numbers, [number, { ...remedy, cause: "another" }]]);
    const more = new Map([...tables.numbers, [999999, signInRemedy]]);
    const fewer = new Map([...tables.numbers].filter(([code]) => code !== number));
    for (const numbers of [changed, more, fewer]) expect(refusalsPage({ ...tables, numbers })).not.toBe(made);
    expect(refusalsPage({ ...tables, mailbox: mailboxRefusals.slice(1) })).not.toBe(made);
    expect(refusalsPage({ ...tables, neverByPassword: () => false })).not.toBe(made);
  });

  test("has every number, every error and every code of a mailbox once, with its remedy", () => {
    const lines = made.split("\n").filter((line) => line.startsWith("| "));
    const firsts = lines.flatMap((line) => (line.split(" | ")[0] ?? "").slice(2).replaceAll(/[†`]/g, "").split(", "));
    for (const name of [...knownRefusals().keys(), ...knownErrors().keys(), ...mailboxRefusals.flatMap(([names]) => names)])
      expect(firsts.filter((first) => first === `${name}`)).toHaveLength(1);
    for (const { remedy, step } of knownRefusals().values()) {
      expect(lines.some((line) => line.includes(remedy) && line.includes(`setup-entra.md#${step})`))).toBe(true);
    }
  });

  test("keeps a bar in a cell from ending it", () => {
    const numbers = new Map([[50034, { ...signInRemedy, remedy: "Press A | B." }]]);
    expect(refusalsPage({ ...tables, numbers })).toContain("Press A \\| B.");
  });
});
