/**
 * What the demo may be told on its command line.
 * Invariant: what leaves this file is complete and in range; anything unknown is a sentence for the user. Prints nothing, ends nothing.
 */
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";

/** The flags with their defaults in place. */
export interface Flags {
  /** How long mail arrives, in seconds, up to 3,600. */
  readonly seconds: number;
  /** Chooses the mail and the simulator's habits, 0 to 4,294,967,295. Default: random. */
  readonly seed: number;
  /** Mail goes on arriving until Ctrl-C. Default false. */
  readonly keep: boolean;
  readonly help: boolean;
}

/** The text of `--help`. */
export const usage = `Usage: npm start [-- flags]

A demo without an account and without a network: a simulator of Microsoft 365
and the daemon run in processes of their own on this machine. Mail arrives in
five queues; in the middle the daemon is killed with kill -9 and started again.

  --seconds N   how long mail arrives: 4 to 3600 (default 16)
  --seed N      which mail arrives: 0 to 4294967295 (default: random)
  --keep        mail goes on arriving until Ctrl-C, which drains and prints
  --help        this text

NO_COLOR=1 prints without colours; so does any output that is no terminal.
Exit code: 0 when all went well, 1 when it did not, 2 for an unknown flag,
130 when Ctrl-C ended it early.`;

/** What a demo takes. */
export interface FlagRange {
  readonly usualSeconds: number;
  readonly leastSeconds: number;
  /** Whether it can go on until Ctrl-C. */
  readonly canKeep: boolean;
}

/** The flags, or a sentence that says what is wrong with them. */
export function readFlags(given: readonly string[], { usualSeconds, leastSeconds, canKeep }: FlagRange): Flags | string {
  try {
    const { values } = parseArgs({
      args: [...given],
      options: { seconds: { type: "string" }, seed: { type: "string" }, keep: { type: "boolean" }, help: { type: "boolean" } },
    });
    const { seconds, seed, keep = false, help = false } = values;
    if (keep && !canKeep) return "Unknown option '--keep'";
    return {
      seconds: seconds === undefined ? usualSeconds : whole("--seconds", seconds, leastSeconds, 3_600),
      seed: seed === undefined ? randomInt(0, 2 ** 32 - 1) : whole("--seed", seed, 0, 2 ** 32 - 1),
      keep,
      help,
    };
  } catch (error) {
    if (error instanceof RangeError || (error instanceof TypeError && "code" in error)) return error.message;
    throw error;
  }
}

function whole(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new RangeError(`Expected ${flag} to be a whole number from ${least} to ${most}, got '${text}'`);
}
