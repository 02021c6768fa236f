/** The deadline that a stop is given. */
import { ConfigError } from "../base/errors.js";

export function deadlineError(deadlineMs: unknown): ConfigError | undefined {
  if (typeof deadlineMs === "number" && deadlineMs >= 0) return undefined;
  const got = `${String(deadlineMs)} (${typeof deadlineMs})`;
  return new ConfigError("CONFIG_INVALID", `Expected \`deadlineMs\` to be a number of milliseconds, 0 or more, got ${got}.`);
}
