#!/usr/bin/env node
/** The program: the process's own streams, signals and exit code around `cli.ts`. Signals live here and nowhere else. */
import { createRequire } from "node:module";
import { runCli } from "./cli.js";
import type { Interrupts } from "./context.js";

const { version } = createRequire(import.meta.url)("m365-mail-daemon/package.json") as { version: string };

/** The first Ctrl-C or SIGTERM ends gently, the second now. */
function watchInterrupts(): Interrupts {
  const [gentle, hard] = [new AbortController(), new AbortController()];
  const interrupt = () => (gentle.signal.aborted ? hard : gentle).abort();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, interrupt);
  return { gentle: gentle.signal, hard: hard.signal };
}

// A reader that has gone (`… | head`) ends the program as a closed terminal does.
process.stdout.on("error", () => process.exit(141));

const { stdin, stdout, stderr, env } = process;
process.exitCode = await runCli(
  process.argv.slice(2),
  { folder: process.cwd(), env, interrupts: watchInterrupts(), stdin, stdout },
  { stdin, stdout, stderr },
  version,
);
