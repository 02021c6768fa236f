/** docs/testing.md names all that the simulator can be told and asked, as its types have it; its seed file is one. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, onTestFinished, test } from "vitest";
import { buildSimulator } from "../../src/cli/simulation/build.js";
import { loadSeed } from "../../src/cli/simulation/seed.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const page = readFileSync(join(root, "docs/testing.md"), "utf8");

const told: readonly (readonly [file: string, name: string])[] = [
  ["settings.ts", "SimulatorOptions"],
  ["settings.ts", "Quirks"],
  ["user-state.ts", "UserState"],
  ["simulated-user.ts", "NewUser"],
  ["simulated-user.ts", "SimulatedUser"],
  ["entra/app.ts", "AppState"],
  ["mailbox/simulated-mailbox.ts", "SimulatedMailbox"],
  ["mailbox/damage.ts", "DamageOptions"],
  ["traffic/fault.ts", "Fault"],
  ["traffic/request-log.ts", "LogEntry"],
  ["traffic/request-log.ts", "RequestLog"],
  ["traffic/route-name.ts", "RouteName"],
  ["stub/expectation.ts", "Expectation"],
  ["stub/expectation.ts", "Expected"],
  ["stub/graph-stub.ts", "StubOptions"],
  ["stub/graph-stub.ts", "GraphStub"],
];

/** The members of an interface, or the texts of a union. */
function namesOf(file: string, name: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(join(root, "simulator", file), "utf8"), ts.ScriptTarget.Latest, true);
  for (const statement of source.statements) {
    if (ts.isInterfaceDeclaration(statement) && statement.name.text === name)
      return statement.members.map((one) => one.name?.getText() ?? "");
    if (ts.isTypeAliasDeclaration(statement) && statement.name.text === name && ts.isUnionTypeNode(statement.type)) {
      return statement.type.types.map((one) => one.getText().slice(1, -1));
    }
  }
  throw new Error(`${file} has no ${name}.`);
}

/** What stands in the page's text between backticks, cut into names. */
function namesOn(markdown: string): ReadonlySet<string> {
  const spans = [...markdown.replaceAll(/^```[\s\S]*?^```/gm, "").matchAll(/`([^`]+)`/g)];
  return new Set(spans.flatMap(([, span = ""]) => span.match(/\w+/g) ?? []));
}

function missing(markdown: string): string[] {
  const there = namesOn(markdown);
  return told.flatMap(([file, name]) =>
    namesOf(file, name)
      .filter((one) => !there.has(one))
      .map((one) => `${name}.${one}`),
  );
}

test("docs/testing.md names every option, habit, fault, damage, state and route of the simulator's", () => {
  expect(told.flatMap(([file, name]) => namesOf(file, name)).length).toBeGreaterThan(140);
  expect(missing(page)).toEqual([]);
});

test("a fault and a route that are left out are found", () => {
  expect(missing(page.replaceAll("`dropNextLink`", "it"))).toEqual(["Fault.dropNextLink"]);
  expect(missing(page.replaceAll("`attachmentValue`", "it"))).toEqual(["RouteName.attachmentValue"]);
});

test("the seed file of docs/testing.md is one", async () => {
  const [, seed = ""] = /```json\n([\s\S]*?)```/.exec(page) ?? [];
  const folder = mkdtempSync(join(tmpdir(), "seed-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "seed.json"), seed);
  const sim = await buildSimulator(await loadSeed(join(folder, "seed.json")));
  expect(sim.mailbox("support@contoso.com").messages()).toHaveLength(52);
});
