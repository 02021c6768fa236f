/**
 * The terminal: lines that stay, and one progress line that is rewritten in place below them.
 * Invariant: no line is wider than 80 columns or the terminal; without a terminal there is no control character at all, no
 * colour, and the progress is a plain line every few seconds.
 */
import { styleText } from "node:util";
import { cut } from "./text-line.js";

/** How a line looks where there are colours; elsewhere all look alike. */
export type Tone = "plain" | "strong" | "quiet" | "good" | "warning" | "bad";

export interface Screen {
  line(text: string, tone?: Tone): void;
  /** Shows the newest progress. */
  progress(text: string): void;
  /** Takes the progress line away for good. */
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
const clearLine = "\r\u001b[2K";
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
  let shown = "";
  let plainShownAt = Date.now();

  const width = () => Math.min(widest, stream.columns ?? widest);
  const toned = (text: string, tone: Tone) =>
    colours && tone !== "plain" && text !== "" ? styleText(formats[tone], text, { validateStream: false }) : text;

  return {
    line(text, tone = "plain") {
      const line = `${toned(cut(text, width()), tone)}\n`;
      stream.write(shown === "" ? line : `${clearLine}${line}${toned(shown, "quiet")}`);
    },
    progress(text) {
      if (rewrites) {
        // One column less: some terminals go to the next line once the last column is written.
        shown = cut(text, width() - 1);
        stream.write(`${clearLine}${toned(shown, "quiet")}`);
      } else if (Date.now() - plainShownAt >= plainProgressMs) {
        plainShownAt = Date.now();
        stream.write(`${cut(text, width())}\n`);
      }
    },
    endProgress() {
      if (shown !== "") stream.write(clearLine);
      shown = "";
    },
  };
}
