/**
 * The gate of JSON in README.md and docs/: every ```json block is JSON as the package reads it, and is a configuration
 * (or a part of one), a mail as the command line writes it, or a seed file. Faults have the line of the page they stand on.
 * What is neither of the latter two counts as a configuration, so that no wrong name gets by. Seed files are checked in
 * test/gates/testing-page.test.ts, by the simulator's own reader.
 * Usage: node scripts/docs-json.mjs
 */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Ajv } from "ajv";
import { parse, printParseErrorCode } from "jsonc-parser";
import { createGenerator } from "ts-json-schema-generator";
import { readBlocks } from "./docs-check.mjs";

/** @typedef {{ readonly definitions: Record<string, { required?: string[] }> }} Schema */

const ownRoot = fileURLToPath(new URL("..", import.meta.url));

/** A part of what the definition asks for is enough. @param {Schema} schema @param {string} name */
function partly(schema, name) {
  const { required: _, ...definition } = schema.definitions[name] ?? {};
  return { ...schema, definitions: { ...schema.definitions, [name]: definition } };
}

/** @returns {Schema} */
function mailSchema() {
  const options = { path: join(ownRoot, "src/cli/mail-json.ts"), tsconfig: join(ownRoot, "tsconfig.json"), skipTypeCheck: true };
  return /** @type {Schema} */ (createGenerator({ ...options, type: "MailJson" }).createSchema("MailJson"));
}

/** What is asked of a value: the faults of it. @returns {(value: object) => string[]} */
function judge() {
  const ajv = new Ajv({ strict: false, allErrors: true, formats: { "date-time": (text) => !Number.isNaN(Date.parse(text)) } });
  const config = ajv.compile(partly(JSON.parse(readFileSync(join(ownRoot, "config.schema.json"), "utf8")), "JsonConfig"));
  /** Made when the first mail comes: that takes seconds. @type {import("ajv").ValidateFunction | undefined} */
  let mail;
  return (value) => {
    if ("users" in value) return [];
    if ("message" in value) mail ??= ajv.compile(partly(mailSchema(), "MessageJson"));
    const [validate, what] = "message" in value && mail ? [mail, "no mail"] : [config, "no configuration"];
    if (validate(value)) return [];
    return (validate.errors ?? []).map(({ instancePath, message, params }) => {
      const { additionalProperty: name } = /** @type {{ additionalProperty?: string }} */ (params);
      return `${what}: ${instancePath || "it"} ${message}${name === undefined ? "" : ` (${name})`}`;
    });
  };
}

/**
 * Faults as `page:line  why`.
 * @param {string} root
 * @returns {{ readonly blockCount: number, readonly faults: string[] }}
 */
export function checkJson(root) {
  const blocks = readBlocks(root, /^jsonc?$/);
  const wrongs = judge();
  const faults = blocks.flatMap(({ page, line, text }) => {
    /** @type {import("jsonc-parser").ParseError[]} */
    const errors = [];
    const value = parse(text, errors, { allowTrailingComma: true });
    if (errors[0]) {
      const { error, offset } = errors[0];
      return [`${page}:${line + text.slice(0, offset).split("\n").length - 1}  no JSON: ${printParseErrorCode(error)}`];
    }
    if (typeof value !== "object" || value === null) return [`${page}:${line}  no object: what is it?`];
    return wrongs(value).map((wrong) => `${page}:${line}  ${wrong}`);
  });
  return { blockCount: blocks.length, faults };
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const { blockCount, faults } = checkJson(ownRoot);
  for (const fault of faults) console.log(fault);
  console.log(`docs: ${blockCount} blocks of JSON, ${faults.length} faults`);
  if (faults.length > 0 || blockCount === 0) process.exitCode = 1;
}
