/**
 * config.schema.json out of the type of the configuration and its comments: `configSchema` makes it, and run as a script
 * this file writes it. Usage: npm run schema
 */
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { createGenerator } from "ts-json-schema-generator";

const ownRoot = fileURLToPath(new URL("..", import.meta.url));

/**
 * The text of the schema.
 * @param {string} root @param {string} [path] of the file with `JsonConfig`, relative to the root
 * @returns {string}
 */
export function configSchema(root, path = "src/cli/config.ts") {
  const generator = createGenerator({
    path: resolve(root, path),
    tsconfig: resolve(ownRoot, "tsconfig.json"),
    type: "JsonConfig",
    // It has a compiler of its own, older than ours; `npm run types` checks the types.
    skipTypeCheck: true,
  });
  const { definitions, ...head } = generator.createSchema("JsonConfig");
  const title = { title: "The configuration of m365-mail-daemon" };
  return `${JSON.stringify({ ...head, ...title, definitions }, undefined, 2)}\n`;
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  writeFileSync(resolve(ownRoot, "config.schema.json"), configSchema(ownRoot));
  console.log("config.schema.json written");
}
