/**
 * The processes of a run: the simulator in one, each measured side in another, and this one that only waits.
 * Invariant: a process ends with the work it was started for, also when that fails or takes longer than its limit.
 */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Progress } from "./jobs/part.js";
import { type Commands, createPeer, type Peer } from "./peer.js";
import type { SimulatorCommands } from "./simulator-process.js";
import type { WorkerCommands } from "./worker.js";

export type SimulatorPeer = Peer<SimulatorCommands>;
export type WorkerPeer = Peer<WorkerCommands>;

export interface Processes {
  /** Runs `work` with a simulator in a process of its own, without faults and with an empty log. */
  withSimulator<T>(work: (simulator: SimulatorPeer) => Promise<T>): Promise<T>;
  /** Runs `work` with a process that measures, and that asks the simulator through this one. */
  withWorker<T>(simulator: SimulatorPeer, work: (worker: WorkerPeer) => Promise<T>): Promise<T>;
  /** Runs `work` with so many fresh processes at once; `told` takes what any of them says that it has done. */
  withWorkers<T>(
    simulator: SimulatorPeer,
    { count, told }: { count: number; told: (progress: Progress) => void },
    work: (workers: readonly WorkerPeer[]) => Promise<T>,
  ): Promise<T>;
  end(): Promise<void>;
}

/** Milliseconds after which a process is ended, whatever it does. */
const limits = { fresh: 30 * 60_000, shared: 3 * 60_000 };

/** A fresh process each time: none inherits another's heap or compiled code. */
export function freshProcesses(): Processes {
  return {
    withSimulator: (work) => withProcess(startSimulator(limits.fresh), work),
    withWorker: (simulator, work) => withProcess(startWorker(simulator, limits.fresh), work),
    withWorkers: (simulator, how, work) => withSeveral(simulator, { ...how, limitMs: limits.fresh }, work),
    end: async () => undefined,
  };
}

/** One simulator and one worker for everything, as starting them is most of what a small run costs. */
export function sharedProcesses(): Processes {
  const simulator = startSimulator(limits.shared);
  const worker = startWorker(simulator.peer, limits.shared);
  return {
    async withSimulator(work) {
      await simulator.peer.ask("calm");
      return work(simulator.peer);
    },
    withWorker: (_simulator, work) => work(worker.peer),
    withWorkers: (simulator, how, work) => withSeveral(simulator, { ...how, limitMs: limits.shared }, work),
    end: async () => void (await Promise.all([worker.end(), simulator.end()])),
  };
}

interface Started<Theirs extends Commands> {
  readonly peer: Peer<Theirs>;
  end(): Promise<void>;
}

function startSimulator(limitMs: number): Started<SimulatorCommands> {
  return startProcess("./simulator-process.js", { execArgv: ["--max-old-space-size=6144"], ours: {}, limitMs });
}

function startWorker(
  simulator: SimulatorPeer,
  limitMs: number,
  told: (progress: Progress) => void = () => undefined,
): Started<WorkerCommands> {
  const ours = {
    simulator: (name: keyof SimulatorCommands, given: never[]) => simulator.ask(name, ...(given as never)),
    progress: told,
  };
  return startProcess("./worker.js", { execArgv: ["--expose-gc"], ours, limitMs });
}

async function withProcess<Theirs extends Commands, T>(started: Started<Theirs>, work: (peer: Peer<Theirs>) => Promise<T>): Promise<T> {
  try {
    return await work(started.peer);
  } finally {
    await started.end();
  }
}

async function withSeveral<T>(
  simulator: SimulatorPeer,
  { count, told, limitMs }: { count: number; told: (progress: Progress) => void; limitMs: number },
  work: (workers: readonly WorkerPeer[]) => Promise<T>,
): Promise<T> {
  const started = Array.from({ length: count }, () => startWorker(simulator, limitMs, told));
  try {
    return await work(started.map(({ peer }) => peer));
  } finally {
    await Promise.all(started.map((one) => one.end()));
  }
}

function startProcess<Theirs extends Commands>(
  module: string,
  { execArgv, ours, limitMs }: { execArgv: string[]; ours: Commands; limitMs: number },
): Started<Theirs> {
  const child = fork(fileURLToPath(new URL(module, import.meta.url)), { execArgv, serialization: "advanced" });
  const limit = setTimeout(() => child.kill("SIGKILL"), limitMs);
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    peer: createPeer<Theirs>(child, ours),
    async end() {
      if (child.connected) child.disconnect();
      const stubborn = setTimeout(() => child.kill("SIGKILL"), 5_000);
      await ended;
      clearTimeout(stubborn);
      clearTimeout(limit);
    },
  };
}
