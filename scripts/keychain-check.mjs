/**
 * The keychain gate: `keychainKeys` on a real keyring (libsecret, gnome-keyring), in D-Bus sessions of its own under a
 * temporary home folder. Expects `dist/`, as `npm run build` leaves it.
 *
 * The package that reaches the keychain is an optional peer whose binary is built from source, so it is no part of
 * `npm ci`: test/keychain has a package.json of its own, and this installs there. Where a Debian package is missing, one
 * line names it and nothing is tested; with `CI=true` that is a failure.
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { run } from "./run.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "test/keychain");

/** Each Debian package with a command that works only where it is installed. */
const needed = /** @type {const} */ ([
  ["build-essential", "c++", "--version"],
  ["build-essential", "make", "--version"],
  ["dbus", "dbus-run-session", "--version"],
  ["gnome-keyring", "gnome-keyring-daemon", "--version"],
  ["pkg-config", "pkg-config", "--version"],
  ["libsecret-1-dev", "pkg-config", "--exists", "libsecret-1"],
  ["python3", "python3", "--version"],
]);

/** @returns {string[]} */
function missingPackages() {
  const missing = needed.filter(([, command, ...parameters]) => spawnSync(command, parameters, { stdio: "ignore" }).status !== 0);
  return [...new Set(missing.map(([name]) => name))];
}

/** Installs what the lock file says, unless that was done before. */
async function install() {
  const lock = readFileSync(join(folder, "package-lock.json"), "utf8");
  const stamp = join(folder, "node_modules/.installed-lock.json");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === lock) return;
  // The headers that came with this Node, where there are any; else node-gyp fetches them from nodejs.org.
  const home = join(process.execPath, "../..");
  const env = existsSync(join(home, "include/node/node_api.h")) ? { npm_package_config_node_gyp_nodedir: home } : {};
  await run("npm", ["ci", "--no-audit", "--no-fund"], { cwd: folder, env });
  // npm goes on when it was told to run no install scripts.
  if (!existsSync(join(folder, "node_modules/keytar/build/Release/keytar.node"))) {
    throw new Error("keytar was not built: its install script must be allowed, see `allowScripts` in test/keychain/package.json");
  }
  writeFileSync(stamp, lock);
}

/** The library as if it were installed there: it finds the optional peer beside it, and everything else above. */
function installOurs() {
  const ours = join(folder, "node_modules/m365-mail-daemon");
  rmSync(ours, { recursive: true, force: true });
  mkdirSync(ours, { recursive: true });
  cpSync(join(root, "package.json"), join(ours, "package.json"));
  cpSync(join(root, "dist/src"), join(ours, "dist/src"), { recursive: true });
}

const missing = process.platform === "linux" ? missingPackages() : ["Linux"];
if (missing.length > 0) {
  console.log(`keychain: not tested, as this is missing: ${missing.join(", ")}`);
  if (process.env.CI === "true") process.exitCode = 1;
} else {
  try {
    await install();
    installOurs();
    const vitest = join(root, "node_modules/vitest/vitest.mjs");
    await run(process.execPath, [vitest, "run", "--config", join(folder, "vitest.config.ts")], { cwd: root, env: { TEST_REPORT: "" } });
  } catch (error) {
    console.error(`keychain: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}
