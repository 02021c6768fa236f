/** Measurements in Prometheus' text: names as it has them, and room for as many queues as there are. */
import { expect, onTestFinished, test } from "vitest";
import { openPrometheus } from "../../../src/cli/prometheus.js";
import { familiesOf, samplesOf } from "../../support/prometheus.js";

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

test("histograms have their type, with labels and without, and add up; one that does not is no text of Prometheus'", async () => {
  const { meter, text } = await opened(false);
  const advice = { explicitBucketBoundaries: [1, 5] };
  const [plain, labelled] = ["waited", "asked"].map((name) => meter.createHistogram(name, { unit: "s", description: "Time.", advice }));
  plain?.record(3);
  for (const host of ["a", "b"]) labelled?.record(host === "a" ? 0.5 : 30, { host });
  const written = await text();
  const families = familiesOf(written);
  expect(families.map(({ name, type, help }) => [name, type, help])).toEqual([
    ["waited", "HISTOGRAM", "Time."],
    ["asked", "HISTOGRAM", "Time."],
  ]);
  const bucketsOf = (host: string) =>
    families[1]?.samples
      .filter(({ name, labels }) => name === "asked_bucket" && labels.host === host)
      .map(({ labels, value }) => [labels.le, value]);
  expect(bucketsOf("a")).toEqual([
    ["1", 1],
    ["5", 1],
    ["+Inf", 1],
  ]);
  expect(bucketsOf("b")).toEqual([
    ["1", 0],
    ["5", 0],
    ["+Inf", 1],
  ]);
  const planted = [
    [/^waited_count 1$/m, "waited_count 2"],
    [/^waited_bucket\{le="5"\} 1$/m, 'waited_bucket{le="5"} 7'],
    [/^waited_bucket\{le="\+Inf"\} 1\n/m, ""],
    [/^waited_sum 3\n/m, ""],
    [/^waited_sum 3$/m, "waited_sum{host=3} 3"],
  ] as const;
  for (const [line, wrong] of planted) {
    expect(written).toMatch(line);
    expect(() => familiesOf(written.replace(line, wrong))).toThrow(/is no histogram|invalid line/);
  }
});
