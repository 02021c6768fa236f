/** A handler of the operator's own: a module's default export, or a function of the configuration. */
import { resolve } from "node:path";
import { ConfigError } from "../../base/errors.js";
import type { Handler } from "../../daemon/options.js";
import { defaultExportOf } from "../default-export.js";
import { nothingToClose, type Sink } from "./sink.js";

export function handlerSink(handler: Handler, where: string): Sink {
  return { where, handler, tellsReasons: false, close: nothingToClose };
}

/** @throws ConfigError `CONFIG_INVALID` when the module does not run, or gives no function */
export async function handlerModuleSink(path: string, folder: string): Promise<Sink> {
  const file = resolve(folder, path);
  const given = await defaultExportOf(file, "handler");
  // A CommonJS module that was compiled from TypeScript has its default one step down.
  const handler = typeof given === "object" && given !== null && "default" in given ? given.default : given;
  if (typeof handler === "function") return handlerSink(handler as Handler, `the handler ${file}`);
  throw new ConfigError("CONFIG_INVALID", `The handler file ${file} has a default export of type ${typeof handler}; expected a function.`);
}
