/**
 * Fetches the content of entries that wait without it, the oldest first, a batch at a time.
 *
 * Invariants: one batch at a time; a message that cannot be read waits by itself; a 404 is believed only after it was
 * asked for over fifteen minutes. An entry that left the room is given back or accounted for, whatever fails.
 */
import { backoffMs } from "../base/backoff.js";
import { type Clock, sleep } from "../base/clock.js";
import { MailError } from "../base/errors.js";
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
/** Milliseconds of asking again after which a 404 is believed. */
const believeMissingMs = 15 * 60_000;
const shortestAskAgainMs = 10_000;
const longestAskAgainMs = 5 * 60_000;

export function createLoader({ ledger, room, clock, signal, read, later, onGone, onChange, onFailure }: LoaderOptions): Loader {
  let reading = false;
  /** Failures of whole reads in a row. */
  let failures = 0;

  async function readSome(): Promise<void> {
    const entries = room.takeUnloaded(readBatch);
    try {
      const readings = await read(
        entries.map(({ id }) => id),
        signal,
      );
      failures = 0;
      for (const [index, entry] of entries.entries()) await sort(entry, readings[index]);
    } catch (error) {
      for (const entry of entries) if (ledger.open.get(entry.id) === entry) room.add(entry);
      if (signal.aborted) return;
      if (!(error instanceof MailError) || /^(LIFECYCLE|STORE)_/.test(error.code)) return onFailure(error);
      failures += 1;
      const bar = (error.notBeforeAt ?? 0) - clock.now();
      await sleep(clock, Math.max(bar, backoffMs(clock, failures, backoff)), signal);
    }
  }

  async function sort(entry: OpenEntry, reading: Reading | undefined): Promise<void> {
    if (reading?.found) return room.add(entry, reading.item);
    const now = clock.now();
    if (reading?.error.code !== "GRAPH_NOT_FOUND") return later(shortestAskAgainMs, () => room.add(entry));
    const { missingSince } = entry;
    if (missingSince !== undefined && now - missingSince >= believeMissingMs) {
      await insisting(() => ledger.gone(entry), { clock, signal });
      return onGone(entry);
    }
    const noted = missingSince === undefined ? await insisting(() => ledger.missing(entry, now), { clock, signal }) : entry;
    const missingMs = now - (noted.missingSince ?? now);
    later(Math.min(Math.max(missingMs, shortestAskAgainMs), longestAskAgainMs), () => room.add(noted));
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
