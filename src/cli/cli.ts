/**
 * The command line: which commands there are, and how each ends.
 *
 * Invariant: every way out gives an exit code of `exit-codes.ts`; an error says what happened and what to do, without a
 * stack, and with `--json` as JSON on standard error. It must not touch the process.
 */
import { Command, CommanderError } from "commander";
import { ConfigError } from "../base/errors.js";
import { type AddCommand, type CliProcess, type CommonOptions, createContext, type Does } from "./context.js";
import { doctorCommand } from "./doctor.js";
import { errorJson } from "./error-json.js";
import { type ExitCode, exitCodeOf, exitCodes } from "./exit-codes.js";
import { explainCommand } from "./explain.js";
import { importTokensCommand } from "./import-tokens.js";
import { initCommand } from "./init.js";
import { orInterrupted } from "./interrupted.js";
import { pauseCommand, pollCommand, resumeCommand } from "./pause.js";
import { quarantineCommand } from "./quarantine.js";
import { replayCommand } from "./replay.js";
import { rotateKeysCommand } from "./rotate-keys.js";
import { runCommand } from "./run.js";
import { signInCommand } from "./sign-in.js";
import { signOutCommand } from "./sign-out.js";
import { simulateCommand } from "./simulate.js";
import { statusCommand } from "./status.js";
import { sweepCommand } from "./sweep.js";
import { createTerminal, type Streams, type Terminal } from "./terminal.js";

const commands: readonly AddCommand[] = [
  initCommand,
  signInCommand,
  importTokensCommand,
  doctorCommand,
  runCommand,
  statusCommand,
  explainCommand,
  quarantineCommand,
  replayCommand,
  sweepCommand,
  pollCommand,
  pauseCommand,
  resumeCommand,
  rotateKeysCommand,
  signOutCommand,
  simulateCommand,
];

/** Runs one command line (without the program's own name). Never rejects. */
export async function runCli(words: readonly string[], cli: CliProcess, streams: Streams, version: string): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.done;
  const plain = createTerminal(streams, { json: words.includes("--json"), env: cli.env });
  const program = new Command("m365-mail-daemon")
    .description("Fetches customer mail from Microsoft 365 and hands it over, once, with nothing lost.")
    .version(version)
    .option("-c, --config <file>", "the configuration file (default: mail-daemon.config.{ts,mts,js,mjs,json} in this folder)")
    .option("--json", "results as JSON, a line each")
    .exitOverride()
    .showHelpAfterError("(--help tells more)")
    .configureOutput({
      writeOut: (text) => void streams.stdout.write(text),
      // As JSON it is told below.
      writeErr: (text) => void (plain.json || streams.stderr.write(text)),
    });

  const does: Does =
    (work) =>
    async (...given) => {
      const options = program.opts<CommonOptions>();
      const terminal = createTerminal(streams, { json: options.json === true, env: cli.env });
      exitCode = await orInterrupted(work(createContext(cli, terminal, options), ...given), cli.interrupts.hard);
    };
  for (const add of commands) add(program, does);
  try {
    await program.parseAsync(words, { from: "user" });
    return exitCode;
  } catch (error) {
    return error instanceof CommanderError ? usageTold(error, plain) : told(error, plain);
  }
}

/** Help and version are no failures; a text is printed already. */
function usageTold({ exitCode, code, message }: CommanderError, terminal: Terminal): ExitCode {
  if (exitCode === 0) return exitCodes.done;
  if (!terminal.json) return exitCodes.usage;
  const what = code === "commander.help" ? "Expected a command." : message.replace(/^error: /, "");
  return told(new ConfigError("CONFIG_INVALID", `${what} (--help tells more)`), terminal);
}

function told(error: unknown, terminal: Terminal): ExitCode {
  if (terminal.json) {
    terminal.tell(JSON.stringify({ error: errorJson(error) }));
  } else {
    const { code, message, remedy, step } = errorJson(error);
    terminal.tell(`${terminal.style("red", code)}: ${message}`);
    if (remedy !== undefined) terminal.tell(`${terminal.style("bold", "What to do:")} ${remedy}`);
    if (step !== undefined) terminal.tell(`See docs/setup-entra.md#${step}`);
  }
  return exitCodeOf(error);
}
