/**
 * Runs a module of the operator's: the configuration, a handler. JavaScript as Node does, TypeScript by jiti, which is
 * loaded when it is needed.
 *
 * Invariant: whatever is wrong with it is a `ConfigError` that names the file and what it is for.
 */
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { pathToFileURL } from "node:url";
import { ConfigError } from "../base/errors.js";

/**
 * The default export of a file. `what`: how the file is called in messages, such as `configuration`.
 * @throws ConfigError `CONFIG_INVALID`
 */
export async function defaultExportOf(file: string, what: string): Promise<unknown> {
  if (!existsSync(file)) throw new ConfigError("CONFIG_INVALID", `The ${what} file ${file} is not there.`);
  try {
    const module = /\.[cm]?ts$/.test(file) ? await runTypeScript(file) : ((await import(pathToFileURL(file).href)) as object);
    if ("default" in module) return module.default;
  } catch (error) {
    const told = error instanceof Error ? error.message : String(error);
    throw new ConfigError("CONFIG_INVALID", `The ${what} file ${file} does not run: ${told}`, { cause: error });
  }
  throw new ConfigError("CONFIG_INVALID", `The ${what} file ${basename(file)} has no default export.`);
}

/** Node 20 does not run TypeScript by itself. Without jiti's cache, which lies in the temp folder for all to read and to make. */
async function runTypeScript(file: string): Promise<object> {
  const { createJiti } = await import("jiti");
  return createJiti(import.meta.url, { interopDefault: false, fsCache: false }).import<object>(file);
}
