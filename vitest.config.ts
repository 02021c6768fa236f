/**
 * How the suites run: a few processes at once, each for many files, no retries, a leak check, a search for shown secrets and the two zeros around every test.
 * `TEST_REPORT=<file>` adds the machine-readable report that `npm run check` counts from.
 */
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { witnessErrors } from "./test/support/secrets/error-witness.js";
import { tallySearches } from "./test/support/secrets/tally.js";
import { nameUnended } from "./test/support/unended.js";
import { tallyZeros } from "./test/support/zeros/tally.js";

const report = process.env.TEST_REPORT;
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Gates and faults start real processes (compilers, npm, daemons that are killed), so they get longer. */
const long = { testTimeout: 120_000, hookTimeout: 120_000 };
const setupFiles = ["check-leaks.ts", "secrets/check-secrets.ts", "zeros/check-zeros.ts"].map((file) => here(`test/support/${file}`));
const longFolders = ["test/gates/**/*.test.ts", "test/faults/**/*.test.ts"];

export default defineConfig({
  plugins: [witnessErrors()],
  resolve: {
    // Tests see the sources; the packed package is checked by `npm run package`.
    alias: [
      { find: /^m365-mail-daemon$/, replacement: here("src/index.ts") },
      { find: /^m365-mail-daemon\/simulator$/, replacement: here("simulator/index.ts") },
    ],
  },
  test: {
    pool: "forks",
    // Loading the product and what it stands on takes longer than most files' tests: the files of a process share it.
    isolate: false,
    // Many wait for processes, sockets and timers: more of them than there are cores.
    maxWorkers: Math.max(3, availableParallelism()),
    retry: 0,
    // A wait for a state is no measure of speed: a second, the default, is too short for a machine at its limit.
    expect: { poll: { timeout: 15_000 } },
    reporters: ["default", tallySearches(), tallyZeros(), nameUnended(), ...(report ? ["json"] : [])],
    // What the foreign OpenID provider of test/oidc says of settings that are for tests only.
    onConsoleLog: (log) => !log.startsWith("oidc-provider "),
    ...(report ? { outputFile: { json: report } } : {}),
    projects: [
      {
        extends: true,
        test: {
          name: "main",
          include: ["test/**/*.test.ts", "examples/**/*.test.ts"],
          exclude: [...longFolders, "test/keychain/**", "test/chromium/**", "**/node_modules/**"],
          setupFiles,
          // A minute is no measure of speed: machines are shared, and slow at times.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        // Projects start in the order of their names: what takes minutes first, so that no core waits for it at the end.
        test: { name: "long", include: longFolders, setupFiles, ...long },
      },
    ],
  },
});
