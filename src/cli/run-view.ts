/**
 * What a person sees of `run`, on standard error: a live table of the queues on a terminal, else a line for each change.
 *
 * Invariants: no table is drawn where something else writes to the same terminal, unless it was asked for; what is kept as
 * a log has no local part of an address, unless the configuration allows it.
 */
import { join } from "node:path";
import { systemClock } from "../base/clock.js";
import { disguised } from "../base/disguise.js";
import type { MailDaemon } from "../daemon/mail-daemon.js";
import type { CommandContext } from "./context.js";
import { createLiveTable } from "./live-table.js";
import { configNames, type LoadedConfig } from "./load-config.js";
import type { Sink } from "./sinks/sink.js";
import { tellStates } from "./state-lines.js";
import { statusTable } from "./status-table.js";
import type { Screen } from "./terminal.js";

export interface RunViewOptions {
  readonly daemon: MailDaemon;
  readonly loaded: LoadedConfig;
  readonly sink: Sink;
  /** Whether a table was asked for, or forbidden. */
  readonly table: boolean | undefined;
}

export interface RunView {
  /** What is no event of the daemon: a line, or the event with its fields as JSON. */
  tell(event: string, fields: Readonly<Record<string, string>>, line: string): void;
  end(): void;
}

/** Shown until `end`. */
export function openRunView(context: CommandContext, { daemon, loaded, sink, table: wanted }: RunViewOptions): RunView {
  const { terminal } = context;
  const { screen } = terminal;
  const linesOn = ({ columns, rows }: Screen) => {
    const status = daemon.status();
    // What each queue did is over; why it stopped is told.
    return status.state === "stopped" ? [] : statusTable(status, { columns, rows, now: systemClock.now(), style: terminal.style });
  };
  const table =
    screen && (wanted ?? isAlone(context, loaded))
      ? createLiveTable({ screen, clock: systemClock, linesNow: () => linesOn(screen) })
      : undefined;
  const mayName = terminal.isSeen || loaded.config.logAddresses === true;
  const tell = table ? table.tell : mayName ? terminal.tell : (line: string) => terminal.tell(disguised(line));
  const remove = tellStates({
    daemon,
    json: terminal.json,
    showsStates: table !== undefined,
    tellsReasons: sink.tellsReasons,
    // A queue whose address is not told is signed in with all that need it.
    commandOf: (command, ...words) => commandLine(loaded, context.folder, [command, ...(command === "sign-in" && !mayName ? [] : words)]),
    tell,
    now: systemClock.now,
  });
  if (!terminal.json) tell(`delivers to ${sink.where}`);
  return {
    tell(event, fields, line) {
      const at = new Date(systemClock.now()).toISOString();
      tell(terminal.json ? JSON.stringify({ at, event, ...fields }) : `${at} ${line}`);
    },
    end() {
      remove();
      table?.end();
    },
  };
}

/** Lines of mail, or what a handler prints, would be drawn over. */
function isAlone({ stdout }: CommandContext, { config: { deliverTo = { ndjson: true } } }: LoadedConfig): boolean {
  const isQuiet = typeof deliverTo === "object" && ("files" in deliverTo || "webhook" in deliverTo);
  return isQuiet || !("isTTY" in stdout && stdout.isTTY === true);
}

/** A command as it is typed, with the configuration where it has to be named. */
export function commandLine({ file }: LoadedConfig, folder: string, words: readonly string[]): string {
  const isFound = configNames.some((name) => file === join(folder, name));
  const all = ["m365-mail-daemon", ...words, ...(isFound ? [] : ["--config", file])];
  return all.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
}
