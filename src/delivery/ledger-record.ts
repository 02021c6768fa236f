/**
 * What the ledger keeps of a message, and how it is written: ids, dates, states and error texts, never content.
 *
 * Invariant: open work lies under an increasing sequence, the final entry under the message's id; a message has one
 * or the other, and neither before it was ever seen; only one that was gone and is seen again has both until it rests.
 */
import { MailError } from "../base/errors.js";
import type { Mark } from "../mailbox/marker.js";
import type { Entry, Key, Value } from "../state/store.js";

/**
 * `pending`: to be delivered. `delivering`: an attempt has begun. `retrying`: waits for its next attempt.
 * `marking`: settled or quarantined for good, its mark is still to be made.
 */
export type OpenState = "pending" | "delivering" | "retrying" | "marking";

/** Where a message rests. */
export type FinalState = "baseline" | "settled" | "quarantined" | "gone";

/** A message with open work. Changed only by the ledger, after the change is durable. */
export interface OpenEntry {
  readonly sequence: number;
  readonly id: string;
  readonly folder: string;
  /** Epoch milliseconds; when Graph did not say, the time it was found. */
  readonly receivedAt: number;
  /** Epoch milliseconds. */
  readonly foundAt: number;
  readonly state: OpenState;
  /** Attempts begun, without those that a crash or a stop cut off. */
  readonly attempts: number;
  /** Attempts that ended with the end of the process. */
  readonly crashes: number;
  /** Epoch milliseconds before which there is no further attempt. */
  readonly notBeforeAt?: number;
  /** Epoch milliseconds at which Graph first did not have it any more. */
  readonly missingSince?: number;
  readonly conversationId?: string;
  /** The newest failures, oldest first; at most {@link keptErrors}. */
  readonly errors?: readonly string[];
  /** In state `marking`: how it ended. */
  readonly outcome?: "settled" | "quarantined";
  readonly mark?: Mark;
  /** Times that its mark was tried. */
  readonly markAttempts?: number;
}

export interface FinalEntry {
  readonly state: FinalState;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly attempts?: number;
  readonly errors?: readonly string[];
  /** Why the mark could not be made. Absent: it was made, or none was wanted. */
  readonly markError?: string;
}

/** How many failures of a message are kept. */
export const keptErrors = 5;
/** The longest error text kept, in characters. */
const keptErrorLength = 500;

export function openKey(queueKey: string, sequence: number): Key {
  return [queueKey, "open", sequence];
}

export function finalKey(queueKey: string, id: string): Key {
  return [queueKey, "final", id];
}

export function epochKey(queueKey: string): Key {
  return [queueKey, "epoch"];
}

/** Plain data by its type; an interface only lacks the index signature that `Value` asks for. */
export function openValue({ sequence: _, ...rest }: OpenEntry): Value {
  return rest as unknown as Value;
}

export function finalValue(entry: FinalEntry): Value {
  return { ...entry };
}

const openStates: ReadonlySet<unknown> = new Set<OpenState>(["pending", "delivering", "retrying", "marking"]);

/** @throws MailError `STORE_RECORD_INVALID` */
export function readOpenEntry({ key, value }: Entry, queue: string): OpenEntry {
  const sequence = key[2];
  const record = value as unknown as Partial<OpenEntry> | null;
  const sound =
    typeof sequence === "number" &&
    typeof record === "object" &&
    record !== null &&
    typeof record.id === "string" &&
    typeof record.folder === "string" &&
    typeof record.receivedAt === "number" &&
    typeof record.foundAt === "number" &&
    typeof record.attempts === "number" &&
    typeof record.crashes === "number" &&
    openStates.has(record.state);
  if (!sound) {
    throw new MailError(
      "STORE_RECORD_INVALID",
      `The ledger entry ${key.join("/")} of ${queue} cannot be read; restore the store from a copy.`,
      { queue },
    );
  }
  return { ...(record as OpenEntry), sequence };
}

/** The errors with one more: the newest are kept, long ones are cut. */
export function withError(errors: readonly string[] | undefined, text: string): readonly string[] {
  return [...(errors ?? []), text.slice(0, keptErrorLength)].slice(-keptErrors);
}
