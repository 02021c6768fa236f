/** The table at the end, a line per queue, at most 80 columns wide. Knows the numbers only. */
import { shortName } from "./queues.js";
import { column, rightColumn, seconds } from "./text-line.js";
import type { Row } from "./verdict.js";

interface Column {
  readonly title: string;
  readonly width: number;
  readonly text: (row: Row) => string;
}

const time = (ms: number | undefined) => (ms === undefined ? "-" : seconds(ms));

const columns: readonly Column[] = [
  { title: "arrived", width: 9, text: ({ arrived }) => String(arrived) },
  { title: "delivered", width: 11, text: ({ delivered }) => String(delivered) },
  { title: "duplicates", width: 12, text: ({ duplicates }) => String(duplicates) },
  { title: "marked", width: 8, text: ({ marked }) => String(marked) },
  { title: "requests", width: 10, text: ({ requests }) => String(requests) },
  { title: "p50", width: 9, text: ({ p50Ms }) => time(p50Ms) },
  { title: "p95", width: 9, text: ({ p95Ms }) => time(p95Ms) },
];
const nameWidth = 10;

/** Title, rows, total, and a line that says what the columns mean. */
export function table(
  rows: readonly Row[],
  total: Row,
): { readonly title: string; readonly body: readonly string[]; readonly total: string; readonly legend: string } {
  const line = (name: string, texts: readonly string[]) =>
    column(name, nameWidth) + texts.map((text, index) => rightColumn(text, columns[index]?.width ?? 0)).join("");
  const rowLine = (row: Row, name: string) =>
    line(
      name,
      columns.map(({ text }) => text(row)),
    );
  return {
    title: line(
      "queue",
      columns.map(({ title }) => title),
    ),
    body: rows.map((row) => rowLine(row, row.name.includes("@") ? shortName(row.name) : row.name)),
    total: rowLine(total, total.name),
    legend: "requests: to Graph, a batch counts as one; p50, p95: from arrival to handler",
  };
}
