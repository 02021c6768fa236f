/** Handlers of the operator's own: JavaScript, CommonJS and TypeScript, and what is none. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished, test } from "vitest";
import { handlerModuleSink } from "../../../../src/cli/sinks/handler-module.js";
import { rejected } from "../../../support/rejection.js";
import { given } from "./given-delivery.js";

async function moduleOf(name: string, text: string) {
  const folder = await mkdtemp(join(tmpdir(), "mail-handler-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, name), text);
  return () => handlerModuleSink(`./${name}`, folder);
}

test.each([
  ["handler.mjs", "export default async ({ message }) => message.subject;"],
  ["handler.cjs", "module.exports = async ({ message }) => message.subject;"],
  ["compiled.cjs", "exports.default = async ({ message }) => message.subject;"],
  [
    "handler.ts",
    "interface Given { readonly message: { readonly subject: string } }\nexport default async ({ message }: Given): Promise<string> => message.subject satisfies string;",
  ],
])("%s is run, its path being relative to the configuration", async (name, text) => {
  const sink = await (await moduleOf(name, text))();
  expect(await sink.handler(given().delivery)).toBe("Secret words\nin two lines");
  expect(sink.where).toContain(name);
});

it("decides for itself how often a mail is tried, and its reasons are its own", async () => {
  const sink = await (await moduleOf("handler.mjs", "export default () => undefined;"))();
  expect([sink.maxAttempts, sink.tellsReasons]).toEqual([undefined, false]);
});

test.each([
  ["is not there", "other.mjs", "", "is not there"],
  ["has no default export", "handler.mjs", "export const handler = () => undefined;", "no default export"],
  ["gives no function", "handler.mjs", "export default { subject: 1 };", "expected a function"],
  ["throws", "handler.mjs", 'throw new Error("no database");', "no database"],
  ["is no JavaScript", "handler.mjs", "export default (", "does not run"],
])("a module that %s is refused, with its name", async (_, name, text, told) => {
  const sink = await moduleOf(name === "other.mjs" ? "another.mjs" : name, text);
  const error = await rejected(name === "other.mjs" ? handlerModuleSink("./other.mjs", tmpdir()) : sink());
  expect(error.code).toBe("CONFIG_INVALID");
  expect(error.message).toContain(name);
  expect(error.message).toContain(told);
});
