/** examples/daemon.ts is the README's quick start, word for word, and runs; planted differences were seen to be found. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { expect, onTestFinished, test } from "vitest";
import { blocksOf } from "../../scripts/docs-check.mjs";
import { createSimulator } from "../../simulator/index.js";
import { generateKey } from "../../src/index.js";
import { startExample } from "../support/example-process.js";

const read = (path: string) => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), "utf8");
const example = read("examples/daemon.ts");
const quickStart = blocksOf("README.md", read("README.md"))[0]?.text ?? "";

/** The one difference that is wanted: the example takes the address from its environment if it is there. */
const withoutEnvironment = (text: string) => text.replace("process.env.MAIL_DAEMON_QUEUE ?? ", "");

function parts(text: string) {
  const source = ts.createSourceFile("text.ts", text, ts.ScriptTarget.Latest, true);
  const isImport = (one: ts.Statement) => ts.isImportDeclaration(one);
  return {
    names: source.statements.filter(isImport).flatMap((one) => one.getText(source).match(/\w+(?=[^{}]*\})/g) ?? []),
    body: source.statements.filter((one) => !isImport(one)).map((one) => one.getText(source)),
  };
}

/** Statements and imported names of the quick start that the example lacks, or has in another order. */
function lacking(block: string, program: string): string[] {
  const wanted = parts(block);
  const there = parts(withoutEnvironment(program));
  const first = there.body.indexOf(wanted.body[0] ?? "");
  return [
    ...wanted.names.filter((name) => !there.names.includes(name)),
    ...wanted.body.filter((statement, at) => first < 0 || there.body[first + at] !== statement),
  ];
}

test("examples/daemon.ts holds the README's quick start, statement by statement", () => {
  expect(parts(quickStart).body.length).toBeGreaterThan(4);
  expect(lacking(quickStart, example)).toEqual([]);
});

test("a changed statement, another order and a name that is not imported are found", () => {
  expect(lacking(quickStart.replace("10_000", "20_000"), example)).toEqual([expect.stringContaining("20_000")]);
  const swapped = example.replace(/(await daemon\.start\(\);\n)(process\.once.*\n)/, "$2$1");
  expect(lacking(quickStart, swapped)).toHaveLength(2);
  expect(lacking(quickStart.replace("lmdbStore }", "memoryStore }"), example)).toEqual(["memoryStore"]);
});

test("it asks for the sign-in, opens a ticket, marks the mail, and ends at SIGTERM", async () => {
  const simulator = createSimulator({ seed: 1 });
  const user = simulator.addUser({ address: "claims@contoso.com" });
  const { url, close } = await simulator.listen();
  onTestFinished(close);
  const folder = mkdtempSync(join(tmpdir(), "daemon-example-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  user.mailbox.deliver({ subject: "Where is my parcel?" });

  const { child, printed, ended } = startExample("dist/examples/daemon.js", {
    folder,
    env: {
      MAIL_DAEMON_CLIENT_ID: simulator.clientId,
      MAIL_DAEMON_TENANT_ID: simulator.tenantId,
      MAIL_DAEMON_QUEUE: user.address,
      MAIL_DAEMON_KEYS: `key1:${generateKey()}`,
      MAIL_DAEMON_SIMULATOR: url,
    },
  });
  const [, page = ""] = await printed(/Open in a private window: (\S+)/);
  expect(await user.signInAt(page)).toBeLessThan(400);
  await printed(/claims@contoso\.com is signed in/);
  await printed(/ticket: Where is my parcel\?/);
  await expect.poll(() => user.mailbox.messages("inbox")[0]?.isRead).toBe(true);
  child.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
});
