/** What every command works with. The process itself is known to `main.ts` alone, so that tests own all of it. */
import type { Readable } from "node:stream";
import type { Command } from "commander";
import type { ExitCode } from "./exit-codes.js";
import { type LoadedConfig, loadConfig } from "./load-config.js";
import type { Terminal } from "./terminal.js";

/** Options that every command takes. */
export interface CommonOptions {
  /** The configuration file; default the first one in the working folder. */
  readonly config?: string;
  readonly json?: boolean;
}

export interface Interrupts {
  /** Aborted by the first Ctrl-C (or SIGTERM): end gently. */
  readonly gentle: AbortSignal;
  /** Aborted by the second: end now. */
  readonly hard: AbortSignal;
}

/** The process, as a command sees it. */
export interface CliProcess {
  /** The working folder. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly interrupts: Interrupts;
  /** Standard input, for what is piped in. */
  readonly stdin: Readable;
  /** Standard output, for commands whose result is a stream of its own. */
  readonly stdout: NodeJS.WritableStream;
}

export interface CommandContext extends CliProcess {
  readonly terminal: Terminal;
  /** @throws ConfigError `CONFIG_INVALID` */
  readonly load: () => Promise<LoadedConfig>;
}

/** A command's work: resolves with what the process ends with; what it throws is told by `cli.ts`. */
export type Work<Parameters extends unknown[] = []> = (context: CommandContext, ...given: Parameters) => Promise<ExitCode>;

export function createContext(cli: CliProcess, terminal: Terminal, { config }: CommonOptions): CommandContext {
  return { ...cli, terminal, load: () => loadConfig(cli.folder, config) };
}

/** Adds a command; `does` makes an action of its work, with the options that all commands have. */
export type AddCommand = (program: Command, does: Does) => void;
export type Does = <Given extends unknown[]>(work: Work<Given>) => (...given: Given) => Promise<void>;
