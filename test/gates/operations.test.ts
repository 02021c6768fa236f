/**
 * docs/operations.md has every instrument with its unit and its attributes, and its alert rules are PromQL over names and
 * values that are there; planted faults were seen to fail.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parser } from "@prometheus-io/lezer-promql";
import { expect, test } from "vitest";
import { attributeNames, described } from "../../src/daemon/metrics/instruments.js";

const page = readFileSync(fileURLToPath(new URL("../../docs/operations.md", import.meta.url)), "utf8");
const all = Object.values(described);
const kinds: Readonly<Record<string, string>> = {
  Counter: "counter",
  ObservableCounter: "counter",
  Histogram: "histogram",
  ObservableGauge: "gauge",
  ObservableUpDownCounter: "up-down",
};

const prometheusName = (name: string) => name.replaceAll(".", "_");

/** Names as Prometheus has them. */
const exported = new Set(
  all.flatMap(({ name, kind }) => {
    const plain = prometheusName(name);
    if (kind === "Histogram") return ["count", "sum", "bucket"].map((suffix) => `${plain}_${suffix}`);
    return [kinds[kind] === "counter" ? `${plain}_total` : plain];
  }),
);
const labels = new Set([...Object.values(attributeNames).map(prometheusName), "le"]);

function rowWrongs(markdown: string): string[] {
  const rows = new Map(
    [...markdown.matchAll(/^\| `([a-z_]+\.[a-z_.]+)` \| ([^|]+?) \|/gm)].map(([, name = "", kind = ""]) => [name, kind]),
  );
  return [
    ...all.flatMap(({ name, kind, unit }) => {
      const said = rows.get(name);
      const meant = [kinds[kind], unit].filter((part) => part !== "").join(", ");
      return said === meant ? [] : [`${name}: ${said ?? "not on the page"}, not ${meant}`];
    }),
    ...[...rows.keys()].filter((name) => !all.some((one) => one.name === name)).map((name) => `no such instrument: ${name}`),
    ...Object.values(attributeNames).flatMap((name) =>
      markdown.includes(`\`${name}\``) ? [] : [`no such attribute on the page: ${name}`],
    ),
  ];
}

/** The expressions of the rules, folded lines put together. */
function expressionsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^ +expr: (?:>\n((?: {10,}.*\n)+)|(.*)\n)/gm)].map(([, folded, plain]) =>
    (folded ?? plain ?? "").replaceAll(/\s+/g, " ").trim(),
  );
}

function ruleWrongs(markdown: string): string[] {
  return expressionsOf(markdown).flatMap((expression) => {
    const found: string[] = [];
    parser.parse(expression).iterate({
      enter({ type, name, from, to }) {
        const text = expression.slice(from, to);
        if (type.isError) found.push(`no PromQL at ${from}: ${expression}`);
        if (name === "Identifier" && !exported.has(text)) found.push(`no such metric: ${text}`);
        if (name === "LabelName" && !labels.has(text)) found.push(`no such label: ${text}`);
      },
    });
    return found;
  });
}

test("docs/operations.md has every instrument with its kind and unit, and every attribute", () => {
  expect(rowWrongs(page)).toEqual([]);
});

test("its alert rules are PromQL, over metrics and labels that are there", () => {
  expect(expressionsOf(page).length).toBe(page.match(/- alert:/g)?.length);
  expect(expressionsOf(page).length).toBeGreaterThan(8);
  expect(ruleWrongs(page)).toEqual([]);
});

test("an instrument that is left out, a wrong unit, one that is not there, and a missing attribute are found", () => {
  expect(rowWrongs(page.replace(/^\| `mail_daemon.mark.waiting`.*\n/m, ""))).toEqual([
    "mail_daemon.mark.waiting: not on the page, not up-down, {mark}",
  ]);
  expect(rowWrongs(page.replace("`mail_daemon.throttled.time` | counter, s", "`mail_daemon.throttled.time` | counter, ms"))).toHaveLength(
    1,
  );
  expect(rowWrongs(page.replace("`mail_daemon.mark.waiting`", "`mail_daemon.marks`"))).toContain("no such instrument: mail_daemon.marks");
  expect(rowWrongs(page.replaceAll("`error.type`", "`error`"))).toEqual(["no such attribute on the page: error.type"]);
});

test("a rule that is no PromQL, one over a metric that is not there, and a wrong label are found", () => {
  expect(ruleWrongs(page.replace("sum(mail_daemon_queue_stale) > 0", "sum(mail_daemon_queue_stale > 0"))).not.toEqual([]);
  expect(ruleWrongs(page.replace("sum(mail_daemon_queue_stale)", "sum(mail_daemon_stale_queues)"))).toEqual([
    "no such metric: mail_daemon_stale_queues",
  ]);
  expect(ruleWrongs(page.replaceAll("server_address", "host"))).toContain("no such label: host");
});
