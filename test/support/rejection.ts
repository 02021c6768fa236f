/** Errors as a test meets them: the one a promise ends with, and everything that it would show in a log. */
import { inspect } from "node:util";
import { expect } from "vitest";
import { MailError } from "../../src/base/errors.js";

/** Everything that an error would show in a log. */
export function shown(error: unknown): string {
  const text = (value: unknown) =>
    JSON.stringify(value, (_, inner: unknown) =>
      inner instanceof Error ? { ...inner, message: inner.message, stack: inner.stack, cause: inner.cause } : inner,
    );
  return `${inspect(error, { depth: 20, showHidden: true, maxStringLength: null, maxArrayLength: null })}${text(error)}`;
}

/** The secrets that an error shows. */
export function leaks(error: unknown, secrets: Iterable<string>): string[] {
  const text = shown(error);
  return [...secrets].filter((secret) => text.includes(secret));
}

/** The `MailError` that a promise ends with, after a search for the secrets given. */
export async function rejected(promise: Promise<unknown>, { secrets = [] }: { secrets?: Iterable<string> } = {}): Promise<MailError> {
  const error = await promise.then(
    () => {
      throw new Error("Expected a rejection.");
    },
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(MailError);
  expect(leaks(error, secrets)).toEqual([]);
  return error as MailError;
}
