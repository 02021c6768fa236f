/** Pauses: until when nothing is sent, of one mailbox or of all, and the error of a call that cannot wait for the end. */
import type { Clock } from "../base/clock.js";
import { MailError } from "../base/errors.js";
import { longestPauseMs } from "../base/retry-after.js";

/** Why and until when no request is sent. */
export interface Bar {
  /** Epoch milliseconds. */
  readonly until: number;
  /** Graph's error code, or one of ours; for the operator. */
  readonly code: string;
}

/** A pause longer than this, milliseconds, is the caller's to wait out: the call ends with an error that says until when, and the queue's state shows the wait. */
export const longestWaitMs = 15_000;

/** The code of a pause that Graph did not ask for: the mailbox's requests of ten minutes are spent. */
export const spentCode = "MailboxBudgetSpent";
/** Another: as many bytes were uploaded to it as Graph takes in five minutes. */
export const uploadedCode = "MailboxUploadSpent";
/** Another: Graph asked many mailboxes at once to pause. */
export const manyRefusedCode = "ManyMailboxesThrottled";

/**
 * The present pause, counted down by a clock that nobody sets: a change of the time of day makes it neither shorter nor
 * longer. A class, so that ten thousand mailboxes share its methods.
 */
export class Pause {
  readonly #clock: Clock;
  #code = "";
  /** When it is over, in the clock's ticks. */
  #endsAt = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** False when that changes nothing, as it ends no later than the present one. */
  extend({ until, code }: Bar): boolean {
    // The time of day first, then the ticks: where the process is held up between two looks, the pause is longer for it, never shorter.
    const leftMs = until - this.#clock.now();
    const endsAt = this.#clock.ticks() + leftMs;
    if (endsAt <= Math.max(this.#endsAt, this.#clock.ticks())) return false;
    this.#endsAt = endsAt;
    this.#code = code;
    return true;
  }

  /** Milliseconds until it is over; 0 when there is none. */
  get leftMs(): number {
    return Math.max(0, this.#endsAt - this.#clock.ticks());
  }

  /** As it is to be told now. */
  get bar(): Bar {
    const { leftMs } = this;
    return { until: this.#clock.now() + leftMs, code: this.#code };
  }
}

/** A pause as it was stored; none that lies further ahead than any may last: a clock was wrong then. */
export function readBar(value: unknown, now: number): Bar | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { until, code } = value as Partial<Record<keyof Bar, unknown>>;
  return typeof until === "number" && typeof code === "string" && until <= now + longestPauseMs ? { until, code } : undefined;
}

/** What our own pauses say, by code. */
const own: Readonly<Record<string, (queue: string, when: string) => string>> = {
  [spentCode]: (queue, when) =>
    `${queue} has had all the requests that Graph allows a mailbox in ten minutes; the next is sent at ${when}.`,
  [uploadedCode]: (queue, when) =>
    `${queue} has had all the bytes that Graph takes for a mailbox in five minutes; more are sent at ${when}.`,
  [manyRefusedCode]: (queue, when) =>
    `Graph has refused many mailboxes at once, so the application's limit is reached; the next request, of ${queue} too, is sent at ${when}.`,
};

export function barredError(queue: string, { until, code }: Bar): MailError {
  const when = new Date(until).toISOString();
  const message = own[code]?.(queue, when) ?? `Graph wants no request of ${queue} before ${when} (${code}).`;
  return new MailError("GRAPH_THROTTLED", message, { queue, notBeforeAt: until, serviceCode: code });
}
