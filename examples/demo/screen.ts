/**
 * The terminal: lines that stay, and below them the progress, which is rewritten in place.
 * Invariant: no line is wider than 80 columns or the terminal; without a terminal there is no control character at all, no
 * colour, and of the progress the first line, every few seconds.
 */
import { styleText } from "node:util";
import { cut } from "./text-line.js";

/** How a line looks where there are colours; elsewhere all look alike. */
export type Tone = "plain" | "strong" | "quiet" | "good" | "warning" | "bad";

export interface Screen {
  line(text: string, tone?: Tone): void;
  /** Shows the newest progress, in one line or several. */
  progress(text: string, ...more: readonly string[]): void;
  /** Takes the progress away for good. */
  endProgress(): void;
}

/** What the screen uses of a stream. */
export interface ScreenStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): boolean;
}

const widest = 80;
const plainProgressMs = 4_000;
const formats: Readonly<Record<Exclude<Tone, "plain">, Parameters<typeof styleText>[0]>> = {
  strong: "bold",
  quiet: "dim",
  good: "green",
  warning: "yellow",
  bad: ["bold", "red"],
};

/** A screen on a stream; `environment` is asked for `NO_COLOR` and `TERM`. */
export function createScreen(stream: ScreenStream, environment: Readonly<Record<string, string | undefined>>): Screen {
  const rewrites = stream.isTTY === true && environment.TERM !== "dumb";
  const colours = rewrites && !environment.NO_COLOR;
  /** What stands below the last line now; empty when nothing does. */
  let shown: readonly string[] = [];
  let plainShownAt = Date.now();

  const width = () => Math.min(widest, stream.columns ?? widest);
  const toned = (text: string, tone: Tone) =>
    colours && tone !== "plain" && text !== "" ? styleText(formats[tone], text, { validateStream: false }) : text;

  /** From the first line of the progress to the end of the screen. */
  const cleared = () => (shown.length === 0 ? "" : `\r${shown.length > 1 ? `\u001b[${shown.length - 1}A` : ""}\u001b[J`);
  const drawn = () => shown.map((one) => toned(one, "quiet")).join("\n");

  return {
    line(text, tone = "plain") {
      const line = `${toned(cut(text, width()), tone)}\n`;
      stream.write(`${cleared()}${line}${drawn()}`);
    },
    progress(text, ...more) {
      if (rewrites) {
        const before = cleared();
        // One column less: some terminals go to the next line once the last column is written.
        shown = [text, ...more].map((one) => cut(one, width() - 1));
        stream.write(`${before}${drawn()}`);
      } else if (Date.now() - plainShownAt >= plainProgressMs) {
        plainShownAt = Date.now();
        stream.write(`${cut(text, width())}\n`);
      }
    },
    endProgress() {
      if (shown.length > 0) stream.write(cleared());
      shown = [];
    },
  };
}
