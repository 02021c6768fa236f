/** How a host has its daemon measured. */
import { z } from "zod";
import type { MeterProvider } from "./meter.js";

export interface MetricsOptions {
  /**
   * Where the instruments are made: a `MeterProvider` of OpenTelemetry's SDK. Default: the one that was registered with the package
   * `@opentelemetry/api` (an optional peer, loaded then) before `createMailDaemon`.
   */
  readonly meterProvider?: MeterProvider;
  /**
   * Whether what is measured of queues is told apart by `mail_daemon.queue.address`. Default false: sums over all queues, whose number
   * of time series does not grow with the queues.
   */
  readonly queueAddresses?: boolean;
  /** Attributes of every measurement, such as a name for each of several daemons in one process. Default: none. */
  readonly attributes?: Readonly<Record<string, string | number | boolean>>;
}

export const metricsSchema = z.strictObject({
  meterProvider: z
    .custom<MeterProvider>((given) => typeof (given as Partial<MeterProvider> | null)?.getMeter === "function", {
      error: "an OpenTelemetry MeterProvider",
    })
    .optional(),
  queueAddresses: z.boolean().optional(),
  attributes: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()], { error: "a text, a number or true or false" }))
    .optional(),
});
