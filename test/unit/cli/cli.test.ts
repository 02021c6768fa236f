/** How a wrong command line is told: for a person as text, for a script as every other error is. */
import { expect, it, test } from "vitest";
import { commandLine } from "./command-line.js";

test.each([
  ["an option that is none", ["status", "--loud"], "unknown option '--loud'"],
  ["a command that is none", ["stat"], "unknown command 'stat'"],
  ["a missing argument", ["explain", "support@contoso.com"], "missing required argument 'id'"],
  ["an option's value that is wrong", ["simulate", "--port", "many"], "Expected a whole number"],
  ["no command", [], "Expected a command"],
])("%s is one line of JSON on standard error with --json, and ends with 2", async (_, words, told) => {
  const { run } = await commandLine();
  const { exitCode, out, err } = await run(...words, "--json");
  expect([exitCode, out, err.split("\n")]).toEqual([2, "", [expect.any(String), ""]]);
  expect(JSON.parse(err)).toEqual({ error: { code: "CONFIG_INVALID", message: expect.stringContaining(told) } });
});

it("is a text for a person, and help is no failure either way", async () => {
  const { run } = await commandLine();
  expect(await run("status", "--loud")).toMatchObject({
    exitCode: 2,
    err: expect.stringMatching(/^error: unknown option '--loud'\n.*--help/),
  });
  for (const words of [["--help"], ["--json", "--help"], ["--version", "--json"]]) {
    const { exitCode, out, err } = await run(...words);
    expect([exitCode, out === "", err]).toEqual([0, false, ""]);
  }
});
