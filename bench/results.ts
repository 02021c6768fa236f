/** What a full run leaves behind: the numbers as JSON and a plot, with the machine they were measured on. */
import { existsSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";
import { meanBodyLength } from "./mail.js";
import { plotOf } from "./plot.js";
import { isReached, type RowResult } from "./row.js";

/** Load of the machine before the run above which others worked beside it. */
const quiet = 0.5;

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  readonly platform: string;
  /** The load of a minute before the run began. */
  readonly loadBefore: number;
  /** Others worked on it before the run: numbers are provisional. */
  readonly busy: boolean;
  /** The benchmark's processes were scheduled before those of others (`chrt -r 1`). */
  readonly goesBefore: boolean;
}

export function machine(): Machine {
  const [loadBefore = 0] = loadavg();
  const all = cpus();
  return {
    cpu: all[0]?.model ?? "unknown",
    cores: all.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    loadBefore,
    busy: loadBefore > quiet,
    goesBefore: isRealTime(),
  };
}

/** Whether this process, and with it those that it starts, is scheduled by a real-time policy; false where no `/proc` tells. */
function isRealTime(): boolean {
  if (!existsSync("/proc/self/stat")) return false;
  const stat = readFileSync("/proc/self/stat", "utf8");
  // The name in brackets may hold blanks; the policy is the 41st field, the first after the bracket the third.
  const policy = stat.slice(stat.lastIndexOf(")") + 2).split(" ")[41 - 3];
  return policy === "1" || policy === "2";
}

export interface Run {
  readonly pairs: number;
  readonly results: readonly RowResult[];
}

/** Writes `<name>.json` and `<name>.svg` into the folder. */
export async function writeResults(folder: string, name: string, on: Machine, { pairs, results }: Run): Promise<void> {
  await mkdir(folder, { recursive: true });
  const rows = results.map(({ figures, ...rest }) => ({
    ...rest,
    figures: figures.map((figure) => ({ ...figure, ...(figure.target ? { reached: isReached(figure) } : {}) })),
  }));
  const json = { measuredAt: new Date().toISOString(), machine: on, pairs, meanBodyCharacters: meanBodyLength, rows };
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(json, rounded, 2)}\n`);
  await writeFile(join(folder, `${name}.svg`), plotOf(results));
}

/** Nobody needs more than four figures. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;
}
