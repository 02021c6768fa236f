/**
 * Who looks for `doctor`: the daemon that runs on the store, or the command itself where none does.
 *
 * Invariants: a daemon that can be reached looks itself, so that the requests to a mailbox pass one gate; what it finds is
 * of its own process and configuration. The command makes no store where there is none.
 */
import { accessSync, constants, existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { MailError } from "../base/errors.js";
import { createMailDaemon } from "../daemon/daemon.js";
import { type Finding, seenIn, wrong } from "../daemon/doctor/finding.js";
import { memoryStore } from "../state/memory.js";
import { composeOptions, storeFolder } from "./compose.js";
import type { CommandContext } from "./context.js";
import type { RunningDaemon } from "./control-client.js";
import { interruptedError } from "./interruption.js";
import type { LoadedConfig } from "./load-config.js";
import { isStoreThere, runningDaemon } from "./target.js";

/** In the order of the chain, of these queues or all. @throws MailError `LIFECYCLE_STOPPED` (an interruption) after Ctrl-C */
export async function findingsOf(context: CommandContext, loaded: LoadedConfig, addresses: readonly string[]): Promise<readonly Finding[]> {
  const found = await reachedDaemon(context, loaded);
  if (found && "ask" in found) {
    context.terminal.tell(`The daemon in process ${found.processId} looks, with its own environment and configuration.`);
    return askedFindings(found, loaded, addresses);
  }
  const findings = await ownFindings(loaded, addresses, context.interrupts.gentle);
  const owner = found && { check: "owner" as const, ...seenIn(found, { step: "this-machine" }) };
  return owner ? findings.map((finding) => (finding.check === "owner" ? owner : finding)) : findings;
}

/** The daemon, or why it cannot be reached: it may be frozen, and all else is looked at none the less. */
async function reachedDaemon(context: CommandContext, loaded: LoadedConfig): Promise<RunningDaemon | MailError | undefined> {
  try {
    return await runningDaemon(context, loaded);
  } catch (error) {
    if (error instanceof MailError && error.code === "LIFECYCLE_CONTROL_UNAVAILABLE") return error;
    throw error;
  }
}

async function askedFindings({ ask }: RunningDaemon, { config }: LoadedConfig, addresses: readonly string[]): Promise<Finding[]> {
  const known = new Set((await ask("status", {})).queues.map(({ address }) => address.toLowerCase()));
  const asked = new Set(addresses.map((address) => address.toLowerCase()));
  const isAsked = (address: string) => asked.size === 0 || asked.has(address.toLowerCase());
  const unknown = config.queues.map(({ address }) => address).filter((address) => isAsked(address) && !known.has(address.toLowerCase()));
  const missing = unknown.map(unknownQueue);
  const others = addresses.filter((address) => !unknown.some((one) => one.toLowerCase() === address.toLowerCase()));
  if (addresses.length > 0 && others.length === 0) return missing;
  const findings = await ask("doctor", others.length === 0 ? {} : { addresses: others });
  const [chain, clock] = [findings.filter(({ check }) => check !== "clock"), findings.filter(({ check }) => check === "clock")];
  return [...chain, ...missing, ...clock];
}

/** It is in the configuration as it is now. */
function unknownQueue(queue: string): Finding {
  const found = `The running daemon does not know ${queue}: it was started with another configuration.`;
  const remedy = { who: "developer", step: "this-machine", remedy: "Start the daemon anew." } as const;
  return { queue, check: "owner", ...wrong("failed", found, remedy) };
}

async function ownFindings(loaded: LoadedConfig, addresses: readonly string[], signal: AbortSignal): Promise<Finding[]> {
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
    throw signal.aborted ? interruptedError() : error;
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
