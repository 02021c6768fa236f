/** Names and units are those that OpenTelemetry's conventions say, checked against their own package. */
import { metrics } from "@opentelemetry/api";
import { MeterProvider as SdkMeterProvider } from "@opentelemetry/sdk-metrics";
import * as conventions from "@opentelemetry/semantic-conventions";
import { expect, expectTypeOf, test } from "vitest";
import { attributeNames, createInstruments, described, observable } from "../../../../src/daemon/metrics/instruments.js";
import { globalMeterProvider, type MeterProvider } from "../../../../src/daemon/metrics/meter.js";
import { rejected } from "../../../support/rejection.js";

const all = Object.values(described);

test("requests have the name and the attributes of the conventions for HTTP clients", () => {
  expect(described.requestDuration).toMatchObject({ name: conventions.METRIC_HTTP_CLIENT_REQUEST_DURATION, unit: "s", kind: "Histogram" });
  const { method, status, host, port, error } = attributeNames;
  expect([method, status, host, port, error]).toEqual([
    conventions.ATTR_HTTP_REQUEST_METHOD,
    conventions.ATTR_HTTP_RESPONSE_STATUS_CODE,
    conventions.ATTR_SERVER_ADDRESS,
    conventions.ATTR_SERVER_PORT,
    conventions.ATTR_ERROR_TYPE,
  ]);
});

test("what is ours stands under mail_daemon, in names as OpenTelemetry allows them, each once and none inside another", () => {
  const names = all.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) {
    expect(name).toMatch(/^(http\.client\.request\.duration|mail_daemon(\.[a-z]+(_[a-z]+)*)+)$/);
    expect(names.filter((other) => other.startsWith(`${name}.`))).toEqual([]);
  }
});

test("times are in seconds, and what is counted stands in braces", () => {
  for (const { kind, unit, name } of all) {
    if (kind === "Histogram" || name.endsWith("_age") || name.endsWith(".time")) expect(unit).toBe("s");
    else expect(unit).toMatch(name.endsWith(".unavailable") ? /^$/ : /^\{[a-z]+\}$/);
  }
});

test("the SDK makes them all, and its provider fits our type", async () => {
  const provider = new SdkMeterProvider();
  expectTypeOf(provider).toExtend<MeterProvider>();
  expectTypeOf(metrics).toHaveProperty("getMeterProvider").returns.toExtend<MeterProvider>();
  const instruments = createInstruments(provider.getMeter("test"));
  expect(Object.keys(instruments)).toEqual(Object.keys(described));
  expect(observable(instruments).length).toBe(all.filter(({ kind }) => kind.startsWith("Observable")).length);
  await provider.shutdown();
});

test("without a provider the registered one is taken, and one that does nothing where none was", () => {
  const provider = new SdkMeterProvider();
  expect(globalMeterProvider()).not.toBe(provider);
  metrics.setGlobalMeterProvider(provider);
  try {
    expect(globalMeterProvider()).toBe(provider);
  } finally {
    metrics.disable();
  }
});

test("without the package it is said what to install", async () => {
  const missing = Object.assign(new Error("Cannot find module '@opentelemetry/api'"), { code: "MODULE_NOT_FOUND" });
  const error = await rejected(
    (async () =>
      globalMeterProvider(() => {
        throw missing;
      }))(),
  );
  expect(error).toMatchObject({ code: "CONFIG_PACKAGE_MISSING", remedy: "Run: npm install @opentelemetry/api", who: "developer" });
});
