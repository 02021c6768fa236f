/** docs/events.md names every event that the daemon tells, and none besides; planted faults were seen to fail. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const page = readFileSync(`${root}docs/events.md`, "utf8");

/** By event, the fields of its payload; as the compiler sees the public map. */
function eventsOf(): Map<string, string[]> {
  const path = `${root}src/daemon/events.ts`;
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  const program = ts.createProgram([path], { ...options, noEmit: true });
  const checker = program.getTypeChecker();
  const map = program.getSourceFile(path)?.statements.find((one) => ts.isInterfaceDeclaration(one) && one.name.text === "DaemonEvents");
  const fields = (of: ts.Symbol) => checker.getPropertiesOfType(checker.getTypeOfSymbol(of)).map(({ name }) => name);
  return new Map(checker.getPropertiesOfType(checker.getTypeAtLocation(map as ts.Node)).map((event) => [event.name, fields(event)]));
}

const events = eventsOf();

/** Rows of its tables: the event, and all names in the last column. */
function rowsOf(markdown: string): [name: string, names: string[]][] {
  return [...markdown.matchAll(/^\| (?:\*\*)?`([a-z:-]+)`(?:\*\*)? \|.*\|(.*)\|$/gm)].map(([, name = "", last = ""]) => [
    name,
    [...last.matchAll(/`(\w+)`/g)].map(([, field = ""]) => field),
  ]);
}

/** What the heading of the column says already. */
const understood = new Set(["queue", "id"]);

function wrongs(markdown: string): string[] {
  const rows = new Map(rowsOf(markdown));
  return [
    ...[...events.keys()].filter((name) => !rows.has(name)).map((name) => `not on the page: ${name}`),
    ...[...rows.keys()].filter((name) => !events.has(name)).map((name) => `no such event: ${name}`),
    ...[...rows].flatMap(([name, fields]) => {
      const real = name === "message" ? [] : (events.get(name) ?? []).filter((field) => !understood.has(field));
      const missing = real.filter((field) => !fields.includes(field)).map((field) => `${name} lacks ${field}`);
      return [...missing, ...fields.filter((field) => !real.includes(field)).map((field) => `${name} has no ${field}`)];
    }),
  ];
}

test("docs/events.md names every event with every field of its payload, and nothing else", () => {
  expect(rowsOf(page).length).toBeGreaterThan(30);
  expect(wrongs(page)).toEqual([]);
});

test("an event that is left out, one that is not there, and a wrong field are found", () => {
  expect(wrongs(page.replace(/^.*`queue:swept`.*\n/m, ""))).toEqual(["not on the page: queue:swept"]);
  expect(wrongs(page.replace("`queue:swept`", "`queue:brushed`"))).toContain("no such event: queue:brushed");
  expect(wrongs(page.replace("`unlisted`", "`unseen`"))).toEqual(["queue:swept lacks unlisted", "queue:swept has no unseen"]);
});
