/**
 * `doctor`: what is in order and what is not, link by link, with the remedy of what fails.
 *
 * Invariants: it works beside a daemon that owns the store, and makes no store where there is none; it ends with 1 when
 * anything fails, and only then, as long as the configuration can be read.
 */
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { systemClock } from "../base/clock.js";
import { createMailDaemon } from "../daemon/daemon.js";
import type { Finding } from "../daemon/doctor/finding.js";
import { memoryStore } from "../state/memory.js";
import { composeOptions, storeFolder } from "./compose.js";
import type { AddCommand, CommandContext } from "./context.js";
import { errorJson } from "./error-json.js";
import { type ExitCode, exitCodes } from "./exit-codes.js";
import { Interrupted } from "./interruption.js";
import type { LoadedConfig } from "./load-config.js";
import { type BundleStatus, writeBundle } from "./support-bundle.js";
import { isStoreThere, withTarget } from "./target.js";
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
  const { terminal, interrupts, folder } = context;
  const loaded = await context.load();
  const findings = await findingsOf(loaded, addresses, interrupts.gentle);
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

/** @throws Interrupted when the signal aborts */
async function findingsOf(loaded: LoadedConfig, addresses: readonly string[], signal: AbortSignal): Promise<Finding[]> {
  const options = await composeOptions(loaded);
  const isMissing = !isStoreThere(loaded) && canBeMade(storeFolder(loaded) as string);
  const daemon = createMailDaemon(isMissing ? { ...options, store: memoryStore() } : options);
  const stop = () => void daemon.stop({ deadlineMs: 0 });
  signal.addEventListener("abort", stop, { once: true });
  try {
    const findings = await daemon.doctor(addresses.length === 0 ? undefined : addresses);
    const noStore: Omit<Finding, "check"> = {
      outcome: "skipped",
      found: `There is no store in ${storeFolder(loaded)} yet: the first sign-in makes it.`,
    };
    return isMissing ? findings.map((finding) => (finding.check === "store" ? { check: "store", ...noStore } : finding)) : findings;
  } catch (error) {
    throw signal.aborted ? new Interrupted() : error;
  } finally {
    signal.removeEventListener("abort", stop);
    await daemon.stop({ deadlineMs: 0 });
  }
}

/** Whether a folder that is not there can be made, by what is there of its path; where not, opening it says why. */
function canBeMade(folder: string): boolean {
  for (let at = folder; ; at = dirname(at)) {
    if (!existsSync(at)) continue;
    try {
      accessSync(at, constants.W_OK | constants.X_OK);
      return statSync(at).isDirectory();
    } catch {
      return false;
    }
  }
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
