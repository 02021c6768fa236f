/** A command that runs until it is interrupted, in this process and in a folder of its own. */
import { PassThrough } from "node:stream";
import { onTestFinished } from "vitest";
import { runCli } from "../../../src/cli/cli.js";

export interface RunningCommand {
  /** What it printed so far on standard output. */
  out(): string;
  err(): string;
  /** Resolves with what it printed first, and rejects where it ends before. */
  readonly first: Promise<string>;
  readonly ended: Promise<number>;
  /** Ctrl-C. */
  interrupt(): void;
}

/** Interrupted at the end of the test at the latest. */
export function startCommand(folder: string, ...words: string[]): RunningCommand {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const [gentle, hard] = [new AbortController(), new AbortController()];
  const texts = { out: "", err: "" };
  stderr.on("data", (piece) => (texts.err += String(piece)));
  stdin.end();
  const cli = { folder, env: {}, interrupts: { gentle: gentle.signal, hard: hard.signal }, stdin, stdout };
  const first = new Promise<string>((resolve, reject) => {
    stdout.on("data", (piece) => {
      texts.out += String(piece);
      resolve(texts.out);
    });
    stdout.once("close", () => reject(new Error(`The command ended: ${texts.err}`)));
  });
  first.catch(() => undefined);
  const ended = runCli(words, cli, { stdin, stdout, stderr }, "1.2.3").finally(() => stdout.destroy());
  onTestFinished(async () => {
    gentle.abort();
    await ended;
  });
  return { out: () => texts.out, err: () => texts.err, first, ended, interrupt: () => gentle.abort() };
}
