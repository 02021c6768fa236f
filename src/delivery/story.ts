/** The whole story of one message, as the ledger has it: found when and by what, its attempts, where it rests, its mark. */
import type { Mark } from "../mailbox/mark.js";
import type { FinalEntry, FinalState, ForeignChange, FoundBy, Known, OpenEntry } from "./ledger-record.js";

/** `pending`: to be delivered. `delivering`: with the handler. `retrying`: waits for its next attempt. Otherwise it rests. */
export type MessageState = "pending" | "delivering" | "retrying" | FinalState;

/** An attempt that failed. */
export interface FailedAttempt {
  readonly at: Date;
  /** 1-based. */
  readonly attempt: number;
  /** What the handler threw, or the reason it gave; at most 500 characters. */
  readonly error: string;
}

export interface MarkStory {
  readonly wanted: Mark;
  /** Times that it was tried and refused. */
  readonly tries?: number;
  readonly madeAt?: Date;
  /** Why it can never be made. */
  readonly failed?: string;
}

export interface MessageStory {
  /** The immutable id. */
  readonly id: string;
  /** The idempotency key of its deliveries. */
  readonly key: string;
  readonly state: MessageState;
  /** The watched folder in which it was found; absent for `baseline`. */
  readonly folder?: string;
  /** Absent for `baseline`. */
  readonly receivedAt?: Date;
  readonly foundAt?: Date;
  /** What showed it first: a round, the listing that stands in for one, or a sweep. */
  readonly foundBy: FoundBy;
  /** Attempts begun since it was found or replayed, without those that a crash or a stop cut off. */
  readonly attempts: number;
  /** Attempts that ended with the end of the process. */
  readonly crashes: number;
  /** It was in flight when the process ended: it is delivered while nothing else is. */
  readonly suspect?: true;
  /** The newest failures, at most five, oldest first; those before a replay are among them. */
  readonly failures: readonly FailedAttempt[];
  readonly nextAttemptAt?: Date;
  /** Graph has not had it since then. */
  readonly missingSince?: Date;
  /** What others did to it. */
  readonly changedElsewhere: readonly ForeignChange[];
  readonly settledAt?: Date;
  readonly quarantinedAt?: Date;
  readonly goneAt?: Date;
  readonly skippedAt?: Date;
  /** Absent when none was wanted (yet). */
  readonly mark?: MarkStory;
  readonly replayedAt?: Date;
  /** The first sweep in a row that did not see it in any watched folder. */
  readonly absentSince?: Date;
}

const restNames = { settled: "settledAt", quarantined: "quarantinedAt", gone: "goneAt", skipped: "skippedAt" } as const;

export function storyOf(id: string, { open, final }: Known, queueKey: string): MessageStory {
  const entry = open ?? final;
  return {
    id,
    key: `${queueKey}/${id}`,
    foundBy: entry.foundBy ?? "round",
    attempts: entry.attempts ?? 0,
    crashes: entry.crashes ?? 0,
    failures: failuresOf(entry),
    changedElsewhere: entry.foreign ?? [],
    ...(entry.folder ? { folder: entry.folder } : {}),
    ...dated("receivedAt", entry.receivedAt),
    ...dated("foundAt", entry.foundAt),
    ...dated("replayedAt", entry.replayedAt),
    ...(entry.mark ? { mark: { wanted: entry.mark, ...(open ? triesOf(open) : endOf(final)) } } : {}),
    ...(open ? work(open) : rest(final)),
  };
}

export function failuresOf({ failures = [] }: OpenEntry | FinalEntry): FailedAttempt[] {
  return failures.map((failure) => ({ ...failure, at: new Date(failure.at) }));
}

function work(entry: OpenEntry): Pick<MessageStory, "state" | "suspect"> {
  const { state, outcome = "settled", endedAt, notBeforeAt, suspect, missingSince } = entry;
  if (state === "marking") return { state: outcome, ...dated(restNames[outcome], endedAt) };
  return {
    state,
    ...(suspect ? { suspect } : {}),
    ...dated("nextAttemptAt", state === "retrying" ? notBeforeAt : undefined),
    ...dated("missingSince", missingSince),
  };
}

function rest({ state, at, absentSince }: FinalEntry): Pick<MessageStory, "state"> {
  return {
    state,
    ...(state === "baseline" ? { foundAt: new Date(at) } : dated(restNames[state], at)),
    ...dated("absentSince", absentSince),
  };
}

function triesOf({ markAttempts }: OpenEntry): Omit<MarkStory, "wanted"> {
  return markAttempts === undefined ? {} : { tries: markAttempts };
}

function endOf({ markedAt, markError }: FinalEntry): Omit<MarkStory, "wanted"> {
  return markError === undefined ? dated("madeAt", markedAt) : { failed: markError };
}

function dated<Name extends string>(name: Name, at: number | undefined): { [Key in Name]?: Date } {
  return at === undefined ? {} : ({ [name]: new Date(at) } as { [Key in Name]: Date });
}
