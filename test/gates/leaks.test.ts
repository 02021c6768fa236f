/** The leak check is trusted because it was seen to fail: planted leaks fail their tests, clean neighbours pass. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly title: string; readonly status: string; readonly failureMessages: readonly string[] }[];
  }[];
}

const config = fileURLToPath(new URL("fixtures/vitest.config.ts", import.meta.url));
const vitest = fileURLToPath(new URL("../../node_modules/vitest/vitest.mjs", import.meta.url));

async function runFixtures(): Promise<Map<string, string>> {
  const output = await new Promise<string>((resolve) => {
    // A failing run is what is expected, so the exit code is not looked at; the report says more.
    execFile(process.execPath, [vitest, "run", "--config", config, "--reporter=json"], (_error, stdout) => resolve(stdout));
  });
  const report = JSON.parse(output.slice(output.indexOf("{"))) as Report;
  const results = report.testResults.flatMap((file) => file.assertionResults);
  return new Map(results.map(({ title, status, failureMessages }) => [title, `${status} ${failureMessages.join("\n")}`]));
}

test("a test that leaks a timer, a server or a child process fails and says what leaked; clean ones pass", async () => {
  const outcomes = await runFixtures();
  expect(outcomes.get("leaks a timer")).toMatch(/^failed .*The test leaks: a setTimeout that still waits, started .*leaky\.fixture\.ts/s);
  expect(outcomes.get("leaks a background timer")).toMatch(/^failed .*a setInterval that still waits/s);
  expect(outcomes.get("leaks a server")).toMatch(/^failed .*1 open TCPServerWrap/s);
  expect(outcomes.get("leaks a child process")).toMatch(/^failed .*1 open ProcessWrap/s);

  const clean = [...outcomes].filter(([title]) => title.startsWith("clean:"));
  expect(clean).toHaveLength(5);
  for (const [title, outcome] of clean) expect(`${title} -> ${outcome.trim()}`).toBe(`${title} -> passed`);
});
