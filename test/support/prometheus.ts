/**
 * Prometheus' text as a parser reads it that is not ours. It throws on a line that is none of the format's.
 *
 * The parser puts the lines of a histogram together whatever their labels, and fails on one without labels whose count comes
 * before its buckets, as is allowed. So it reads the text twice: the lines of names, help and types by themselves; and the
 * samples, with histograms as untyped. What both gave is put together here, and a histogram that is none is an error.
 */
import parse from "parse-prometheus-text-format";

export type Labels = Readonly<Record<string, string>>;

/** One line of the text. */
export interface Sample {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}

export interface Family {
  readonly name: string;
  readonly help: string;
  /** `COUNTER`, `GAUGE`, `HISTOGRAM`; `UNTYPED` where the text does not say. */
  readonly type: string;
  /** Of a histogram the lines of its buckets, sums and counts. */
  readonly samples: readonly Sample[];
}

/** @throws on a line that is none of the format's, on samples outside of their family, on a histogram that does not add up */
export function familiesOf(text: string): Family[] {
  const lines = text.split("\n");
  const declared = parse(`${lines.filter((line) => line.startsWith("#")).join("\n")}\n`);
  /** By the name of their line, which comes again for each set of labels of a histogram. */
  const read = new Map<string, Sample[]>();
  for (const { name, metrics } of parse(text.replaceAll(/^# TYPE \S+ histogram$/gm, ""))) {
    const samples = metrics.map(({ labels = {}, value }): Sample => ({ name, labels, value: numberIn(value) }));
    read.set(name, [...(read.get(name) ?? []), ...samples]);
  }
  const families = declared.map(({ name, help, type }): Family => {
    const names = type === "HISTOGRAM" ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
    const samples = names.flatMap((one) => read.get(one) ?? []);
    for (const one of [name, ...names]) read.delete(one);
    if (type === "HISTOGRAM") assertHistogram(name, samples);
    return { name, help, type, samples };
  });
  return [...families, ...[...read].map(([name, samples]) => ({ name, help: "", type: "UNTYPED", samples }))];
}

export function samplesOf(text: string): Sample[] {
  return familiesOf(text).flatMap(({ samples }) => samples);
}

function numberIn(text: string): number {
  return Number(text.replace(/^([+-]?)Inf$/, "$1Infinity"));
}

/** For each set of labels: buckets by rising limits that never fall, the last of which is `+Inf` and the count; and a sum. */
function assertHistogram(name: string, samples: readonly Sample[]): void {
  const series = new Map<string, { buckets: [limit: number, value: number][]; sum?: number; count?: number }>();
  for (const { name: line, labels, value } of samples) {
    const { le, ...others } = labels;
    const key = JSON.stringify(Object.entries(others).sort());
    const one = series.get(key) ?? { buckets: [] };
    series.set(key, one);
    if (line === `${name}_bucket`) one.buckets.push([numberIn(le ?? "none"), value]);
    else if (line === `${name}_sum`) one.sum = value;
    else one.count = value;
  }
  for (const [key, { buckets, sum, count }] of series) {
    const rises = buckets.every(([limit, value], at) => {
      const [before, less] = buckets[at - 1] ?? [Number.NEGATIVE_INFINITY, 0];
      return limit > before && value >= less;
    });
    const [last, all] = buckets.at(-1) ?? [];
    if (rises && last === Number.POSITIVE_INFINITY && all === count && sum !== undefined) continue;
    throw new Error(`${name} is no histogram for ${key}: buckets ${JSON.stringify(buckets)}, sum ${sum}, count ${count}`);
  }
}
