/**
 * The Chromium gate: the sign-ins of people, end to end in a real headless browser (test/chromium).
 *
 * Any Chromium or Chrome on the PATH does. Where there is none, one line names Debian's package and nothing is tested;
 * with `CI=true` that is a failure.
 */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./run.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const names = ["chromium", "google-chrome", "google-chrome-stable", "chromium-browser"];

/** @param {string} path */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
const found = names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isProgram);
if (found === undefined) {
  console.log("chromium: not tested, as this is missing: chromium");
  if (process.env.CI === "true") process.exitCode = 1;
} else {
  try {
    const vitest = join(root, "node_modules/vitest/vitest.mjs");
    const env = { CHROMIUM_PATH: found, TEST_REPORT: "" };
    await run(process.execPath, [vitest, "run", "--config", join(root, "test/chromium/vitest.config.ts")], { cwd: root, env });
  } catch (error) {
    console.error(`chromium: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}
