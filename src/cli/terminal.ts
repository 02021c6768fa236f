/**
 * What a command prints and asks: results on standard output, everything for a person's eyes on standard error.
 *
 * Invariant: with `--json` standard output holds JSON only, a line for each result; colours and questions only where a
 * person sits at a terminal.
 */
import { createInterface, type ReadLineOptions } from "node:readline/promises";
import { type Readable, Writable } from "node:stream";
import { styleText } from "node:util";
import { interruptedError } from "./interruption.js";

/** A terminal that can be drawn on. */
export interface Screen {
  readonly columns: number;
  readonly rows: number;
  write(text: string): void;
}

export type Style = "bold" | "dim" | "green" | "red" | "yellow" | "cyan";

export interface Terminal {
  /** Whether results are JSON. */
  readonly json: boolean;
  /** Whether a person sits there: colours, progress and questions make sense. */
  readonly isInteractive: boolean;
  /** Whether standard error is a terminal, where a person reads it and nobody keeps it. */
  readonly isSeen: boolean;
  /** Standard error, where it is a terminal and results are for a person. */
  readonly screen: Screen | undefined;
  /** A result, for standard output: the object with `--json`, else the text that `show` makes of it. */
  result(value: unknown, show: () => string): void;
  /** A line for the person at the terminal, on standard error. */
  tell(line: string): void;
  /** The text in that style where colours are shown, else as it is. */
  style(style: Style, text: string): string;
  /**
   * Asks on standard error; the default where nothing is typed. Undefined where there is none, or nobody can be asked.
   * @throws MailError `LIFECYCLE_STOPPED` (an interruption) when the signal aborts, or Ctrl-C is typed
   */
  ask(question: string, options?: { readonly default?: string; readonly signal?: AbortSignal }): Promise<string | undefined>;
  /**
   * Asks without an echo, and keeps no history. Undefined where nobody can be asked.
   * @throws MailError `LIFECYCLE_STOPPED` (an interruption) when the signal aborts, or Ctrl-C is typed
   */
  askSecret(question: string, options?: { readonly signal?: AbortSignal }): Promise<string | undefined>;
}

export interface Streams {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };
}

/** `env`: `NO_COLOR` and `FORCE_COLOR` are heeded (no-color.org, Node's own). */
export function createTerminal(
  { stdin, stdout, stderr }: Streams,
  { json, env }: { readonly json: boolean; readonly env: NodeJS.ProcessEnv },
): Terminal {
  const forced = env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== "0";
  const colours = forced || (stderr.isTTY === true && stdout.isTTY === true && !json && (env.NO_COLOR ?? "") === "");
  const isInteractive = stdin.isTTY === true && stderr.isTTY === true;
  return {
    json,
    isInteractive,
    isSeen: stderr.isTTY === true,
    screen: stderr.isTTY === true && !json ? screenOf(stderr) : undefined,
    result: (value, show) => void stdout.write(json ? `${JSON.stringify(value)}\n` : `${show()}\n`),
    tell: (line) => void stderr.write(`${line}\n`),
    style: (style, text) => (colours ? styleText(style, text) : text),
    async ask(question, { default: fallback, signal } = {}) {
      if (!isInteractive) return undefined;
      const hint = fallback === undefined ? "" : ` (${fallback})`;
      const answer = (await typed({ input: stdin, output: stderr }, `${question}${hint} `, signal)).trim();
      return answer === "" ? fallback : answer;
    },
    async askSecret(question, { signal } = {}) {
      if (!isInteractive) return undefined;
      stderr.write(`${question} `);
      // The line editor takes the terminal's own echo away, and shows what is typed in its output.
      const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
      try {
        return await typed({ input: stdin, output: nowhere, terminal: true, historySize: 0 }, "", signal);
      } finally {
        stderr.write("\n");
      }
    },
  };
}

/** A line. @throws MailError `LIFECYCLE_STOPPED` (an interruption) when the signal aborts or Ctrl-C is typed, which is a key while the line is edited */
async function typed(options: ReadLineOptions, question: string, signal: AbortSignal | undefined): Promise<string> {
  const lines = createInterface(options);
  const interrupted = new AbortController();
  const stopped = signal ? AbortSignal.any([signal, interrupted.signal]) : interrupted.signal;
  lines.once("SIGINT", () => interrupted.abort());
  try {
    return await lines.question(question, { signal: stopped });
  } catch (error) {
    throw stopped.aborted ? interruptedError("The question was not answered.") : error;
  } finally {
    lines.close();
  }
}

function screenOf(stderr: Streams["stderr"]): Screen {
  return {
    get columns() {
      return stderr.columns ?? 80;
    },
    get rows() {
      return stderr.rows ?? 24;
    },
    write: (text) => void stderr.write(text),
  };
}
