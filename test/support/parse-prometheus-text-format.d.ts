/** What is used of the package, which has no types of its own. */
declare module "parse-prometheus-text-format" {
  interface Metric {
    readonly labels?: Readonly<Record<string, string>>;
    readonly value: string;
  }

  interface Family {
    readonly name: string;
    readonly help: string;
    readonly type: string;
    readonly metrics: readonly Metric[];
  }

  /** Throws on a line that is none of the format's. */
  export default function parsePrometheusTextFormat(text: string): Family[];
}
