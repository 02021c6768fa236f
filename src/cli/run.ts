/**
 * `run`: the daemon, with a handler of the operator's own or a built-in sink.
 *
 * Invariants: nothing is asked for before there is somewhere to put it; the first interrupt drains, the second waits for
 * nothing; when whoever reads standard output has gone, nothing more is acknowledged. What is opened beside the daemon is
 * closed after it, the newest first.
 */
import { systemClock } from "../base/clock.js";
import { ConfigError, MailError } from "../base/errors.js";
import { onAbort } from "../base/shared-wait.js";
import { stated } from "../base/stated.js";
import { createUndo, type Undo } from "../base/undo.js";
import { createMailDaemon } from "../daemon/daemon.js";
import type { MailDaemon } from "../daemon/mail-daemon.js";
import { composeOptions, controlFolder } from "./compose.js";
import type { AddCommand, CommandContext, Work } from "./context.js";
import { openControl } from "./control-server.js";
import { type ExitCode, exitCodes } from "./exit-codes.js";
import { openHttpEndpoint } from "./http-endpoint.js";
import { untilAborted } from "./interrupted.js";
import { watchOnce } from "./once.js";
import { openPrometheus } from "./prometheus.js";
import { openRunView } from "./run-view.js";
import { openSink } from "./sinks/open-sink.js";

interface RunOptions {
  readonly once?: boolean;
  /** Seconds, as typed. */
  readonly drain: string;
  /** Absent: a table where it disturbs nothing. */
  readonly table?: boolean;
}

export const runCommand: AddCommand = (program, does) => {
  program
    .command("run")
    .description("runs the daemon and hands each mail over as `deliverTo` says; Ctrl-C ends it gently, a second one at once")
    .option("--once", "ends when every queue had a round and all that waited was handed over")
    .option("--drain <seconds>", "how long an end waits for what is in flight", "30")
    .option("--table", "a live table of the queues on standard error, where that is a terminal")
    .option("--no-table", "a line for each change instead")
    .action(does(run));
};

const run: Work<[RunOptions]> = async (context, options) => {
  const undo = createUndo();
  try {
    const hardEnd = untilAborted(context.interrupts.hard).then(() => exitCodes.interrupted);
    return await Promise.race([daemonFrom(context, options, undo), hardEnd]);
  } finally {
    await undo.run();
  }
};

async function daemonFrom(context: CommandContext, options: RunOptions, undo: Undo): Promise<ExitCode> {
  const { gentle } = context.interrupts;
  let deadlineMs = millisecondsOf(options.drain);
  const loaded = await context.load();
  if (options.once && loaded.config.scheduler)
    throw new ConfigError("CONFIG_INVALID", "Expected no `scheduler` with --once: what is all done is not known where turns go around.");
  const sink = await openSink(loaded, { ...context, clock: systemClock });
  undo.push(() => sink.close());
  const composed = await composeOptions(loaded);
  const defaults = { ...stated({ maxAttempts: sink.maxAttempts }), ...composed.defaults };
  const { http } = loaded.config;
  const prometheus = http && (await openPrometheus(http));
  undo.push(() => prometheus?.close());
  const { logger, logAddresses, scheduler, turnMaxMs } = loaded.config;
  const beside = stated({ metrics: prometheus?.metrics, logger, logAddresses, scheduler, turnMaxMs });
  const daemon = createMailDaemon({ ...composed, ...beside, defaults, handler: sink.handler });
  const once = options.once ? watchOnce(daemon, systemClock) : undefined;
  undo.push(() => once?.end());
  const view = openRunView(context, { daemon, loaded, sink, table: options.table });
  undo.push(() => view.end());
  // It answers while the daemon starts, too.
  const endpoint = http && (await openHttpEndpoint({ daemon, ...http, prometheus }));
  undo.push(() => endpoint?.close());
  if (endpoint) view.tell("http:opened", { url: endpoint.url }, `health and metrics at ${endpoint.url}`);

  if (!(await startUnless(gentle, daemon, deadlineMs))) return exitCodes.done;
  /** Mail goes on without it: a frozen daemon that has lost its store may hold the place. */
  const untold = (error: unknown) => {
    if (!(error instanceof MailError)) throw error;
    view.tell("control:unavailable", { code: error.code }, `no control socket, other commands do not reach this daemon: ${error.message}`);
    return undefined;
  };
  try {
    // What others reach the running daemon by: it is closed when the daemon has stopped.
    const folder = controlFolder(loaded);
    const control = folder === undefined ? undefined : await openControl({ daemon, folder }).catch(untold);
    undo.push(() => control?.close());
    const ended = await firstEnd(daemon, [
      ...[gentle].map(endingWith(exitCodes.done)),
      ...(sink.gone ? [sink.gone] : []).map(endingWith(exitCodes.outputClosed)),
      ...(once ? [once.over] : []),
    ]);
    if (ended === exitCodes.outputClosed) {
      const code = sink.gone?.reason as string;
      view.tell(
        "output:closed",
        { code },
        `standard output takes nothing any more (${code}); what it did not take comes again at the next start`,
      );
      // What is in flight cannot be written any more.
      deadlineMs = 0;
    }
    return ended;
  } finally {
    await daemon.stop({ deadlineMs });
  }
}

/** False where an interrupt came first. */
async function startUnless(gentle: AbortSignal, daemon: MailDaemon, deadlineMs: number): Promise<boolean> {
  if (gentle.aborted) return false;
  // The start itself tells what was the matter.
  const forget = onAbort(gentle, () => void daemon.stop({ deadlineMs }).catch(() => undefined));
  try {
    await daemon.start();
    return true;
  } catch (error) {
    if (gentle.aborted && error instanceof MailError && error.code === "LIFECYCLE_STOPPED") return false;
    throw error;
  } finally {
    forget();
  }
}

/** The first of the ends. @throws MailError why the daemon stopped by itself */
function firstEnd(daemon: MailDaemon, ends: readonly Promise<ExitCode>[]): Promise<ExitCode> {
  const byItself = daemon.stopped.then((error) => {
    if (error) throw error;
    return exitCodes.done;
  });
  return Promise.race([...ends, byItself]);
}

const endingWith = (code: ExitCode) => (signal: AbortSignal) => untilAborted(signal).then(() => code);

/** @throws ConfigError `CONFIG_INVALID` */
function millisecondsOf(seconds: string): number {
  const ms = Number(seconds) * 1_000;
  if (/^\d+(\.\d+)?$/.test(seconds) && ms <= 3_600_000) return ms;
  throw new ConfigError("CONFIG_INVALID", `Expected --drain to be 0 to 3600 seconds, got ${JSON.stringify(seconds)}.`);
}
