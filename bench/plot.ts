/**
 * The figures with a target as bars, in one self-contained SVG: how far each got, by its target.
 * Invariant: a bar that ends at or beyond the line has reached its target, whichever way the target points.
 */
import { type Figure, isReached, type RowResult } from "./row.js";
import { shown } from "./table.js";

const rowHeight = 26;
const labelWidth = 490;
const barWidth = 360;
const valueWidth = 560;
const top = 56;
/** Bars longer than this many times the target are cut. */
const longest = 2;

export function plotOf(results: readonly RowResult[]): string {
  const bars = results.flatMap(({ row, door, figures }) =>
    figures.filter(({ target }) => target).map((figure) => ({ label: `${row}${door ? ` (${door})` : ""} · ${figure.what}`, figure })),
  );
  const width = labelWidth + barWidth + valueWidth;
  const height = top + bars.length * rowHeight + 24;
  const line = labelWidth + barWidth / longest;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    "<title>m365-mail-daemon: each figure of the benchmark against its target</title>",
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    `<text x="12" y="22" font-size="15" font-weight="bold">m365-mail-daemon: how far each figure got towards its target</text>`,
    `<text x="12" y="40" fill="#555">A bar at or beyond the line has reached its target; where less is better, the bar is target over measured.</text>`,
    ...bars.map(({ label, figure }, index) => bar(label, figure, top + index * rowHeight)),
    `<line x1="${line}" y1="${top - 4}" x2="${line}" y2="${height - 20}" stroke="#222" stroke-dasharray="4 3"/>`,
    `<text x="${line}" y="${height - 6}" text-anchor="middle">target</text>`,
    "</svg>",
    "",
  ].join("\n");
}

function bar(label: string, figure: Figure, y: number): string {
  const long = Math.max(0, Math.min(longest, share(figure)));
  const width = (long / longest) * barWidth;
  const middle = y + rowHeight / 2 + 4;
  const aim = figure.target && ("least" in figure.target ? `≥ ${figure.target.least}` : `≤ ${figure.target.most}`);
  const value = `${shown(figure.value)} ${figure.unit} (${aim})${figure.note ? `, ${figure.note}` : ""}`;
  return [
    `<text x="${labelWidth - 8}" y="${middle}" text-anchor="end">${escaped(label)}</text>`,
    `<rect x="${labelWidth}" y="${y + 4}" width="${width.toFixed(1)}" height="${rowHeight - 8}" fill="${isReached(figure) ? "#3b8a5a" : "#c2573f"}"/>`,
    `<text x="${labelWidth + barWidth + 8}" y="${middle}">${escaped(value)}</text>`,
  ].join("\n");
}

/** How far it got: 1 is the target. */
function share({ value, target }: Figure): number {
  if (!target) return 0;
  if ("least" in target) return value / target.least;
  if (value === 0) return longest;
  return target.most / value;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
