/**
 * The second Ctrl-C ends every command: one that cleans up has a moment for it, and what hangs is left.
 *
 * Invariant: a command that is not interrupted ends as it does by itself, and nothing is left running for it here.
 */
import { sleep, systemClock } from "../base/clock.js";
import { onAbort } from "../base/shared-wait.js";
import { type ExitCode, exitCodes } from "./exit-codes.js";

/** Milliseconds for what a command undoes at its end. */
const graceMs = 3_000;

/** Resolves when the signal is aborted. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else onAbort(signal, () => resolve());
  });
}

/** What the work ends with, or 130 a moment after `hard` was aborted. */
export async function orInterrupted(work: Promise<ExitCode>, hard: AbortSignal): Promise<ExitCode> {
  const over = new AbortController();
  const interrupted = async (): Promise<ExitCode> => {
    await untilAborted(hard);
    // Ended when the work is over: then nobody waits for this any more.
    await sleep(systemClock, graceMs, over.signal).catch(() => undefined);
    return exitCodes.interrupted;
  };
  try {
    return await Promise.race([work, interrupted()]);
  } finally {
    over.abort();
  }
}
