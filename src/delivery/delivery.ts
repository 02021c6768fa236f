/**
 * One handing-over of a message to the host, from its begin to its settlement.
 *
 * Invariants: the first settlement wins and resolves when it is durable; a handler past its time has its `signal`
 * aborted, and while its promise still runs, for at most one more time-out, there is no second delivery and a late end
 * counts. The two timers are cleared by the settlement and keep the process alive.
 */
import type { Clock } from "../base/clock.js";
import { ConfigError, MailError } from "../base/errors.js";
import { stated } from "../base/stated.js";
import { checkedMark, type DeliveryMark, type MarkAbilities } from "../mailbox/mark.js";
import type { MailMessage } from "../mailbox/message.js";

/** `settled`: this call settled it; `already`: an earlier settlement had won. */
export type SettleResult = "settled" | "already";

export interface RetryOptions {
  /** Milliseconds until the next attempt, 0 to 2,147,483,647. Default: a back-off that grows with the attempts, from about 5 s to 10 min. */
  readonly afterMs?: number;
  /** Why, for the ledger and `message:retrying`. No mail content. Default `"the handler asked for another attempt"`. */
  readonly reason?: string;
}

/** One handing-over of a message. */
export interface Delivery {
  /** The queue address as configured. */
  readonly queue: string;
  readonly message: MailMessage;
  /** Which attempt this is, 1-based; kept over restarts. */
  readonly attempt: number;
  /** Stable idempotency key: the queue address in lower case, a slash, the immutable id. */
  readonly key: string;
  /** Aborted when the handler's time is over, at the deadline of `stop()`, or when the queue is lost. */
  readonly signal: AbortSignal;
  /**
   * Done: the mark of the queue's `afterAck` follows; what `mark` gives takes the place of the queue's properties of that name.
   * @throws MailError `LIFECYCLE_LOST_QUEUE`; ConfigError `CONFIG_INVALID`, and nothing is settled
   */
  ack(mark?: DeliveryMark): Promise<SettleResult>;
  /** Not now: it comes again. @throws MailError `LIFECYCLE_LOST_QUEUE`; ConfigError `CONFIG_INVALID`, and nothing is settled */
  retry(options?: RetryOptions): Promise<SettleResult>;
  /**
   * Never: it goes to quarantine, and the mark of `onQuarantine` follows, with `mark` as in `ack`.
   * @throws MailError `LIFECYCLE_LOST_QUEUE`; ConfigError `CONFIG_INVALID`, and nothing is settled
   */
  reject(reason: string, mark?: DeliveryMark): Promise<SettleResult>;
  /** The handler's time starts again with `ms` milliseconds from now, 1 to 2,147,483,647. @throws ConfigError `CONFIG_INVALID` */
  extend(ms: number): void;
}

/** How a delivery ended. */
export type Verdict =
  | { readonly kind: "ack"; readonly mark?: DeliveryMark | undefined }
  | { readonly kind: "retry"; readonly afterMs?: number | undefined; readonly error: string }
  | { readonly kind: "reject"; readonly error: string; readonly mark?: DeliveryMark | undefined }
  | { readonly kind: "cut-off" };

export interface DeliveryOptions {
  readonly queue: string;
  readonly message: MailMessage;
  readonly attempt: number;
  readonly key: string;
  readonly clock: Clock;
  readonly handlerTimeoutMs: number;
  readonly abilities: MarkAbilities;
  /** Makes the verdict durable. */
  readonly settle: (verdict: Verdict) => Promise<void>;
}

export interface RunningDelivery {
  readonly delivery: Delivery;
  /** Settles with a verdict of the daemon's own; first settlement wins here too. */
  end(verdict: Verdict): Promise<SettleResult>;
  abort(reason: MailError): void;
  /** Its settlement has begun, or is durable. */
  readonly isSettling: boolean;
  /** The handler has looked at the signal: its return after an abort may say that it gave up. */
  readonly heedsSignal: boolean;
}

/** The longest that a timer takes, about 24 days. */
const longestMs = 2 ** 31 - 1;

export function createDelivery(options: DeliveryOptions): RunningDelivery {
  const { queue, message, attempt, key, clock, handlerTimeoutMs, abilities, settle } = options;
  /** Made when the host looks at the signal: most handlers do not. */
  let controller: AbortController | undefined;
  /** Why the signal is aborted; empty while it is not. */
  let aborted: MailError | undefined;
  /** Empty until the first settlement. */
  let settlement: Promise<void> | undefined;
  let stopTimer = clock.startTimer(timeOut, handlerTimeoutMs);

  async function end(verdict: Verdict): Promise<SettleResult> {
    const first = settlement === undefined;
    if (first) stopTimer();
    settlement ??= settle(verdict);
    await settlement;
    return first ? "settled" : "already";
  }

  function timeOut(): void {
    const error = new MailError(
      "DELIVERY_TIMED_OUT",
      `The handler did not finish ${message.id} of ${queue} within ${handlerTimeoutMs} ms.`,
      { queue, messageId: message.id },
    );
    abort(error);
    // The result of this settlement reaches nobody else: a lost queue is reported by whoever lost it.
    stopTimer = clock.startTimer(() => void end({ kind: "retry", error: error.message }).catch(() => undefined), handlerTimeoutMs);
  }

  function abort(reason: MailError): void {
    aborted ??= reason;
    controller?.abort(aborted);
  }

  function signal(): AbortSignal {
    controller ??= new AbortController();
    if (aborted) controller.abort(aborted);
    return controller.signal;
  }

  return {
    end,
    abort,
    get isSettling() {
      return settlement !== undefined;
    },
    get heedsSignal() {
      return controller !== undefined;
    },
    delivery: {
      queue,
      message,
      attempt,
      key,
      get signal() {
        return signal();
      },
      ack: async (mark) => end({ kind: "ack", ...stated({ mark: checkedMark(mark, abilities) }) }),
      async retry({ afterMs, reason = "the handler asked for another attempt" } = {}) {
        if (afterMs !== undefined) assertMilliseconds("afterMs", afterMs, 0);
        return end({ kind: "retry", afterMs, error: errorText(reason) });
      },
      reject: async (reason, mark) => end({ kind: "reject", error: errorText(reason), ...stated({ mark: checkedMark(mark, abilities) }) }),
      extend(ms) {
        assertMilliseconds("ms", ms, 1);
        if (settlement !== undefined || aborted) return;
        stopTimer();
        stopTimer = clock.startTimer(timeOut, ms);
      },
    },
  };
}

function assertMilliseconds(name: string, value: number, least: number): void {
  if (typeof value === "number" && value >= least && value <= longestMs) return;
  throw new ConfigError(
    "CONFIG_INVALID",
    `Expected \`${name}\` to be ${least} to ${longestMs} milliseconds, got ${String(value)} (${typeof value}).`,
  );
}

/** What a host gave as a reason, or threw, as a line for the ledger. */
export function errorText(error: unknown): string {
  if (typeof error === "string") return error;
  return error instanceof Error
    ? `${error.name}: ${error.message}`
    : `the handler gave ${typeof error === "object" ? "an object" : String(error)} as the reason`;
}
