/** The tests with a real browser. `scripts/chromium-check.mjs` finds one and starts them. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  test: {
    root: here("."),
    include: ["*.test.ts"],
    setupFiles: [here("../support/check-leaks.ts")],
    pool: "forks",
    retry: 0,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
