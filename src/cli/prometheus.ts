/**
 * Measurements as Prometheus reads them: OpenTelemetry's SDK with its own serializer, for the daemon of `run`.
 *
 * Invariant: the SDK is loaded when this is called and not before, and none of its types is in a declaration of ours.
 */
import { ConfigError } from "../base/errors.js";
import type { MetricsOptions } from "../daemon/metrics/options.js";

export interface Prometheus {
  /** For `createMailDaemon`. */
  readonly metrics: MetricsOptions;
  /** What was measured until now, in Prometheus' text format. */
  text(): Promise<string>;
  close(): Promise<void>;
}

/** Of the text format that `text()` is in. */
export const prometheusType = "text/plain; version=0.0.4; charset=utf-8";

/** Time series of one instrument where queues are told apart: nine states of 10,000 queues, and some. */
const mostSeries = 100_000;

/** `queueAddresses`: as of {@link MetricsOptions}. @throws ConfigError `CONFIG_PACKAGE_MISSING` */
export async function openPrometheus({ queueAddresses = false }: { readonly queueAddresses?: boolean } = {}): Promise<Prometheus> {
  const { MeterProvider, PrometheusExporter, PrometheusSerializer } = await load();
  const reader = new PrometheusExporter({ preventServerStart: true });
  const views = queueAddresses ? { views: [{ instrumentName: "*", aggregationCardinalityLimit: mostSeries }] } : {};
  const provider = new MeterProvider({ readers: [reader], ...views });
  // Prometheus takes the time of its own asking, and the target's name from its own configuration.
  const serializer = new PrometheusSerializer("", false, undefined, true, true);
  return {
    metrics: { meterProvider: provider, queueAddresses },
    async text() {
      const { resourceMetrics, errors } = await reader.collect();
      if (errors.length > 0) throw errors[0];
      return serializer.serialize(resourceMetrics);
    },
    close: () => provider.shutdown(),
  };
}

async function load() {
  try {
    const [{ MeterProvider }, { PrometheusExporter, PrometheusSerializer }] = await Promise.all([
      import("@opentelemetry/sdk-metrics"),
      import("@opentelemetry/exporter-prometheus"),
    ]);
    return { MeterProvider, PrometheusExporter, PrometheusSerializer };
  } catch (cause) {
    // They want it from whoever uses them, and some package managers leave that to the user.
    const remedy = "Run: npm install @opentelemetry/api";
    const message = "/metrics needs the packages of OpenTelemetry, which cannot be loaded.";
    throw new ConfigError("CONFIG_PACKAGE_MISSING", message, { cause, who: "developer", remedy });
  }
}
