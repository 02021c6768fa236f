/** The search for shown secrets is trusted because it was seen to fail: planted leaks fail their tests, clean neighbours pass. */
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { createSecretIndex } from "../support/secrets/secret-index.js";

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly title: string; readonly status: string; readonly failureMessages: readonly string[] }[];
  }[];
}

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

/** By title, `passed` or `failed` and why. */
let outcomes = new Map<string, string>();
/** What the files failed with beside their tests. */
let fileMessages: string[] = [];
let output = "";

beforeAll(async () => {
  const parameters = [path("../../node_modules/vitest/vitest.mjs"), "run", "--config", path("fixtures/secrets/vitest.config.ts")];
  output = await new Promise<string>((resolve) => {
    // A failing run is what is expected, so the exit code is not looked at; the report says more.
    execFile(process.execPath, [...parameters, "--reporter=json"], (_error, stdout) => resolve(stdout));
  });
  const report = JSON.parse(output.slice(output.indexOf('{"numTotal'))) as Report;
  const results = report.testResults.flatMap((file) => file.assertionResults);
  outcomes = new Map(results.map(({ title, status, failureMessages }) => [title, `${status} ${failureMessages.join("\n")}`]));
  fileMessages = report.testResults.map(({ message }) => message);
});

const saying = (found: string) => new RegExp(`^failed .*The test shows a secret: [^\\n]*${found}`, "s");

test.each([
  ["an event", "refresh token in the event queue:told"],
  ["an error's message", "refresh token in the error AUTH_UNAVAILABLE"],
  ["an error's cause", "refresh token in the error AUTH_UNAVAILABLE"],
  ["a hidden property of an error", "refresh token in the error AUTH_UNAVAILABLE"],
  ["a hidden property of a cause", "refresh token in the error AUTH_UNAVAILABLE"],
  ["an error that nobody keeps", "refresh token in the error AUTH_UNAVAILABLE"],
  ["an error like one before", "refresh token in the error AUTH_UNAVAILABLE"],
  ["a line of the console", "refresh token in what was printed to the console"],
  ["stdout, in two chunks", "password in what was written to stdout"],
  ["a warning", "refresh token in a warning of the process"],
  ["a child process's line", "refresh token in the lines of a child"],
  ["an object", "refresh token in the daemon"],
  ["an access token", "access token in the error AUTH_UNAVAILABLE"],
  ["an id token", "id token in the event queue:told"],
  ["a part of a token", "refresh token in the error AUTH_UNAVAILABLE"],
  ["a password", "password in the error AUTH_UNAVAILABLE"],
  ["a password in a URL", "password in the error AUTH_UNAVAILABLE"],
  ["a password in a form", "password in the error AUTH_UNAVAILABLE"],
  ["a new password", "password in the event queue:told"],
  ["a secret shown before it was one", "password in the event queue:told"],
  ["a key", "key in the event queue:told"],
  ["a part of a key in a URL", "key in the error AUTH_UNAVAILABLE"],
  ["a key as bytes", "key in the error AUTH_UNAVAILABLE"],
  ["a key as a buffer", "key in the error AUTH_UNAVAILABLE"],
  ["an unmarked leak after a marked one", "refresh token in the error AUTH_UNAVAILABLE"],
  ["a secret, and fails besides", "refresh token in the error AUTH_UNAVAILABLE"],
])("a test that shows %s fails and says: %s", (what, found) => {
  expect(outcomes.get(`shows: ${what}`)).toMatch(saying(found));
});

test("a test that fails besides says that too", () => {
  expect(outcomes.get("shows: a secret, and fails besides")).toMatch(/expected 1 to be 2/);
});

test("a secret shown before a test, or after the last one, fails the next or the file", () => {
  expect(outcomes.get("shows: a secret before the first test")).toMatch(
    /^failed .*Something before the test shows a secret: refresh token/s,
  );
  expect(fileMessages.join("\n")).toMatch(/Something after the last test shows a secret: refresh token in the error AUTH_TIMEOUT/);
});

test("no failure repeats the secret that it found", () => {
  const leaked = outcomes.get("shows: a new password");
  expect(leaked).toContain("failed");
  expect([...outcomes.values(), ...fileMessages].join("\n")).not.toMatch(/brandnew|opensesame|correct horse|1\.AX/);
});

test("a leak that is marked as planted has to leak, all of it", () => {
  const expected = /^failed .*Expected a planted leak \([^)]+\), got no secret in the error AUTH_UNAVAILABLE/s;
  expect(outcomes.get("shows: a marked leak that leaks nothing")).toMatch(expected);
  expect(outcomes.get("shows: a marked leak with a stranger beside it")).toMatch(expected);
});

test("tests that show no secret pass, and none is left out", () => {
  const clean = [...outcomes].filter(([title]) => title.startsWith("clean:"));
  expect(clean).toHaveLength(9);
  for (const [title, outcome] of clean) expect(`${title} -> ${outcome.trim()}`).toBe(`${title} -> passed`);
  expect([...outcomes.values()].filter((outcome) => !outcome.startsWith("passed"))).toHaveLength(outcomes.size - 9);
});

test("23 characters in a row are found wherever they are cut from a secret", () => {
  const secret = Array.from({ length: 40 }, (_, index) => String.fromCharCode(48 + ((index * 7) % 75))).join("");
  const index = createSecretIndex();
  index.add("secret", secret);
  for (let at = 0; at + 23 <= secret.length; at += 1)
    expect(index.search(`x${secret.slice(at, at + 23)}x`), `from ${at}`).toEqual(["secret"]);
  expect(index.search(`x${secret.slice(1, 12)}x${secret.slice(13, 24)}`)).toEqual([]);
});

/** Each place that leaks on purpose; a new one is looked at by whoever reviews this list. */
test("the tests that mark a planted leak are these", () => {
  const root = path("..");
  const files = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".test.ts"));
  const marking = files.filter(
    (file) => file !== "gates/secrets.test.ts" && readFileSync(`${root}/${file}`, "utf8").includes("plantsLeak("),
  );
  expect(marking.sort()).toEqual(["unit/auth/entra.test.ts"]);
});
