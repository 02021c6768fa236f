/**
 * What a person reads of the doctor's findings: a line each, with what to do below what fails.
 *
 * Invariants: on a terminal no word is broken, and what goes on stands below what it goes on from; elsewhere a finding is
 * one line, and its remedy another. What was skipped for one reason is one line.
 */
import type { Finding } from "../daemon/doctor/finding.js";
import type { Style, Terminal } from "./terminal.js";

export interface DoctorViewOptions {
  readonly style: Terminal["style"];
  /** Of the terminal that it is read on; absent where it is none. */
  readonly columns: number | undefined;
  /** The command that does something for a queue, as it is typed. */
  readonly commandOf: (command: string, queue: string) => string;
}

const marks: Readonly<Record<Finding["outcome"], { readonly word: string; readonly style: Style }>> = {
  ok: { word: "ok", style: "green" },
  warning: { word: "WARN", style: "yellow" },
  failed: { word: "FAIL", style: "red" },
  skipped: { word: "-", style: "dim" },
};
const [wordWidth, checkWidth] = [5, 14];
const indent = wordWidth + checkWidth;

/** The whole text, without a line's end after the last. */
export function doctorText(findings: readonly Finding[], options: DoctorViewOptions): string {
  return grouped(findings)
    .flatMap((group, at, groups) => {
      const [finding] = group as [Finding];
      const isNew = finding.queue !== groups[at - 1]?.[0]?.queue;
      return [...(isNew ? headingOf(finding, options) : []), ...linesOf(group, options)];
    })
    .join("\n");
}

/** Each by itself, but what was skipped for the same reason one after another. */
function grouped(findings: readonly Finding[]): Finding[][] {
  const groups: Finding[][] = [];
  for (const finding of findings) {
    const [last] = groups.at(-1) ?? [];
    const isSame = last?.queue === finding.queue && last?.outcome === "skipped" && finding.outcome === "skipped";
    if (isSame && last?.found === finding.found) groups.at(-1)?.push(finding);
    else groups.push([finding]);
  }
  return groups;
}

function headingOf({ queue, check }: Finding, { style }: DoctorViewOptions): string[] {
  if (queue !== undefined) return ["", style("bold", queue)];
  return check === "clock" ? [""] : [];
}

function linesOf(group: readonly Finding[], { style, columns, commandOf }: DoctorViewOptions): string[] {
  const [{ queue, check, outcome, found, remedy, step }] = group as [Finding];
  const names = group.map((one) => one.check).join(", ");
  const [title, text] = group.length === 1 ? [check, found] : [`${group.length} checks`, `${found.replace(/\.$/, "")}: ${names}.`];
  const { word, style: colour } = marks[outcome];
  const lines = folded(text, columns);
  lines[0] = `${style(colour, word.padEnd(wordWidth))}${title.padEnd(checkWidth)}${lines[0]?.trimStart()}`;
  if (remedy === undefined || outcome === "ok") return lines;
  const where = step === undefined || remedy.includes(`#${step}`) ? "" : ` (docs/setup-entra.md#${step})`;
  const command = step === "sign-in" && queue !== undefined ? ` Run: ${commandOf("sign-in", queue)}` : "";
  const head = "What to do:";
  const advice = folded(`${head} ${remedy}${where}${command}`, columns);
  return [...lines, ...advice.map((line) => line.replace(head, () => style("bold", head)))];
}

/** In lines that fit, each behind the indentation; a word that is too long by itself is left whole. */
function folded(text: string, columns: number | undefined): string[] {
  const width = Math.max(20, (columns ?? Number.POSITIVE_INFINITY) - 1 - indent);
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) as string;
    if (line === "" || line.length + 1 + word.length <= width) lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
    else lines.push(word);
  }
  return lines.map((line) => " ".repeat(indent) + line);
}
