/**
 * What a row of the benchmark is, and what it is run with.
 * Invariant: a figure knows its own target; a row never judges a time in the quick form, but always what is right or wrong.
 */
import type { DoorName } from "./doors.js";
import type { Processes } from "./processes.js";
import type { Report } from "./simulator-process.js";

/** `least`: at least that much reaches it. */
export type Target = { readonly least: number } | { readonly most: number };

export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly target?: Target;
  /** What qualifies it: what bounds it, how it was counted. */
  readonly note?: string;
}

export interface RowResult {
  readonly row: string;
  /** Undefined for a row that makes no requests. */
  readonly door?: DoorName;
  readonly figures: readonly Figure[];
  /** What was measured one by one, for the JSON. */
  readonly details: unknown;
}

export interface RowContext {
  /** Small numbers: a test that every row runs to its end. */
  readonly quick: boolean;
  /** How many pairs of runs stand behind a ratio. */
  readonly pairs: number;
  readonly door: DoorName;
  readonly processes: Processes;
  /** Something is wrong whatever the machine: a message missing or doubled, a zero that is none. */
  readonly fault: (what: string) => void;
  /** Takes what the simulator's log says of a run of ours into the zeros of the whole benchmark. */
  readonly noteRequests: (report: Report) => void;
  /** Tells whoever waits what goes on. */
  readonly tell: (what: string) => void;
}

export interface Row {
  readonly name: string;
  /** False: it makes no requests, and runs once whatever the doors. */
  readonly hasDoor: boolean;
  run(context: RowContext): Promise<RowResult>;
}

/** Undefined without a target. */
export function isReached({ value, target }: Figure): boolean | undefined {
  if (!target) return undefined;
  return "least" in target ? value >= target.least : value <= target.most;
}
