/** `import-tokens`: refresh tokens of another system, from a file that nobody else can read or from standard input. */
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, test } from "vitest";
import { type SimulatedLine, sales, simulatedLine, support } from "./simulated-line.js";

const tokenOf = (line: SimulatedLine, address: string) => line.sim.user(address).issueRefreshToken();

async function fileOf(line: SimulatedLine, text: string, mode = 0o600): Promise<string> {
  const file = join(line.folder, "tokens");
  await writeFile(file, text);
  await chmod(file, mode);
  return "tokens";
}

test.each([
  ["lines", (objects: object[]) => `${objects.map((one) => JSON.stringify(one)).join("\n\n")}\n`],
  ["an array", (objects: object[]) => `\uFEFF${JSON.stringify(objects, null, 2)}`],
])("a file of %s signs each queue in", async (form, textOf) => {
  const line = await simulatedLine();
  const objects = [support, sales].map((address) => ({ address, refreshToken: tokenOf(line, address), note: "old system" }));
  const { exitCode, out, err } = await line.run("--json", "import-tokens", await fileOf(line, textOf(objects)));
  expect([exitCode, err]).toEqual([0, ""]);
  const second = form === "lines" ? 3 : 2;
  expect(line.json<{ line: number }>(out).toSorted((a, b) => a.line - b.line)).toEqual([
    { line: 1, queue: support, account: support, outcome: "signed-in" },
    { line: second, queue: sales, account: sales, outcome: "signed-in" },
  ]);
  expect((await line.run("sign-in")).out).toContain(`Signed in already: ${sales}`);
});

it("each line that fails is told by its number, none is repeated, and the others are signed in", async () => {
  const line = await simulatedLine();
  const [good, swapped] = [tokenOf(line, support), tokenOf(line, sales)];
  line.input = [
    JSON.stringify({ address: "nobody@contoso.com", refreshToken: swapped }),
    `{"address": "${sales}", "refreshToken": "${swapped}"`,
    JSON.stringify({ address: swapped, refreshToken: sales }),
    JSON.stringify({ address: swapped.slice(0, 60), refreshToken: sales }),
    JSON.stringify({ address: sales, refreshToken: `${swapped} ${swapped}` }),
    JSON.stringify({ address: sales, refreshToken: good }),
    JSON.stringify({ address: support, refreshToken: good }),
  ].join("\n");
  const { exitCode, out, err } = await line.run("--json", "import-tokens", "-");
  // What the first that failed ends with.
  expect(exitCode).toBe(1);
  const results = line.json<{ line: number; outcome: string; error?: { code: string } }>(out).toSorted((a, b) => a.line - b.line);
  expect(results.map(({ outcome, error }) => error?.code ?? outcome)).toEqual([
    "LIFECYCLE_UNKNOWN_QUEUE",
    "CONFIG_INVALID",
    "CONFIG_INVALID",
    "CONFIG_INVALID",
    "CONFIG_INVALID",
    "AUTH_WRONG_ACCOUNT",
    "signed-in",
  ]);
  const shown = out + err + (await line.run("import-tokens", "-")).out;
  for (const token of [good, swapped]) expect(shown).not.toContain(token.slice(10, 40));
  expect(shown).toContain("line 2");
});

test.each([
  ["others can read", 0o644, "chmod 600"],
  ["its group can write", 0o620, "chmod 600"],
])("a file that %s is not read", async (_, mode, told) => {
  const line = await simulatedLine();
  const file = await fileOf(line, JSON.stringify({ address: support, refreshToken: tokenOf(line, support) }), mode);
  const { exitCode, err } = await line.run("import-tokens", file);
  expect([exitCode, err]).toEqual([2, expect.stringContaining(told)]);
  expect(err).toContain("token file");
  expect(line.sim.log.entries()).toEqual([]);
});

test.each([
  ["that is not there", undefined, "There is no token file"],
  ["without a token", "\n", "no token"],
  ["that begins like an array and is none", '[{"address": ', "JSON array"],
])("a file %s is a wrong command line", async (_, text, told) => {
  const line = await simulatedLine();
  if (text !== undefined) await fileOf(line, text);
  const { exitCode, err } = await line.run("import-tokens", "tokens");
  expect([exitCode, err]).toEqual([2, expect.stringContaining(told)]);
});

it("an interrupt leaves what was not tried", async () => {
  const line = await simulatedLine();
  const file = await fileOf(line, JSON.stringify({ address: support, refreshToken: tokenOf(line, support) }));
  line.interrupt();
  const { exitCode, out, err } = await line.run("import-tokens", file);
  expect([exitCode, out]).toEqual([130, ""]);
  expect(err).toContain("1 of 1 tokens were not tried");
});
