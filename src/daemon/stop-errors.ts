/** What a stop is refused with, and what it leads to. */
import { ConfigError, MailError } from "../base/errors.js";

export function deadlineError(deadlineMs: unknown): ConfigError | undefined {
  if (typeof deadlineMs === "number" && deadlineMs >= 0) return undefined;
  const got = `${String(deadlineMs)} (${typeof deadlineMs})`;
  return new ConfigError("CONFIG_INVALID", `Expected \`deadlineMs\` to be a number of milliseconds, 0 or more, got ${got}.`);
}

export function stoppedError(): MailError {
  return new MailError("LIFECYCLE_STOPPED", "The daemon has been stopped; make a new one.");
}
