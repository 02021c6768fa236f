/**
 * Texts fitted into columns.
 * Invariant: what leaves this file is as long as asked, in characters, and holds nothing that a terminal would obey.
 */

/** The text on one line without control characters, at most `width` characters, the last of them `…` when it was longer. */
export function cut(text: string, width: number): string {
  const characters = [...text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ")];
  return characters.length <= width
    ? characters.join("")
    : `${characters
        .slice(0, width - 1)
        .join("")
        .trimEnd()}…`;
}

/** Cut or filled with spaces to exactly `width` characters. */
export function column(text: string, width: number): string {
  return padded(cut(text, width), width, "end");
}

/** The same with the spaces in front, for numbers. */
export function rightColumn(text: string, width: number): string {
  return padded(cut(text, width), width, "start");
}

/** `0.42 s`; `12.3 s` from ten seconds on. */
export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}

/** Broken between words into lines of at most `width` characters, all but the first indented. */
export function wrapped(text: string, width: number, indent = "  "): string[] {
  const lines: string[] = [];
  for (const word of cut(text, Number.POSITIVE_INFINITY).split(" ")) {
    const last = lines.at(-1);
    if (last === undefined) lines.push(cut(word, width));
    else if ([...last, " ", ...word].length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(cut(`${indent}${word}`, width));
  }
  return lines;
}

/** JavaScript pads by UTF-16 units; columns are counted in characters. */
function padded(text: string, width: number, side: "start" | "end"): string {
  const filling = " ".repeat(Math.max(0, width - [...text].length));
  return side === "end" ? text + filling : filling + text;
}
