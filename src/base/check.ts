/** Options from outside, checked by a schema; what does not fit becomes one `ConfigError` that names option, expectation and value. */
import type { z } from "zod";
import { ConfigError } from "./errors.js";

/**
 * The value as the schema returns it.
 * @param root how the value is called in messages, e.g. `options`; empty for the host's own top level
 * @throws ConfigError `CONFIG_INVALID` for the first thing that does not fit
 */
export function checked<Schema extends z.ZodType>(schema: Schema, value: unknown, root = ""): z.output<Schema> {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  const issue = result.error.issues[0] as z.core.$ZodIssue;
  throw new ConfigError("CONFIG_INVALID", sentence(issue, pathText([...(root === "" ? [] : [root]), ...issue.path])));
}

/** Options whose value is repeated nowhere. */
const secretNames: ReadonlySet<PropertyKey> = new Set(["vaultKeys", "password", "refreshToken", "proxy", "connection"]);

function sentence(issue: z.core.$ZodIssue, path: string): string {
  if (issue.code === "unrecognized_keys") {
    const names = issue.keys.map((key) => `\`${path === "" ? "" : `${path}.`}${key}\``).join(", ");
    return `Unknown option ${names}: check its spelling, and that this version has it.`;
  }
  const secret = issue.path.some((part) => secretNames.has(part));
  const got = issue.input === undefined ? "nothing" : secret ? `a value of type ${typeof issue.input}` : shown(issue.input);
  return `Expected ${path === "" ? "the options" : `\`${path}\``} to be ${expectation(issue)}, got ${got}.`;
}

function expectation(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "custom":
      return issue.message;
    case "invalid_type":
      return issue.expected === "int" ? "a whole number" : `${/^[aeio]/.test(issue.expected) ? "an" : "a"} ${issue.expected}`;
    case "too_small":
      return issue.origin === "array" || issue.origin === "string" ? `no shorter than ${issue.minimum}` : `${issue.minimum} or more`;
    case "too_big":
      return issue.origin === "array" || issue.origin === "string" ? `no longer than ${issue.maximum}` : `${issue.maximum} or less`;
    case "invalid_value":
      return `one of ${issue.values.map((value) => JSON.stringify(value)).join(", ")}`;
    case "invalid_union":
      return issue.message;
    default:
      return issue.message;
  }
}

/** What was given, short. */
function shown(value: unknown): string {
  if (typeof value === "string") return `${JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value)} (string)`;
  if (value === null || typeof value === "number" || typeof value === "boolean")
    return `${String(value)} (${value === null ? "null" : typeof value})`;
  return Array.isArray(value) ? `an array of ${value.length}` : `a value of type ${typeof value}`;
}

function pathText(path: readonly PropertyKey[]): string {
  return path.map((part, index) => (typeof part === "number" ? `[${part}]` : `${index > 0 ? "." : ""}${String(part)}`)).join("");
}
