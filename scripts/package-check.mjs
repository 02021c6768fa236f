/**
 * The package gate: packs the library as it would be published and uses it as a stranger would.
 *
 * 1. `publint` and `attw` read the tarball. The package is ESM only: Node 20.19, 22.12 and newer load it through
 *    `require` as well, so attw's rule `cjs-resolves-to-esm`, made for older Nodes, does not apply; nor do Node 10's ways.
 * 2. A project in a temporary folder installs the tarball without install scripts and sees only the files meant for it.
 * 3. There the README's quick start runs against the simulator, as an ES module and through `require`, and what needs an
 *    optional peer says so: none is installed.
 * 4. There a host's file and the quick start are type-checked, strictly, without the DOM's types and with every
 *    declaration file read (`skipLibCheck: false`), resolved as Node does and as bundlers do.
 * 5. The Dockerfile of examples/deploy is played with it, without Docker.
 */
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { blocksOf } from "./docs-check.mjs";
import { checkImage } from "./image-check.mjs";
import { programsOf } from "./quick-start.mjs";
import { run } from "./run.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const own = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const published =
  /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|config\.schema\.json|docs\/[\w-]+\.md|dist\/(src|simulator)\/[\w./-]+\.(js|d\.ts))$/;
/** The quick start against the simulator takes a second; a program that hangs must not hold the gate. */
const longestRunMs = 60_000;

/** @param {string} path */
const bin = (path) => join(root, "node_modules", path);

/** @param {string} folder @returns {Promise<string>} the tarball's path */
async function pack(folder) {
  await run("npm", ["pack", "--silent", "--pack-destination", folder], { cwd: root });
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  if (tarball === undefined) throw new Error(`Expected npm pack to leave a tarball in ${folder}`);
  return join(folder, tarball);
}

/** @param {string} consumer @param {string} tarball */
async function install(consumer, tarball) {
  const manifest = {
    name: "consumer",
    private: true,
    type: "module",
    dependencies: { [own.name]: `file:${tarball}` },
    devDependencies: { "@types/node": own.devDependencies["@types/node"], typescript: own.devDependencies.typescript },
  };
  writeFileSync(join(consumer, "package.json"), JSON.stringify(manifest));
  await run("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], { cwd: consumer });

  const installed = join(consumer, "node_modules", own.name);
  const files = readdirSync(installed, { recursive: true, withFileTypes: true, encoding: "utf8" })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(installed.length + 1)
        .replaceAll("\\", "/"),
    )
    .filter((file) => !file.startsWith("node_modules/"));
  const strays = files.filter((file) => !published.test(file));
  if (strays.length > 0) throw new Error(`The tarball holds files that are not meant for hosts: ${strays.join(", ")}`);
  for (const wanted of ["README.md", "LICENSE", "CHANGELOG.md", "config.schema.json"]) {
    if (!files.includes(wanted)) throw new Error(`The tarball lacks ${wanted}`);
  }
  console.log(`tarball: ${files.length} files`);
}

/** @param {string} consumer */
function writePrograms(consumer) {
  const [quickStart] = blocksOf("README.md", readFileSync(join(root, "README.md"), "utf8"));
  if (quickStart === undefined) throw new Error("Expected a ```ts block in README.md: the quick start");
  const { esm, commonJs } = programsOf(quickStart.text);
  writeFileSync(join(consumer, "quick-start.mjs"), esm);
  writeFileSync(join(consumer, "quick-start.cjs"), commonJs);
  writeFileSync(join(consumer, "readme.ts"), `${quickStart.text}\nexport {};\n`);
  for (const name of ["stage.mjs", "peers.mjs", "free-names.ts", "types.ts"])
    copyFileSync(join(root, "test/consumer", name), join(consumer, name));
}

/** @param {string} consumer @param {"nodenext" | "bundler"} moduleResolution */
async function checkTypes(consumer, moduleResolution) {
  const config = `tsconfig.${moduleResolution}.json`;
  const compilerOptions = {
    target: "es2023",
    lib: ["es2023"],
    types: ["node"],
    module: moduleResolution === "bundler" ? "esnext" : "nodenext",
    moduleResolution,
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
  };
  writeFileSync(join(consumer, config), JSON.stringify({ compilerOptions, files: ["free-names.ts", "readme.ts", "types.ts"] }));
  await run(process.execPath, [join(consumer, "node_modules/typescript/bin/tsc"), "-p", config], { cwd: consumer });
  console.log(`types: ${moduleResolution}`);
}

/** @param {string} consumer @param {string} program */
async function play(consumer, program) {
  rmSync(join(consumer, "state"), { recursive: true, force: true });
  const limit = `setTimeout(() => { console.error("${program} still runs after ${longestRunMs} ms"); process.exit(1); }, ${longestRunMs}).unref();`;
  writeFileSync(join(consumer, "limit.mjs"), limit);
  console.log(program);
  await run(process.execPath, ["--import", "./limit.mjs", program], { cwd: consumer });
}

const work = mkdtempSync(join(tmpdir(), "package-"));
const consumer = mkdtempSync(join(tmpdir(), "consumer-"));
try {
  const tarball = await pack(work);
  await run(process.execPath, [bin("publint/src/cli.js"), "run", tarball, "--strict"]);
  await run(process.execPath, [
    bin("@arethetypeswrong/cli/dist/index.js"),
    tarball,
    "--profile",
    "node16",
    "--ignore-rules",
    "cjs-resolves-to-esm",
  ]);
  await install(consumer, tarball);
  writePrograms(consumer);
  await play(consumer, "quick-start.mjs");
  await play(consumer, "quick-start.cjs");
  await play(consumer, "peers.mjs");
  await checkTypes(consumer, "nodenext");
  await checkTypes(consumer, "bundler");
  await checkImage(consumer);
} catch (error) {
  console.error(`package: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
} finally {
  for (const folder of [work, consumer]) rmSync(folder, { recursive: true, force: true });
}
