/** One measurement in this process: what it took of time and of this process's CPU, and how busy the simulator was meanwhile. */
import { performance } from "node:perf_hooks";
import type { Load } from "../simulator-process.js";
import type { World } from "./world.js";

export interface Figures {
  readonly ms: number;
  /** Of this process, all its threads. */
  readonly cpuMs: number;
  readonly simulator: Load;
}

/** Milliseconds of CPU of this process, threads included, since the process began. */
export function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

export async function measured(world: World, work: () => Promise<void>): Promise<Figures> {
  globalThis.gc?.();
  await world.simulator.ask("beginLoad");
  const [begun, cpu] = [performance.now(), cpuMs()];
  await work();
  const figures = { ms: performance.now() - begun, cpuMs: cpuMs() - cpu };
  return { ...figures, simulator: await world.simulator.ask("endLoad") };
}
