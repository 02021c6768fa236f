/**
 * What every narrator tells a run with: lines with their time, the progress, the verdict, the ends.
 * Invariant: after `close` it is silent.
 */
import type { Flags } from "./flags.js";
import type { Logbook } from "./logbook.js";
import type { Screen, Tone } from "./screen.js";
import { table } from "./table.js";
import { column, rightColumn, wrapped } from "./text-line.js";
import type { Verdict } from "./verdict.js";

export interface Telling {
  say(text: string, tone?: Tone): void;
  /** With the time before it. */
  happened(text: string, tone: Tone): void;
  about(title: string, text: string): void;
  /** The time since mail began to arrive, right in its column. */
  clock(): string;
  /** Mail begins to arrive: the clock and the progress start. */
  begin(): void;
  /** The table of the queues, what `between` tells, then the findings and what is wrong. */
  verdict(verdict: Verdict, between?: () => void): void;
  failed(error: unknown): void;
  /** A signal ended the run. */
  stopped(): void;
  /** A process printed something, which it should not. */
  printed(line: string): void;
  close(): void;
}

export interface TellingOptions {
  readonly logbook: Logbook;
  readonly flags: Flags;
  /** Lines under the progress. Default: none. */
  readonly below?: () => readonly string[];
}

/** Columns of the time. */
export const timeWidth = 7;
const width = 80;
const barWidth = 20;
const tickMs = 100;
const mostComplaints = 10;

export function createTelling(screen: Screen, { logbook, flags, below = () => [] }: TellingOptions): Telling {
  /** When mail began to arrive; absent before. */
  let begunAt: number | undefined;
  /** Shows the progress; absent before mail arrives and after the end. Cleared by `close`, keeps no process alive. */
  let ticker: NodeJS.Timeout | undefined;
  let closed = false;

  const elapsedMs = () => (begunAt === undefined ? 0 : Date.now() - begunAt);
  const clock = () => rightColumn(`${(elapsedMs() / 1_000).toFixed(1)} s`, timeWidth);

  function say(text: string, tone?: Tone): void {
    if (!closed) screen.line(text, tone);
  }

  function progress(): void {
    const { arrived, handled, marked } = logbook.counts;
    const filled = Math.round(Math.min(1, elapsedMs() / (flags.seconds * 1_000)) * barWidth);
    const bar = flags.keep ? "Ctrl-C ends it" : `${"#".repeat(filled)}${".".repeat(barWidth - filled)}`;
    screen.progress(`${clock()}  ${bar}  arrived ${arrived}  handled ${handled}  marked ${marked}`, ...below());
  }

  return {
    say,
    clock,
    happened(text, tone) {
      for (const [index, line] of wrapped(text, width - timeWidth - 2, "").entries()) {
        say(`${index === 0 ? clock() : " ".repeat(timeWidth)}  ${line}`, tone);
      }
    },
    about(title, text) {
      for (const [index, line] of wrapped(text, width - 11, "").entries()) say(column(index === 0 ? title : "", 11) + line);
    },
    begin() {
      begunAt = Date.now();
      ticker = setInterval(progress, tickMs).unref();
    },
    verdict({ rows, total, findings, complaints }, between) {
      const { title, body, total: totalLine, legend } = table(rows, total);
      screen.endProgress();
      say("");
      say(title, "strong");
      for (const line of body) say(line);
      say(totalLine, "strong");
      say(legend, "quiet");
      say("");
      between?.();
      for (const finding of findings) for (const line of wrapped(finding, width)) say(line);
      say("");
      if (complaints.length === 0) say("Nothing was lost, and every duplicate is explained.", "good");
      for (const complaint of complaints.slice(0, mostComplaints))
        for (const line of wrapped(`WRONG: ${complaint}`, width)) say(line, "bad");
      if (complaints.length > mostComplaints) say(`WRONG: and ${complaints.length - mostComplaints} more`, "bad");
    },
    failed(error) {
      screen.endProgress();
      const text = error instanceof Error ? error.message : String(error);
      for (const line of wrapped(`The demo failed: ${text}`, width)) say(line, "bad");
    },
    stopped() {
      screen.endProgress();
      say("Stopped before the end, so there is no verdict.", "warning");
    },
    printed(line) {
      for (const part of wrapped(line, width - 2)) say(`| ${part}`, "warning");
    },
    close() {
      clearInterval(ticker);
      screen.endProgress();
      closed = true;
    },
  };
}
