/** Measurements in Prometheus' text: names as it has them, and room for as many queues as there are. */
import { expect, onTestFinished, test } from "vitest";
import { openPrometheus } from "../../../src/cli/prometheus.js";
import { samplesOf } from "../../support/prometheus.js";

async function opened(queueAddresses: boolean) {
  const prometheus = await openPrometheus({ queueAddresses });
  onTestFinished(() => prometheus.close());
  return { ...prometheus, meter: prometheus.metrics.meterProvider!.getMeter("test") };
}

test("dots become underscores, counters get their suffix, values and labels stay as they are", async () => {
  const { meter, text } = await opened(false);
  meter.createCounter("mail_daemon.some.counter", { unit: "{thing}", description: "Things." }).add(3, { "a.b": 'x"\\\n', port: 443 });
  expect(samplesOf(await text())).toEqual([{ name: "mail_daemon_some_counter_total", labels: { a_b: 'x"\\\n', port: "443" }, value: 3 }]);
});

test("nothing that was not measured is in it, and no target or scope", async () => {
  const { meter, text } = await opened(false);
  expect(samplesOf(await text())).toEqual([]);
  meter.createCounter("one").add(1);
  expect(await text()).not.toMatch(/target_info|otel_scope/);
});

test("where queues are told apart there is room for thousands of time series; where not, they are bounded", async () => {
  const series = async (queueAddresses: boolean) => {
    const { meter, text } = await opened(queueAddresses);
    const counter = meter.createCounter("many");
    for (let at = 0; at < 10_000; at += 1) counter.add(1, { queue: at });
    const written = await text();
    return [written.match(/^many_total\{/gm)?.length, written.includes("otel_metric_overflow")];
  };
  expect(await series(true)).toEqual([10_000, false]);
  const [count, isOver] = await series(false);
  expect(count).toBeLessThanOrEqual(2_000);
  expect(isOver).toBe(true);
});
