/** Runs command lines in this process, in a folder of their own, with what they print at hand. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { onTestFinished } from "vitest";
import { runCli } from "../../../src/cli/cli.js";

export interface Ran {
  readonly exitCode: number;
  readonly out: string;
  readonly err: string;
}

export interface CommandLine {
  readonly folder: string;
  readonly env: Record<string, string>;
  /** What comes on standard input of the next run. */
  input: string;
  /** Hears what the next runs print on standard error, as it comes. */
  onErr: (text: string) => void;
  /** The first and the second Ctrl-C. */
  interrupt(): void;
  run(...words: string[]): Promise<Ran>;
}

export async function commandLine(): Promise<CommandLine> {
  const folder = await mkdtemp(join(tmpdir(), "mail-daemon-cli-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const [gentle, hard] = [new AbortController(), new AbortController()];
  const line: CommandLine = {
    folder,
    env: {},
    input: "",
    onErr: () => undefined,
    interrupt: () => (gentle.signal.aborted ? hard : gentle).abort(),
    async run(...words) {
      const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
      const texts = { out: "", err: "" };
      stdout.on("data", (piece) => (texts.out += String(piece)));
      stderr.on("data", (piece) => {
        texts.err += String(piece);
        line.onErr(String(piece));
      });
      stdin.end(line.input);
      const cli = { folder, env: line.env, interrupts: { gentle: gentle.signal, hard: hard.signal }, stdin, stdout };
      const exitCode = await runCli(words, cli, { stdin, stdout, stderr }, "1.2.3");
      return { exitCode, ...texts };
    },
  };
  return line;
}
