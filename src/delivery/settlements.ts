/**
 * What the end of a delivery makes of its message: recorded first, told after that, its mark ordered last.
 *
 * Invariant: nothing is told or ordered that is not durable. It must not know where messages wait.
 */
import { backoffMs } from "../base/backoff.js";
import type { Clock } from "../base/clock.js";
import { MailError } from "../base/errors.js";
import { stated } from "../base/stated.js";
import { type DeliveryMark, type Mark, mergedMark } from "../mailbox/mark.js";
import type { Verdict } from "./delivery.js";
import type { EmitDeliveryEvent } from "./events.js";
import type { Ledger } from "./ledger.js";
import type { OpenEntry } from "./ledger-record.js";

export interface SettlementsOptions {
  /** The queue address as configured. */
  readonly queue: string;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly emit: EmitDeliveryEvent;
  /** A settled or quarantined message has a mark to be made. */
  readonly onMark: (entry: OpenEntry) => void;
  readonly maxAttempts: number;
  readonly afterAck: Mark | undefined;
  readonly onQuarantine: Mark | undefined;
  /** Repeats a write while the store is away. */
  readonly durable: <T>(write: () => Promise<T>) => Promise<T>;
}

/** `over`: nothing of it is delivered any more. `cut-off`: it stays in the ledger for the next start. */
export type Settled = "over" | "cut-off" | { readonly again: OpenEntry };

export interface Settlements {
  /** @throws what the ledger throws beyond hope */
  record(entry: OpenEntry, verdict: Verdict): Promise<Settled>;
  /** Whether it ended the process so often, alone, that it is not delivered once more. */
  isPoison(entry: OpenEntry): boolean;
  /** Such a one rests from now on. @throws what the ledger throws beyond hope */
  recordPoison(entry: OpenEntry): Promise<void>;
  /** A message rests without having been handed over. @throws what the ledger throws beyond hope */
  recordUndelivered(entry: OpenEntry, reason: string): Promise<void>;
}

interface Quarantining {
  readonly reason: string;
  readonly crashes?: number;
  /** By whoever rejected it. */
  readonly given?: DeliveryMark | undefined;
}

const retryBackoff = { baseMs: 5_000, capMs: 600_000 };

export function createSettlements(options: SettlementsOptions): Settlements {
  const { queue, ledger, clock, emit, durable, maxAttempts, onMark } = options;

  async function retry(entry: OpenEntry, error: string, afterMs: number | undefined): Promise<OpenEntry> {
    const nextAt = clock.now() + (afterMs ?? backoffMs(clock, entry.attempts, retryBackoff));
    const again = await durable(() => ledger.retry(entry, { notBeforeAt: nextAt, error }));
    emit("message:retrying", { queue, id: entry.id, attempt: entry.attempts, reason: error, nextAt });
    return again;
  }

  async function acknowledge(entry: OpenEntry, given: DeliveryMark | undefined): Promise<void> {
    const mark = mergedMark(options.afterAck, given);
    const marking = await durable(() => ledger.settle(entry, { outcome: "settled", mark }));
    emit("message:settled", { queue, id: entry.id, attempt: entry.attempts, receivedAt: entry.receivedAt });
    if (marking) onMark(marking);
  }

  async function quarantine(entry: OpenEntry, { reason, crashes, given }: Quarantining): Promise<void> {
    const mark = mergedMark(options.onQuarantine, given);
    const marking = await durable(() => ledger.settle(entry, { outcome: "quarantined", mark, error: reason }));
    emit("message:quarantined", { queue, id: entry.id, attempts: entry.attempts, reason, ...stated({ crashes }) });
    if (marking) onMark(marking);
  }

  return {
    async record(entry, verdict) {
      if (verdict.kind === "cut-off") {
        await durable(() => ledger.release(entry));
        return "cut-off";
      }
      if (verdict.kind === "retry" && entry.attempts < maxAttempts) return { again: await retry(entry, verdict.error, verdict.afterMs) };
      if (verdict.kind === "ack") await acknowledge(entry, verdict.mark);
      else await quarantine(entry, { reason: verdict.error, given: verdict.kind === "reject" ? verdict.mark : undefined });
      return "over";
    },
    isPoison: ({ loneCrashes = 0 }) => loneCrashes >= maxAttempts,
    recordPoison: (entry) =>
      quarantine(entry, {
        reason: `it ended the process ${entry.loneCrashes} times while nothing else was in flight`,
        crashes: entry.loneCrashes ?? 0,
      }),
    recordUndelivered: (entry, reason) => quarantine(entry, { reason }),
  };
}

/** What the host's own calls get when the end of a delivery could not be recorded. */
export function unsettled(queue: string, { id }: OpenEntry, cause: unknown): MailError {
  if (cause instanceof MailError && cause.code === "LIFECYCLE_LOST_QUEUE") return cause;
  const message = `The end of the delivery of ${id} could not be recorded: ${queue} is not delivered by this process any more.`;
  return new MailError("LIFECYCLE_LOST_QUEUE", message, { queue, messageId: id, cause });
}
