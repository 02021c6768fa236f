/**
 * How the suites run: one process per file, no retries, a leak check around every test.
 * `TEST_REPORT=<file>` adds the machine-readable report that `npm run check` counts from.
 */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const report = process.env.TEST_REPORT;
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Gates and faults start real processes (compilers, npm, daemons that are killed), so they get longer. */
const slow = { testTimeout: 120_000, hookTimeout: 120_000 };
const slowFolders = ["test/gates/**/*.test.ts", "test/faults/**/*.test.ts"];

export default defineConfig({
  resolve: {
    // Tests see the sources; the packed package is checked by `npm run package`.
    alias: [
      { find: /^m365-mail-daemon$/, replacement: here("src/index.ts") },
      { find: /^m365-mail-daemon\/simulator$/, replacement: here("simulator/index.ts") },
    ],
  },
  test: {
    pool: "forks",
    retry: 0,
    // What the foreign OpenID provider of test/oidc says of settings that are for tests only.
    onConsoleLog: (log) => !log.startsWith("oidc-provider "),
    reporters: report ? ["default", "json"] : ["default"],
    ...(report ? { outputFile: { json: report } } : {}),
    projects: [
      {
        extends: true,
        test: {
          name: "main",
          include: ["test/**/*.test.ts"],
          exclude: [...slowFolders, "test/keychain/**", "test/chromium/**", "**/node_modules/**"],
          setupFiles: [here("test/support/leaks.ts")],
          testTimeout: 20_000,
          hookTimeout: 20_000,
        },
      },
      {
        extends: true,
        test: { name: "slow", include: slowFolders, setupFiles: [here("test/support/leaks.ts")], ...slow },
      },
    ],
  },
});
