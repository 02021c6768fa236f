/** config.schema.json is what the type of the configuration says; a changed type is another schema. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { configSchema } from "../../scripts/config-schema.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("is what the types and their comments give; after a change of them, run: npm run schema", () => {
  const kept = readFileSync(join(root, "config.schema.json"), "utf8");
  expect(kept === configSchema(root), "config.schema.json is not what src/cli/config.ts says; run: npm run schema").toBe(true);
});

test("is another one as soon as a property, its type or its comment changes", () => {
  const folder = mkdtempSync(join(tmpdir(), "schema-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const of = (text: string) => {
    writeFileSync(join(folder, "config.ts"), text);
    return configSchema(folder, "config.ts");
  };
  const type = "export interface JsonConfig {\n  /** Where it is kept. */\n  readonly store?: string;\n}\n";
  const made = of(type);
  expect(JSON.parse(made)).toMatchObject({ definitions: { JsonConfig: { properties: { store: { description: "Where it is kept." } } } } });
  const changed = [
    ["store", "shop"],
    ["string", "number"],
    ["kept", "held"],
    ["?", ""],
  ] as const;
  for (const [was, is] of changed) expect(of(type.replace(was, is))).not.toBe(made);
});
