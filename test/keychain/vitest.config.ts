/** The tests on a real keyring. `scripts/keychain-check.mjs` installs what they need and starts them. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { witnessErrors } from "../support/secrets/error-witness.js";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  plugins: [witnessErrors()],
  test: {
    root: here("."),
    include: ["*.test.ts"],
    setupFiles: [here("../support/check-leaks.ts"), here("../support/secrets/check-secrets.ts")],
    pool: "forks",
    retry: 0,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
