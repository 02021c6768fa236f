/**
 * `doctor`: what is in order and what is not, link by link, with the remedy of what fails.
 *
 * Invariant: it ends with 1 when anything fails, and only then, as long as the configuration can be read.
 */
import { systemClock } from "../base/clock.js";
import type { Finding } from "../daemon/doctor/finding.js";
import type { AddCommand, CommandContext } from "./context.js";
import { findingsOf } from "./doctor-findings.js";
import { errorJson } from "./error-json.js";
import { type ExitCode, exitCodes } from "./exit-codes.js";
import { type BundleStatus, writeBundle } from "./support-bundle.js";
import { withTarget } from "./target.js";
import type { Style, Terminal } from "./terminal.js";

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
  for (const [at, finding] of findings.entries()) {
    const isNew = finding.queue !== findings[at - 1]?.queue;
    terminal.result(finding, () => `${isNew ? headingOf(finding, terminal) : ""}${lineOf(finding, terminal)}`);
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

const marks: Readonly<Record<Finding["outcome"], { readonly word: string; readonly style: Style }>> = {
  ok: { word: "ok", style: "green" },
  warning: { word: "WARN", style: "yellow" },
  failed: { word: "FAIL", style: "red" },
  skipped: { word: "-", style: "dim" },
};

function headingOf({ queue, check }: Finding, terminal: Terminal): string {
  if (queue !== undefined) return `\n${terminal.style("bold", queue)}\n`;
  return check === "clock" ? "\n" : "";
}

function lineOf({ check, outcome, found, remedy, step }: Finding, terminal: Terminal): string {
  const { word, style } = marks[outcome];
  const line = `${terminal.style(style, word.padEnd(5))}${check.padEnd(13)}${found}`;
  if (remedy === undefined || outcome === "ok") return line;
  const where = step === undefined || remedy.includes(`#${step}`) ? "" : ` (docs/setup-entra.md#${step})`;
  return `${line}\n${" ".repeat(18)}${terminal.style("bold", "What to do:")} ${remedy}${where}`;
}

function tellSum(findings: readonly Finding[], terminal: Terminal): void {
  const count = (outcome: Finding["outcome"]) => findings.filter((one) => one.outcome === outcome).length;
  const [failed, warnings, skipped] = [count("failed"), count("warning"), count("skipped")];
  if (failed + warnings + skipped === 0) terminal.tell("All is well.");
  else terminal.tell(`${failed} failed, ${warnings} warning${warnings === 1 ? "" : "s"}, ${skipped} not looked at.`);
}
