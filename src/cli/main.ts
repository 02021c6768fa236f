#!/usr/bin/env node
/** The program: the process's own streams, signals and exit code around `cli.ts`. Signals live here and nowhere else. */
import { createRequire } from "node:module";
import { runCli } from "./cli.js";
import type { Interrupts } from "./context.js";
import { exitCodes } from "./exit-codes.js";

const { version } = createRequire(import.meta.url)("m365-mail-daemon/package.json") as { version: string };

/**
 * The first Ctrl-C or SIGTERM ends gently, the second now; the third waits for nobody. SIGHUP says that the terminal has
 * gone: under `nohup`, which takes all streams from the terminal, it means nothing. That the caller has SIGHUP ignored
 * Node does not tell: it sets every signal back as it starts.
 */
function watchInterrupts(): Interrupts {
  const [gentle, hard] = [new AbortController(), new AbortController()];
  const interrupt = () => {
    if (hard.signal.aborted) process.exit(exitCodes.interrupted);
    (gentle.signal.aborted ? hard : gentle).abort();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, interrupt);
  const isOnTerminal = [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY === true);
  process.on("SIGHUP", isOnTerminal ? interrupt : () => undefined);
  return { gentle: gentle.signal, hard: hard.signal };
}

// What a command tells of by itself needs no second warning, and a person at a terminal no stack.
process.removeAllListeners("warning");
process.on("warning", (warning: Error & { readonly code?: string }) => {
  if (warning.code !== "MAIL_DAEMON_PASSWORD_SIGN_IN") process.stderr.write(`${warning.name}: ${warning.message}\n`);
});

// A reader that has gone (`… | head`) ends the program as a closed terminal does, unless a command listens for that itself.
process.stdout.on("error", () => {
  if (process.stdout.listenerCount("error") === 1) process.exit(exitCodes.outputClosed);
});

const { stdin, stdout, stderr, env } = process;
const interrupts = watchInterrupts();
const exitCode = await runCli(
  process.argv.slice(2),
  { folder: process.cwd(), env, interrupts, stdin, stdout },
  { stdin, stdout, stderr },
  version,
);
// Who wanted it ended waits for nothing more: not for a reader who takes nothing, not for what a hard end leaves open.
if (interrupts.gentle.aborted || exitCode === exitCodes.outputClosed) process.exit(exitCode);
process.exitCode = exitCode;
