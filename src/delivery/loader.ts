/**
 * Fetches the content of entries that wait without it, the oldest first, a batch at a time.
 *
 * Invariants: one batch at a time, no larger than there is room for; a message that cannot be read waits by itself; a
 * 404 is believed only after nothing else was heard for fifteen minutes of asking, while the mailbox itself answers: a
 * time in which nobody asked (a pause, a stop) says nothing. Whatever a read fails with, its entries are back in the
 * room; a ledger that fails ends the queue.
 */
import { backoffMs } from "../base/backoff.js";
import { type Clock, sleep } from "../base/clock.js";
import { MailError } from "../base/errors.js";
import { pauseMs } from "../graph/retry.js";
import type { Reading } from "../mailbox/reader.js";
import { insisting } from "./insist.js";
import type { Ledger } from "./ledger.js";
import type { OpenEntry } from "./ledger-record.js";
import type { WaitingRoom } from "./waiting-room.js";

export interface LoaderOptions {
  readonly ledger: Ledger;
  readonly room: WaitingRoom;
  readonly clock: Clock;
  /** Ends the waits and the reads. */
  readonly signal: AbortSignal;
  /** Fetches messages by id, at most 20. */
  readonly read: (ids: readonly string[], signal: AbortSignal) => Promise<Reading[]>;
  /** Whether Graph gives the mailbox itself: otherwise a 404 says nothing about a message. */
  readonly mailboxAnswers: (signal: AbortSignal) => Promise<boolean>;
  /** Calls back after a delay, unless the queue stops before. */
  readonly later: (delayMs: number, run: () => void) => void;
  readonly onGone: (entry: OpenEntry) => void;
  /** Something was read, or can be read again. */
  readonly onChange: () => void;
  readonly onFailure: (error: unknown) => void;
}

export interface Loader {
  /** Begins a read unless one is under way. */
  start(): void;
}

const readBatch = 20;
const backoff = { baseMs: 1_000, capMs: 60_000 };
/** Between questions for a message that alone cannot be read. */
const oneAlone = { baseMs: 2_000, capMs: 300_000 };
/** Milliseconds of asking again after which a 404 is believed. */
const believeMissingMs = 15 * 60_000;
const shortestAskAgainMs = 10_000;
const longestAskAgainMs = 5 * 60_000;

export function createLoader(options: LoaderOptions): Loader {
  const { ledger, room, clock, signal, read, mailboxAnswers, later, onGone, onChange, onFailure } = options;
  let reading = false;
  /** By message id, how often it alone could not be read; one that was read has no entry. */
  const refusals = new Map<string, number>();
  /** By message id, for how long it was asked for in vain, and when last; one that is there or gone has no entry. */
  const missing = new Map<string, { readonly forMs: number; readonly askedAt: number }>();
  /** Failures of whole reads in a row. */
  let failures = 0;

  async function readSome(): Promise<void> {
    const entries = room.takeUnloaded(Math.min(readBatch, room.roomFor));
    let readings: readonly Reading[];
    try {
      readings = await read(
        entries.map(({ id }) => id),
        signal,
      );
    } catch (error) {
      for (const entry of entries) room.add(entry);
      if (signal.aborted) return;
      if (!(error instanceof MailError)) return onFailure(error);
      failures += 1;
      return sleep(clock, Math.max(pauseMs(error, clock), backoffMs(clock, failures, backoff)), signal);
    }
    failures = 0;
    for (const [index, entry] of entries.entries()) await sort(entry, readings[index]);
  }

  async function sort(entry: OpenEntry, reading: Reading | undefined): Promise<void> {
    const { missingSince } = entry;
    const now = clock.now();
    if (reading?.found) {
      refusals.delete(entry.id);
      missing.delete(entry.id);
      return room.add(missingSince === undefined ? entry : await noted(entry, undefined), reading.item);
    }
    if (reading?.error.code !== "GRAPH_NOT_FOUND") {
      const refused = (refusals.get(entry.id) ?? 0) + 1;
      refusals.set(entry.id, refused);
      return askAgain(entry, Math.max(pauseMs(reading?.error, clock), backoffMs(clock, refused, oneAlone)));
    }
    const missingMs = missingFor(entry, now);
    if (missingSince === undefined) return askAgain(await noted(entry, now), shortestAskAgainMs);
    if (missingMs < believeMissingMs) return askAgain(entry, Math.min(Math.max(missingMs, shortestAskAgainMs), longestAskAgainMs));
    // "Default folder Root not found" comes with the same code when there is no mailbox at all (Zammad's documentation).
    if (!(await mailboxAnswers(signal))) return askAgain(entry, longestAskAgainMs);
    await insisting(() => ledger.close(entry, "gone"), { clock, signal });
    missing.delete(entry.id);
    room.pass(entry);
    onGone(entry);
  }

  /** What went by since the last question counts up to the longest wait between two: more was nobody's asking. */
  function missingFor({ id, missingSince }: OpenEntry, now: number): number {
    const { forMs, askedAt } = missing.get(id) ?? { forMs: 0, askedAt: missingSince ?? now };
    const asked = { forMs: forMs + Math.min(now - askedAt, longestAskAgainMs), askedAt: now };
    missing.set(id, asked);
    return asked.forMs;
  }

  /** Over a restart too, a message is missing since it was last there. */
  function noted(entry: OpenEntry, missingSince: number | undefined): Promise<OpenEntry> {
    return insisting(() => ledger.missing(entry, missingSince), { clock, signal });
  }

  function askAgain(entry: OpenEntry, delayMs: number): void {
    room.pass(entry);
    later(delayMs, () => room.add(entry));
  }

  return {
    start() {
      if (reading || signal.aborted) return;
      reading = true;
      readSome()
        .catch((error: unknown) => {
          if (!signal.aborted) onFailure(error);
        })
        .finally(() => {
          reading = false;
          onChange();
        });
    },
  };
}
