/**
 * Prometheus' text as a parser reads it that is not ours. It throws on a line that is none of the format's.
 *
 * It puts the lines of a histogram together whatever their labels, and fails on one without labels whose count comes before
 * its buckets, as is allowed. So the families of histograms are given to it without their type: it reads each line as it is.
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
  /** `COUNTER`, `GAUGE`; of a histogram `UNTYPED`, a family for each of its suffixes. */
  readonly type: string;
  readonly samples: readonly Sample[];
}

export function familiesOf(text: string): Family[] {
  return parse(text.replaceAll(/^# TYPE \S+ histogram$/gm, "")).map(({ name, help, type, metrics }) => ({
    name,
    help,
    type,
    samples: metrics.map(({ labels = {}, value }) => ({ name, labels, value: Number(value) })),
  }));
}

export function samplesOf(text: string): Sample[] {
  return familiesOf(text).flatMap(({ samples }) => samples);
}
