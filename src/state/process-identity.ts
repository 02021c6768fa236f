/**
 * Who a process is, so that another process, perhaps after a crash or a restart of the machine, can tell whether it
 * still lives. Process ids come round again, hence the start time; containers share the boot id but not the ids, hence
 * the namespace. Away from Linux only host name and process id are known.
 *
 * Invariant: `isProvablyDead` errs towards "alive": what cannot be known is not proof.
 */
import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";

export interface ProcessIdentity {
  /** The machine's host name, or the container's. */
  readonly host: string;
  readonly processId: number;
  /** A new one at each boot of the kernel; `null` where the system tells none. */
  readonly bootId: string | null;
  /** The namespace in which `processId` counts; `null` where the system tells none. */
  readonly pidNamespace: string | null;
  /** Clock ticks from boot to the start of the process; `null` where the system tells none. */
  readonly startedAtTicks: string | null;
}

/** The identity of this process. */
export async function thisProcess(): Promise<ProcessIdentity> {
  const [bootId, pidNamespace, state] = await Promise.all([
    told(readFile("/proc/sys/kernel/random/boot_id", "utf8")),
    told(readlink("/proc/self/ns/pid")),
    processState(process.pid),
  ]);
  return { host: hostname(), processId: process.pid, bootId, pidNamespace, startedAtTicks: state?.startedAtTicks ?? null };
}

/** True when `other` cannot be running any more, judged from the place of `self`. */
export async function isProvablyDead(other: ProcessIdentity, self: ProcessIdentity): Promise<boolean> {
  if (other.host !== self.host) return false;
  if (other.bootId !== self.bootId) return other.bootId !== null && self.bootId !== null;
  if (other.pidNamespace !== self.pidNamespace) return false;
  if (isGone(other.processId)) return true;
  const state = await processState(other.processId);
  if (!state) return false;
  return state.isDead || (other.startedAtTicks !== null && other.startedAtTicks !== state.startedAtTicks);
}

/** Asks by signal 0, which also sees processes that `/proc` hides from us. */
function isGone(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return false;
  } catch (error) {
    // Any other refusal (EPERM) means that there is such a process.
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

interface ProcessState {
  readonly startedAtTicks: string;
  /** Ended, and only waiting to be collected by its parent. */
  readonly isDead: boolean;
}

/** Fields 3 and 22 of `/proc/<pid>/stat` (proc(5)), counted behind the name, which may hold anything. */
async function processState(processId: number): Promise<ProcessState | null> {
  const line = await told(readFile(`/proc/${processId}/stat`, "utf8"));
  if (line === null) return null;
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  const [state] = fields;
  const startedAtTicks = fields[19];
  if (state === undefined || startedAtTicks === undefined) return null;
  return { startedAtTicks, isDead: state === "Z" || state === "X" };
}

/** What the system tells, or `null` where it does not. */
async function told(reading: Promise<string>): Promise<string | null> {
  return reading.then(
    (text) => text.trim(),
    () => null,
  );
}
