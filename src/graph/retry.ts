/**
 * Repeating one call that failed for a passing reason. Only for calls that may be repeated: reads, sparse updates, moves
 * by immutable id; not `DELETE`, which a second time deletes for good.
 *
 * Invariant: never before the time the server asked for; a longer pause than a call should hang is left to the caller.
 */
import pRetry from "p-retry";
import { backoffMs } from "../base/backoff.js";
import { type Clock, sleep } from "../base/clock.js";
import { MailError, type MailErrorCode } from "../base/errors.js";
import { longestWaitMs } from "./bar.js";

/** What is worth an immediate repetition of the call; everything else is the turn's to decide. */
const passing: ReadonlySet<MailErrorCode> = new Set([
  "GRAPH_UNREACHABLE",
  "GRAPH_TIMEOUT",
  "GRAPH_UNAVAILABLE",
  "GRAPH_THROTTLED",
  "GRAPH_CONFLICT",
]);

/** Tries in all. */
const tries = 4;
/** No try begins later than this after the first, milliseconds. */
export const longestMs = 180_000;
const backoff = { baseMs: 500, capMs: 8_000 };

export function isPassing(error: unknown): error is MailError {
  return error instanceof MailError && passing.has(error.code);
}

/**
 * Milliseconds for which Graph wants nothing after this error; 0 when it said nothing. The time that a sign-in's error
 * names is not Graph's: the token source keeps it, and ends it when somebody signs in before.
 */
export function pauseMs(error: unknown, clock: Clock): number {
  if (!(error instanceof MailError) || error.code.startsWith("AUTH_")) return 0;
  return Math.max(0, (error.notBeforeAt ?? 0) - clock.now());
}

export interface RetryOptions {
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** True of an error that a repetition cannot mend. Default: of none that is passing. */
  readonly isFinal?: ((error: MailError) => boolean) | undefined;
}

/** Runs `work` up to four times; no try begins later than three minutes after the first. */
export function retrying<T>(work: () => Promise<T>, { clock, signal, isFinal = () => false }: RetryOptions): Promise<T> {
  const endsAt = clock.ticks() + longestMs;
  const pauseOf = ({ notBeforeAt = 0 }: MailError) => Math.max(0, notBeforeAt - clock.now());
  const isWorthIt = (error: MailError) => clock.ticks() + pauseOf(error) < endsAt && pauseOf(error) <= longestWaitMs;
  const isWorthRepeating = (error: unknown): error is MailError => isPassing(error) && isWorthIt(error) && !isFinal(error);
  return pRetry(work, {
    retries: tries - 1,
    minTimeout: 0,
    factor: 1,
    shouldRetry: ({ error }) => isWorthRepeating(error) && !signal?.aborted,
    async onFailedAttempt({ error, attemptNumber, retriesLeft }) {
      if (retriesLeft === 0 || !isWorthRepeating(error)) return;
      await sleep(clock, Math.max(pauseOf(error), backoffMs(clock, attemptNumber, backoff)), signal);
    },
  });
}
