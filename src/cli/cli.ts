/**
 * The command line: which commands there are, and how each ends.
 *
 * Invariant: every way out gives an exit code of `exit-codes.ts`; an error says what happened and what to do, without a
 * stack, and with `--json` as JSON on standard error. It must not touch the process.
 */
import { Command, CommanderError } from "commander";
import { MailError } from "../base/errors.js";
import { type AddCommand, type CliProcess, type CommonOptions, createContext, type Does } from "./context.js";
import { type ExitCode, exitCodeOf, exitCodes } from "./exit-codes.js";
import { initCommand } from "./init.js";
import { createTerminal, type Streams, type Terminal } from "./terminal.js";

const commands: readonly AddCommand[] = [initCommand];

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
    .configureOutput({ writeOut: (text) => void streams.stdout.write(text), writeErr: (text) => void streams.stderr.write(text) });

  const does: Does =
    (work) =>
    async (...given) => {
      const options = program.opts<CommonOptions>();
      const terminal = createTerminal(streams, { json: options.json === true, env: cli.env });
      exitCode = await work(createContext(cli, terminal, options), ...given);
    };
  for (const add of commands) add(program, does);
  try {
    await program.parseAsync(words, { from: "user" });
    return exitCode;
  } catch (error) {
    return told(error, plain);
  }
}

function told(error: unknown, terminal: Terminal): ExitCode {
  // Its text is printed already; help and version are no failures.
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
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

interface ErrorJson {
  readonly code: string;
  readonly message: string;
  readonly queue?: string;
  readonly remedy?: string;
  readonly step?: string;
}

/** What may be told of an error: of what is none of ours its message alone. */
export function errorJson(error: unknown): ErrorJson {
  if (!(error instanceof MailError)) return { code: "UNEXPECTED", message: error instanceof Error ? error.message : String(error) };
  const { code, message, queue, remedy, step } = error;
  return {
    code,
    message,
    ...(queue === undefined ? {} : { queue }),
    ...(remedy === undefined ? {} : { remedy }),
    ...(step === undefined ? {} : { step }),
  };
}
