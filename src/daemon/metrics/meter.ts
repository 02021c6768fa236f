/**
 * What is used of OpenTelemetry's metrics, as far as it is: a `MeterProvider` of the host's, or the global one of the
 * optional package `@opentelemetry/api`.
 *
 * Invariant: the package is loaded when its global provider is asked for and not before, and none of its types is in a
 * declaration of ours: a host without it can still compile against them.
 */
import { createRequire } from "node:module";
import { ConfigError } from "../../base/errors.js";

export interface MetricAttributes {
  [name: string]: string | number | boolean;
}

export interface InstrumentOptions {
  description?: string;
  unit?: string;
  advice?: { explicitBucketBoundaries?: number[] };
}

export interface MetricCounter {
  add(value: number, attributes?: MetricAttributes): void;
}

export interface MetricHistogram {
  record(value: number, attributes?: MetricAttributes): void;
}

/** Where values are told that are looked at when somebody asks for them. */
export interface Observations {
  observe(instrument: object, value: number, attributes?: MetricAttributes): void;
}

/** What is used of OpenTelemetry's `Meter`. */
export interface Meter {
  createCounter(name: string, options?: InstrumentOptions): MetricCounter;
  createHistogram(name: string, options?: InstrumentOptions): MetricHistogram;
  createObservableCounter(name: string, options?: InstrumentOptions): object;
  createObservableGauge(name: string, options?: InstrumentOptions): object;
  createObservableUpDownCounter(name: string, options?: InstrumentOptions): object;
  addBatchObservableCallback(callback: (observations: Observations) => void, instruments: object[]): void;
  removeBatchObservableCallback(callback: (observations: Observations) => void, instruments: object[]): void;
}

/** What is used of OpenTelemetry's `MeterProvider`. */
export interface MeterProvider {
  getMeter(name: string): Meter;
}

/** What is used of `@opentelemetry/api` 1. */
export interface TelemetryApi {
  readonly metrics: { getMeterProvider(): MeterProvider };
}

const packageName = "@opentelemetry/api";

/** Loads the package as `require` does; what is registered in it is one for the whole process. */
function requireApi(): TelemetryApi {
  return createRequire(import.meta.url)(packageName) as TelemetryApi;
}

/** The provider that the host has registered; one that does nothing where it has not. @throws ConfigError `CONFIG_PACKAGE_MISSING` */
export function globalMeterProvider(load: () => TelemetryApi = requireApi): MeterProvider {
  let api: TelemetryApi;
  try {
    api = load();
  } catch (cause) {
    const message = `\`metrics\` without a \`meterProvider\` needs the package ${packageName}, which is not installed or cannot be loaded.`;
    throw new ConfigError("CONFIG_PACKAGE_MISSING", message, { cause, who: "developer", remedy: `Run: npm install ${packageName}` });
  }
  return api.metrics.getMeterProvider();
}
