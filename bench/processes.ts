/**
 * The processes of a run: the simulator in one, each measured side in a fresh one, and this one that only waits.
 * Invariant: a process ends with the work it was started for, also when that fails or takes longer than its limit.
 */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Commands, createPeer, type Peer } from "./peer.js";
import type { SimulatorCommands } from "./simulator-process.js";
import type { WorkerCommands } from "./worker.js";

/** Milliseconds after which a process is ended, whatever it does. */
const limits = { quick: 60_000, full: 30 * 60_000 };

type Form = { readonly quick: boolean };

export type SimulatorPeer = Peer<SimulatorCommands>;
export type WorkerPeer = Peer<WorkerCommands>;

/** Runs `work` with a simulator in a process of its own. */
export function withSimulator<T>(form: Form, work: (simulator: SimulatorPeer) => Promise<T>): Promise<T> {
  return withProcess<SimulatorCommands, T>(form, "./simulator-process.js", ["--max-old-space-size=6144"], {}, work);
}

/** Runs `work` with a fresh process that measures, and that asks the simulator through this one. */
export function withWorker<T>(form: Form, simulator: SimulatorPeer, work: (worker: WorkerPeer) => Promise<T>): Promise<T> {
  const ours = { simulator: (name: keyof SimulatorCommands, given: never[]) => simulator.ask(name, ...(given as never)) };
  return withProcess<WorkerCommands, T>(form, "./worker.js", ["--expose-gc"], ours, work);
}

async function withProcess<Theirs extends Commands, T>(
  { quick }: Form,
  module: string,
  execArgv: string[],
  ours: Commands,
  work: (peer: Peer<Theirs>) => Promise<T>,
): Promise<T> {
  const child = fork(fileURLToPath(new URL(module, import.meta.url)), { execArgv, serialization: "advanced" });
  const limit = setTimeout(() => child.kill("SIGKILL"), quick ? limits.quick : limits.full);
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  try {
    return await work(createPeer<Theirs>(child, ours));
  } finally {
    if (child.connected) child.disconnect();
    const stubborn = setTimeout(() => child.kill("SIGKILL"), 5_000);
    await ended;
    clearTimeout(stubborn);
    clearTimeout(limit);
  }
}
