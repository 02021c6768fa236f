/** The results as a table of text, the ratios and other figures that have a target first. */
import { type Figure, isReached, type RowResult } from "./row.js";

interface Line {
  readonly row: string;
  readonly door: string;
  readonly figure: Figure;
}

/** `judged`: whether targets are compared; the quick form compares none. */
export function tableOf(results: readonly RowResult[], judged: boolean): string {
  const lines = results.flatMap(({ row, door, figures }) => figures.map((figure): Line => ({ row, door: door ?? "", figure })));
  const aimed = lines.filter(({ figure }) => figure.target);
  const plain = lines.filter(({ figure }) => !figure.target);
  const head = ["row", "door", "figure", "measured", "target", "reached", ""];
  return columns([head, ...aimed.map((line) => cells(line, judged)), head.map(() => ""), ...plain.map((line) => cells(line, judged))]);
}

function cells({ row, door, figure }: Line, judged: boolean): string[] {
  const reached = judged ? isReached(figure) : undefined;
  const verdict = reached === undefined ? "" : reached ? "yes" : "NO";
  return [row, door, figure.what, `${shown(figure.value)} ${figure.unit}`, target(figure), verdict, figure.note ?? ""];
}

function target({ target: aim }: Figure): string {
  if (!aim) return "";
  return "least" in aim ? `≥ ${aim.least}` : `≤ ${aim.most}`;
}

/** Three figures that count, or the whole number. */
export function shown(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 100) return Math.round(value).toLocaleString("en-US");
  return value.toPrecision(3);
}

function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
