/**
 * `doctor`: what is in order and what is not, link by link, with the remedy of what fails.
 *
 * Invariant: it ends with 1 when anything fails, and only then, as long as the configuration can be read.
 */
import { systemClock } from "../base/clock.js";
import type { Finding } from "../daemon/doctor/finding.js";
import type { AddCommand, CommandContext } from "./context.js";
import { findingsOf } from "./doctor-findings.js";
import { doctorText } from "./doctor-view.js";
import { errorJson } from "./error-json.js";
import { type ExitCode, exitCodes } from "./exit-codes.js";
import { commandLine } from "./run-view.js";
import { type BundleStatus, writeBundle } from "./support-bundle.js";
import { withTarget } from "./target.js";
import type { Terminal } from "./terminal.js";

interface DoctorCommandOptions {
  readonly bundle?: string;
}

export const doctorCommand: AddCommand = (program, does) => {
  program
    .command("doctor")
    .argument("[addresses...]", "the queues to look at (default: all)")
    .option(
      "--bundle <file>",
      "also write a support bundle: what was found and the configuration's shape, without addresses, mail and tokens",
    )
    .description("looks at everything from key and store to the mailbox, and says what to do about what fails")
    .action(
      does((context, addresses: string[], options: DoctorCommandOptions) => doctor(context, addresses, options, program.version() ?? "")),
    );
};

async function doctor(
  context: CommandContext,
  addresses: readonly string[],
  { bundle }: DoctorCommandOptions,
  version: string,
): Promise<ExitCode> {
  const { terminal, folder } = context;
  const loaded = await context.load();
  const findings = await findingsOf(context, loaded, addresses);
  if (terminal.json) for (const finding of findings) terminal.result(finding, () => "");
  else {
    const commandOf = (...words: string[]) => commandLine(loaded, folder, words);
    terminal.result(findings, () => doctorText(findings, { style: terminal.style, columns: columnsOf(context), commandOf }));
  }
  tellSum(findings, terminal);
  if (bundle !== undefined) {
    const file = await writeBundle(folder, bundle, {
      version,
      madeAt: systemClock.now(),
      loaded,
      findings,
      status: await statusOf(context),
    });
    terminal.tell(`Support bundle: ${file}`);
  }
  return findings.some(({ outcome }) => outcome === "failed") ? exitCodes.failed : exitCodes.done;
}

/** Of the daemon that runs, or of the store; why not, where neither says. */
async function statusOf(context: CommandContext): Promise<BundleStatus> {
  try {
    return await withTarget(context, async (target) => ({ running: target.processId !== undefined, ...(await target.status()) }));
  } catch (error) {
    return { unknown: errorJson(error).code };
  }
}

/** Of standard output, where it is a terminal. */
function columnsOf({ stdout }: CommandContext): number | undefined {
  return "columns" in stdout && typeof stdout.columns === "number" && stdout.columns > 0 ? stdout.columns : undefined;
}

function tellSum(findings: readonly Finding[], terminal: Terminal): void {
  const count = (outcome: Finding["outcome"]) => findings.filter((one) => one.outcome === outcome).length;
  const [failed, warnings, skipped] = [count("failed"), count("warning"), count("skipped")];
  if (failed + warnings + skipped === 0) terminal.tell("All is well.");
  else terminal.tell(`${failed} failed, ${warnings} warning${warnings === 1 ? "" : "s"}, ${skipped} not looked at.`);
}
