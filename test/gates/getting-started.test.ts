/** The first program of docs/getting-started.md does what the page says of it. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, onTestFinished, test } from "vitest";
import { blocksOf } from "../../scripts/docs-check.mjs";
import { startExample } from "../support/example-process.js";
import { childSecrets } from "../support/secrets/child-secrets.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

test("it prints the subject, then that the message is settled, and ends when the mail is marked", async () => {
  const [block] = blocksOf("docs/getting-started.md", readFileSync(`${root}docs/getting-started.md`, "utf8"));
  const { outputText } = ts.transpileModule(block?.text ?? "", {
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext },
  });
  // Below the package's own folder, so that its name leads to what was built.
  const program = `dist/hosts/getting-started-${process.pid}.mjs`;
  mkdirSync(`${root}dist/hosts`, { recursive: true });
  writeFileSync(`${root}${program}`, outputText);
  onTestFinished(() => rmSync(`${root}${program}`));

  const secrets = childSecrets();
  const { printed, ended } = startExample(program, { folder: tmpdir(), env: secrets.environment });
  await printed(/^Where is my parcel\?, attempt 1\nsettled \S+\n$/);
  expect(await ended).toEqual([0, null]);
  expect(secrets.collect()).toBeGreaterThan(0);
});
