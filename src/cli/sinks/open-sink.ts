/** From the configuration's `deliverTo` to the sink, checked before any mail is asked for. */
import { resolve } from "node:path";
import type { Clock } from "../../base/clock.js";
import type { DeliveryConfig } from "../config.js";
import type { CliProcess } from "../context.js";
import type { LoadedConfig } from "../load-config.js";
import { filesSink } from "./files.js";
import { handlerModuleSink, handlerSink } from "./handler-module.js";
import { linesSink } from "./lines.js";
import type { Sink } from "./sink.js";
import { webhookSink } from "./webhook.js";

/** @throws ConfigError `CONFIG_INVALID` */
export async function openSink(
  { config, folder }: LoadedConfig,
  { env, stdout, clock }: Pick<CliProcess, "env" | "stdout"> & { readonly clock: Clock },
): Promise<Sink> {
  const deliverTo = config.deliverTo ?? ({ ndjson: true } satisfies DeliveryConfig);
  if (typeof deliverTo === "function") return handlerSink(deliverTo, "the handler of the configuration");
  if ("handler" in deliverTo) return handlerModuleSink(deliverTo.handler, folder);
  if ("files" in deliverTo) return filesSink(resolve(folder, deliverTo.files));
  return "webhook" in deliverTo ? webhookSink(deliverTo.webhook, { env, clock }) : linesSink(stdout);
}
