/**
 * Draws what a command printed as a picture of a terminal, for the README.
 * Usage: npm start > out.txt; node scripts/demo-picture.mjs out.txt docs/demo.svg
 */
import { readFileSync, writeFileSync } from "node:fs";

const [, , from, to] = process.argv;
if (!from || !to) {
  process.stderr.write("usage: node scripts/demo-picture.mjs printed.txt picture.svg\n");
  process.exit(2);
}

const columns = 80;
const charWidth = 8.4;
const lineHeight = 18;
const margin = 16;

/** Text as XML; its spaces keep their columns in every viewer. @param {string} text */
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll(" ", "\u00a0");

const lines = readFileSync(from, "utf8").trimEnd().split("\n");
const width = Math.ceil(columns * charWidth + 2 * margin);
const height = lines.length * lineHeight + 2 * margin;
const rows = lines.map((line, index) => `<text x="${margin}" y="${margin + (index + 0.75) * lineHeight}">${escaped(line)}</text>`);

writeFileSync(
  to,
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" xml:space="preserve">
<title>What npm start prints</title>
<style>text { font: 14px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #d8dee9; }</style>
<rect width="100%" height="100%" rx="8" fill="#1e222a"/>
${rows.join("\n")}
</svg>
`,
);
