/**
 * What the ledger keeps of a message, and how it is written: ids, dates, states and error texts, never content.
 *
 * Invariant: open work lies under an increasing sequence, the final entry under the message's id; a message has one
 * or the other, and neither before it was ever seen; only one that was gone and is seen again has both until it rests.
 */
import { MailError } from "../base/errors.js";
import { stated } from "../base/stated.js";
import type { Mark } from "../mailbox/mark.js";
import type { Entry, Key, Value } from "../state/store.js";

/**
 * `pending`: to be delivered. `delivering`: an attempt has begun. `retrying`: waits for its next attempt.
 * `marking`: settled or quarantined for good, its mark is still to be made.
 */
export type OpenState = "pending" | "delivering" | "retrying" | "marking";

/** Where a message rests. `skipped`: somebody else dealt with it, and the queue's rule says that this is enough. */
export type FinalState = "baseline" | "settled" | "quarantined" | "gone" | "skipped";

/** What showed a message first: a delta round, the listing that stands in for one, or a sweep. */
export type FoundBy = "round" | "listing" | "sweep";

/** What others did to a message. `deleted`: it lies in Deleted Items, or is not there any more. */
export type ForeignChange = "read" | "unread" | "moved" | "deleted" | "categorised";

/** An attempt that failed. */
export interface Failure {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly attempt: number;
  /** The error's name and message as the host threw it, or the reason it gave; cut. */
  readonly error: string;
}

/** What both kinds of entry keep of a message. */
interface Story {
  /** Absent: `round`. */
  readonly foundBy?: FoundBy;
  /** The newest failures, oldest first; at most {@link keptFailures}. */
  readonly failures?: readonly Failure[];
  /** See `twin.ts`: what the message has in common with its copy under another id. */
  readonly twin?: string;
  /** Changes by others that were told. */
  readonly foreign?: readonly ForeignChange[];
  /** Epoch milliseconds of its last replay. */
  readonly replayedAt?: number;
}

/** A message with open work. Changed only by the ledger, after the change is durable. */
export interface OpenEntry extends Story {
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
  /** Of these, those in which it alone was in flight: then it is to blame. */
  readonly loneCrashes?: number;
  /** It was in flight when the process ended, and no attempt since has ended otherwise: it is delivered alone. */
  readonly suspect?: true;
  /** In state `delivering`: nothing else of this process was in flight. */
  readonly alone?: true;
  /** An attempt of it lasted longer than a suspect keeps the others waiting: after a crash the other suspects come first. */
  readonly outlasts?: true;
  /** Epoch milliseconds before which there is no further attempt. */
  readonly notBeforeAt?: number;
  /** Epoch milliseconds at which Graph first did not have it any more. */
  readonly missingSince?: number;
  readonly conversationId?: string;
  /** Whether it was read already when it was found; absent where that was not said. */
  readonly wasRead?: boolean;
  /** In state `marking`: how it ended. */
  readonly outcome?: "settled" | "quarantined";
  /** In state `marking`: epoch milliseconds of that end. */
  readonly endedAt?: number;
  readonly mark?: Mark;
  /** Times that its mark was tried. */
  readonly markAttempts?: number;
  /** In state `pending`: the id of the message whose copy it is, and whose end it waits for. */
  readonly copyOf?: string;
}

export interface FinalEntry extends Story {
  readonly state: FinalState;
  /** Epoch milliseconds of the end of the work: for `baseline`, when it was found. */
  readonly at: number;
  /** Where, when and by what it was found, epoch milliseconds: absent for `baseline`. */
  readonly folder?: string;
  readonly receivedAt?: number;
  readonly foundAt?: number;
  readonly attempts?: number;
  readonly crashes?: number;
  /** The mark that was to be made; absent when none was wanted. */
  readonly mark?: Mark;
  /** Epoch milliseconds at which the mark was known to be made. */
  readonly markedAt?: number;
  /** Why the mark could not be made. */
  readonly markError?: string;
  /** Epoch milliseconds of the first sweep in a row that did not see it in any watched folder. */
  readonly absentSince?: number;
}

/** A message as a page or a listing showed it. */
export interface Sighting {
  readonly id: string;
  readonly folder: string;
  /** Epoch milliseconds; absent when the page did not say. */
  readonly receivedAt?: number | undefined;
  readonly conversationId?: string | undefined;
  readonly isRead?: boolean;
  readonly twin?: string | undefined;
  /** Default `round`. */
  readonly foundBy?: FoundBy;
  /** `baseline`: it was there before the queue went live; another state: it is the copy of a message that has come to that. */
  readonly becomes: "pending" | FinalState;
  /** The id under which the ledger has it, and Graph not any more. */
  readonly copyOf?: string | undefined;
}

/** What the ledger has of a message: open work, or its final entry. */
export type Known = { readonly open: OpenEntry; readonly final?: undefined } | { readonly final: FinalEntry; readonly open?: undefined };

/** How many failures of a message are kept. */
export const keptFailures = 5;
/** The longest error text kept, in characters. */
const keptErrorLength = 500;

export function openKey(queueKey: string, sequence: number): Key {
  return [queueKey, "open", sequence];
}

export function finalKey(queueKey: string, id: string): Key {
  return [queueKey, "final", id];
}

/** Lies beside the entry of a message whose work ended in quarantine, to find it without reading the whole ledger. */
export function quarantineKey(queueKey: string, id: string): Key {
  return [queueKey, "quarantine", id];
}

/** What is written beside the entry of a message that comes to rest in that state: it is there for quarantine alone. */
export function quarantinePuts(
  queueKey: string,
  { id, state, at }: { readonly id: string; readonly state: FinalState | "pending"; readonly at: number },
): { readonly key: Key; readonly value: number }[] {
  return state === "quarantined" ? [{ key: quarantineKey(queueKey, id), value: at }] : [];
}

export function epochKey(queueKey: string): Key {
  return [queueKey, "epoch"];
}

/** Plain data by its type; an interface only lacks the index signature that `Value` asks for. */
export function openValue(entry: OpenEntry): Value {
  return entry as unknown as Value;
}

export function finalValue(entry: FinalEntry): Value {
  return entry as unknown as Value;
}

const finalStates: ReadonlySet<unknown> = new Set<FinalState>(["baseline", "settled", "quarantined", "gone", "skipped"]);
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

/** The failures with one more: the newest are kept, long texts are cut. */
export function withFailure({ failures = [], attempts }: OpenEntry, at: number, error: string): readonly Failure[] {
  return [...failures, { at, attempt: attempts, error: error.slice(0, keptErrorLength) }].slice(-keptFailures);
}

/** What is kept of the work on a message when it rests. */
export function finalOf(entry: OpenEntry, state: FinalState, at: number): FinalEntry {
  const { folder, receivedAt, foundAt, foundBy, attempts, crashes, failures, twin, foreign, replayedAt, mark } = entry;
  return {
    state,
    at,
    folder,
    receivedAt,
    foundAt,
    attempts,
    ...stated({ crashes: crashes || undefined, foundBy, failures, twin, foreign, replayedAt, mark }),
  };
}

/** What rests from the first sight of it; the copy of one in quarantine can be found and replayed as that could be. */
export function restingOf({ becomes, twin, folder, receivedAt }: Sighting, original: Known | undefined, at: number): FinalEntry {
  const { failures, attempts, crashes } = original?.open ?? original?.final ?? {};
  const work = becomes === "quarantined" ? { folder, receivedAt: receivedAt ?? at, foundAt: at, failures, attempts, crashes } : {};
  return { state: becomes, at, ...stated({ ...work, twin }) } as FinalEntry;
}

/** A final entry as stored. @throws MailError `STORE_RECORD_INVALID` */
export function readFinalEntry({ key, value }: Entry, queue: string): FinalEntry {
  const record = value as unknown as Partial<FinalEntry> | null;
  if (typeof record === "object" && record !== null && finalStates.has(record.state) && typeof record.at === "number") {
    return record as FinalEntry;
  }
  throw new MailError(
    "STORE_RECORD_INVALID",
    `The ledger entry ${key.join("/")} of ${queue} cannot be read; restore the store from a copy.`,
    { queue },
  );
}
