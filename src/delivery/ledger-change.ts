/**
 * How an entry of the ledger becomes the next one: each step of a message's life as a function of the entry before it.
 *
 * Invariant: pure; what comes out is not true until the ledger has made it durable.
 */
import { stated } from "../base/stated.js";
import { type FinalEntry, finalOf, type Known, type OpenEntry, type Sighting } from "./ledger-record.js";

interface Place {
  readonly sequence: number;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** A message seen for the first time. */
export function opened({ id, folder, receivedAt, conversationId, isRead, foundBy, twin }: Sighting, { sequence, now }: Place): OpenEntry {
  const found = { foundBy: foundBy === "round" ? undefined : foundBy, conversationId, twin, wasRead: isRead };
  return {
    sequence,
    id,
    folder,
    receivedAt: receivedAt ?? now,
    foundAt: now,
    state: "pending",
    attempts: 0,
    crashes: 0,
    ...stated(found),
  } as OpenEntry;
}

/** A message that is to be delivered again. If it was in flight at a crash ever before, it is under suspicion again. */
export function reopened(id: string, { open, final }: Known, { sequence, now }: Place): OpenEntry {
  const { folder = "", receivedAt = now, foundAt = now, foundBy, failures, twin, foreign, crashes } = open ?? final;
  const story = stated({ foundBy, failures, twin, foreign, suspect: crashes ? (true as const) : undefined });
  return {
    sequence,
    id,
    folder,
    receivedAt,
    foundAt,
    state: "pending",
    attempts: 0,
    crashes: 0,
    ...story,
    replayedAt: now,
  } as OpenEntry;
}

/** Whether it is still to be delivered, or being so. */
export function isUnderWay(entry: OpenEntry | undefined): boolean {
  return entry !== undefined && entry.state !== "marking";
}

/** A copy whose original ended undelivered. */
export function uncopied({ copyOf: _, ...entry }: OpenEntry): OpenEntry {
  return entry;
}

/** An attempt begins. */
export function begun(entry: OpenEntry, { conversationId, alone }: { conversationId: string | undefined; alone: boolean }): OpenEntry {
  return {
    ...entry,
    state: "delivering",
    attempts: entry.attempts + 1,
    ...(conversationId === undefined ? {} : { conversationId }),
    ...(alone ? { alone } : {}),
  };
}

/** An attempt that was cut off. */
export function released({ alone: _, ...entry }: OpenEntry): OpenEntry {
  return { ...entry, state: "pending", attempts: entry.attempts - 1 };
}

/** An attempt that lasts longer than the others could wait for. */
export function outlasted({ alone: _, ...entry }: OpenEntry): OpenEntry {
  return { ...entry, outlasts: true };
}

/** An attempt that ended with an answer: whatever ended the process, this message is not under suspicion any more. */
export function survived(entry: OpenEntry): OpenEntry {
  if (!entry.alone && !entry.suspect && !entry.outlasts && entry.notBeforeAt === undefined) return entry;
  const { alone: _, suspect: __, outlasts: ___, notBeforeAt: ____, ...rest } = entry;
  return rest;
}

/** The mark is made, or with an error never can be. */
export function marked(entry: OpenEntry, now: number, error: string | undefined): FinalEntry {
  return {
    ...finalOf(entry, entry.outcome ?? "settled", entry.endedAt ?? now),
    ...(error === undefined ? { markedAt: now } : { markError: error }),
  };
}
