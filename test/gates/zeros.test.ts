/** The two zeros are trusted because they were seen to fail: planted trespasses fail their tests, and the end of the run says where each was. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { expect, test } from "vitest";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

test("a test whose requests come early, or five at once, fails; the tally names each with its test and its times", async () => {
  const parameters = [path("../../node_modules/vitest/vitest.mjs"), "run", "--config", path("fixtures/zeros/vitest.config.ts")];
  // A failing run is what is expected, so the exit code is not looked at; the output says more.
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, parameters, (_error, stdout) => resolve(stripVTControlCharacters(stdout)));
  });
  expect(output).toMatch(/Tests +3 failed \| 1 passed/);
  const early = (afterMs: number, earlyMs: number) =>
    `delta of support@contoso.com ${afterMs} ms after a refusal, ${earlyMs} ms before its Retry-After had passed`;
  expect(output.slice(output.indexOf("Simulators saw")).trimEnd().split("\n")).toEqual([
    "Simulators saw 12 requests of daemons: 3 before a Retry-After had passed or over four at once.",
    `  trespassing.fixture.ts > knocks early: ${early(20_000, 40_000)}`,
    `  trespassing.fixture.ts > knocks early and fails by itself: ${early(59_000, 1_000)}`,
    "  trespassing.fixture.ts > five at once: 5 requests at once to support@contoso.com",
  ]);
});
