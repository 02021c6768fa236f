/**
 * The durable record of each message of one queue, and the only writer of it.
 *
 * Invariants: a page's entries and its cursor are one commit; every commit checks the queue's epoch, so a process that
 * lost the queue cannot write; what is in memory changes only after the commit is durable. An id is looked up among the
 * open work first and among the final entries after that: work becomes final in one commit, so no id slips through.
 */
import type { Clock } from "../base/clock.js";
import { MailError } from "../base/errors.js";
import type { Mark } from "../mailbox/marker.js";
import type { Commit, Key, Store, Value } from "../state/store.js";
import { raiseEpoch, readOpenWork } from "./ledger-opening.js";
import {
  epochKey,
  type FinalEntry,
  type FinalState,
  type FoundBy,
  finalKey,
  finalOf,
  finalValue,
  type OpenEntry,
  openKey,
  openValue,
  quarantineKey,
  readFinalEntry,
  stated,
  withFailure,
} from "./ledger-record.js";

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
}

/** What the ledger has of a message: open work, or its final entry. */
export type Known = { readonly open: OpenEntry; readonly final?: undefined } | { readonly final: FinalEntry; readonly open?: undefined };

/** Puts and deletes that belong together. */
export type Change = Pick<Commit, "puts" | "deletes" | "withinMs">;

export interface Ledger {
  readonly queueKey: string;
  /** Open work by message id. */
  readonly open: ReadonlyMap<string, OpenEntry>;
  /** What is known of these ids; a message never seen is not in the map. */
  look(ids: readonly string[]): Promise<ReadonlyMap<string, Known>>;
  /**
   * Records what is new of a page, together with its cursor; returns the entries to be delivered. What is known stays,
   * but what was believed to be gone is new again. `known`: a look at these ids, where there was one.
   */
  record(
    sightings: readonly Sighting[],
    cursor?: { readonly key: Key; readonly value: Value },
    known?: ReadonlyMap<string, Known>,
  ): Promise<OpenEntry[]>;
  /** Begins an attempt for each; durable before the handler runs. `alone`: nothing else of this process is in flight. */
  begin(
    entries: readonly { entry: OpenEntry; conversationId?: string | undefined }[],
    options?: { readonly alone: boolean },
  ): Promise<OpenEntry[]>;
  /** The message is done with: it waits for its mark, or rests when there is none to make. */
  settle(
    entry: OpenEntry,
    end: { readonly outcome: "settled" | "quarantined"; readonly mark: Mark | undefined; readonly error?: string },
  ): Promise<OpenEntry | undefined>;
  /** The attempt failed; another follows. */
  retry(entry: OpenEntry, again: { readonly notBeforeAt: number; readonly error: string }): Promise<OpenEntry>;
  /** The attempt was cut off by a stop: it does not count. */
  release(entry: OpenEntry): Promise<OpenEntry>;
  /** Something is known of it beside its state. */
  note(entry: OpenEntry, what: Pick<Partial<OpenEntry>, "foreign" | "alone">): Promise<OpenEntry>;
  /** Graph does not have it (any more), or has it again: then since `undefined`. */
  missing(entry: OpenEntry, since: number | undefined): Promise<OpenEntry>;
  /** Nothing of it is delivered any more. */
  close(entry: OpenEntry, state: "gone" | "skipped"): Promise<void>;
  /** The marks are made, or never can be. */
  marked(entries: readonly { readonly entry: OpenEntry; readonly error?: string }[]): Promise<void>;
  markFailed(entry: OpenEntry): Promise<OpenEntry>;
  /** A message that rested, or waited for its mark, is to be delivered again, with all its attempts before it. */
  reopen(id: string, known: Known): Promise<OpenEntry>;
  /** Whatever else the queue keeps; checked by epoch like all others. */
  write(change: Change): Promise<void>;
}

export interface LedgerOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** The queue address as configured. */
  readonly queue: string;
}

type Put = NonNullable<Commit["puts"]>[number];

/** Milliseconds a settlement may wait for company; two waits of a handler's result are hardly felt. */
const settleWithinMs = 3;
/** Milliseconds a finished mark may wait: repeating it after a crash does no harm. */
const markedWithinMs = 50;

/**
 * Takes the queue (its epoch rises: commits of earlier owners fail from now on) and reads its open work.
 * Attempts that were under way when the last owner ended are pending again and count as crashes.
 * @throws MailError `STORE_…`
 */
export async function openLedger({ store, clock, queue }: LedgerOptions): Promise<Ledger> {
  const queueKey = queue.toLowerCase();
  const epoch = await raiseEpoch(store, queueKey);

  async function commit(change: Change): Promise<void> {
    const result = await store.commit({ checks: [{ key: epochKey(queueKey), version: epoch }], ...change });
    if (!result.ok) {
      throw new MailError("LIFECYCLE_LOST_QUEUE", `Another process has taken ${queue} over; nothing more is written or settled here.`, {
        queue,
      });
    }
  }

  function openPut(entry: OpenEntry): Put {
    return { key: openKey(queueKey, entry.sequence), value: openValue(entry) };
  }

  async function update(entry: OpenEntry, change: Partial<OpenEntry>, withinMs: number, more: readonly Put[] = []): Promise<OpenEntry> {
    const next = { ...entry, ...change };
    await commit({ puts: [openPut(next), ...more], withinMs });
    open.set(next.id, next);
    return next;
  }

  async function rest(
    entries: readonly { entry: OpenEntry; final: FinalEntry }[],
    withinMs: number,
    more: readonly Put[] = [],
  ): Promise<void> {
    await commit({
      puts: [...entries.map(({ entry, final }) => ({ key: finalKey(queueKey, entry.id), value: finalValue(final) })), ...more],
      deletes: entries.map(({ entry }) => openKey(queueKey, entry.sequence)),
      withinMs,
    });
    for (const { id, sequence } of entries.map(({ entry }) => entry)) if (open.get(id)?.sequence === sequence) open.delete(id);
  }

  async function look(ids: readonly string[]): Promise<ReadonlyMap<string, Known>> {
    const known = new Map<string, Known>();
    const others: string[] = [];
    for (const id of new Set(ids)) {
      const entry = open.get(id);
      if (entry) known.set(id, { open: entry });
      else others.push(id);
    }
    const finals = await store.getMany(others.map((id) => finalKey(queueKey, id)));
    for (const [index, record] of finals.entries()) {
      if (record) known.set(others[index] as string, { final: readFinalEntry(record, queue) });
    }
    return known;
  }

  function opened({ id, folder, receivedAt = clock.now(), conversationId, isRead, foundBy, twin }: Sighting): OpenEntry {
    const sequence = nextSequence;
    nextSequence += 1;
    const found = { foundBy: foundBy === "round" ? undefined : foundBy, conversationId, twin, wasRead: isRead === true || undefined };
    return {
      sequence,
      id,
      folder,
      receivedAt,
      foundAt: clock.now(),
      state: "pending",
      attempts: 0,
      crashes: 0,
      ...stated(found),
    } as OpenEntry;
  }

  const work = await readOpenWork(store, queueKey, { clock, queue });
  let { nextSequence } = work;
  const open = new Map(work.entries.map((entry) => [entry.id, entry]));
  if (work.cutOff.length > 0) await commit({ puts: work.cutOff.map(openPut) });
  return {
    queueKey,
    open,
    look,
    async record(sightings, cursor, known) {
      const before = known ?? (await look(sightings.map(({ id }) => id)));
      const fresh = new Map<string, OpenEntry>();
      const puts: { key: Key; value: Value }[] = cursor ? [cursor] : [];
      // The last sighting of a page counts, at the place of the first.
      for (const sighting of new Map(sightings.map((one) => [one.id, one])).values()) {
        const { id, becomes, twin } = sighting;
        if (open.has(id) || (before.has(id) && before.get(id)?.final?.state !== "gone")) continue;
        if (becomes === "pending") {
          const entry = opened(sighting);
          fresh.set(id, entry);
          puts.push(openPut(entry));
        } else {
          puts.push({
            key: finalKey(queueKey, id),
            value: finalValue({ state: becomes, at: clock.now(), ...stated({ twin }) } as FinalEntry),
          });
        }
      }
      if (puts.length > 0) await commit({ puts });
      for (const [id, entry] of fresh) open.set(id, entry);
      return [...fresh.values()];
    },
    async begin(starts, { alone } = { alone: false }) {
      const begun = starts.map(
        ({ entry, conversationId }): OpenEntry => ({
          ...entry,
          state: "delivering",
          attempts: entry.attempts + 1,
          ...(conversationId === undefined ? {} : { conversationId }),
          ...(alone ? { alone } : {}),
        }),
      );
      await commit({ puts: begun.map(openPut), withinMs: settleWithinMs });
      for (const entry of begun) open.set(entry.id, entry);
      return begun;
    },
    async settle(entry, { outcome, mark, error }) {
      const endedAt = clock.now();
      const ended = {
        ...survived(entry),
        ...(error === undefined ? {} : { failures: withFailure(entry, endedAt, error) }),
        ...(mark ? { mark } : {}),
      };
      const index = outcome === "quarantined" ? [{ key: quarantineKey(queueKey, entry.id), value: endedAt }] : [];
      if (mark) return update(ended, { state: "marking", outcome, endedAt }, settleWithinMs, index);
      await rest([{ entry: ended, final: finalOf(ended, outcome, endedAt) }], settleWithinMs, index);
      return undefined;
    },
    retry: (entry, { notBeforeAt, error }) =>
      update(survived(entry), { state: "retrying", notBeforeAt, failures: withFailure(entry, clock.now(), error) }, settleWithinMs),
    release({ alone: _, ...entry }) {
      return update(entry, { state: "pending", attempts: entry.attempts - 1 }, settleWithinMs);
    },
    note: (entry, { alone, ...what }) => update(alone === undefined ? without(entry, "alone") : { ...entry, alone }, what, settleWithinMs),
    missing: ({ missingSince: _, ...entry }, since) => update(entry, since === undefined ? {} : { missingSince: since }, settleWithinMs),
    close: (entry, state) => rest([{ entry, final: finalOf(entry, state, clock.now()) }], settleWithinMs),
    marked(entries) {
      const now = clock.now();
      const finals = entries.map(({ entry, error }) => ({
        entry,
        final: {
          ...finalOf(entry, entry.outcome ?? "settled", entry.endedAt ?? now),
          ...(error === undefined ? { markedAt: now } : { markError: error }),
        },
      }));
      return rest(finals, markedWithinMs);
    },
    markFailed: (entry) => update(entry, { markAttempts: (entry.markAttempts ?? 0) + 1 }, markedWithinMs),
    async reopen(id, { open: waiting, final }) {
      const { folder = "", receivedAt, foundAt, foundBy, failures, twin, foreign } = waiting ?? final;
      const now = clock.now();
      const sequence = nextSequence;
      nextSequence += 1;
      const story = stated({ foundBy, failures, twin, foreign });
      const fresh = {
        sequence,
        id,
        folder,
        receivedAt: receivedAt ?? now,
        foundAt: foundAt ?? now,
        state: "pending",
        attempts: 0,
        crashes: 0,
        ...story,
      };
      const entry = { ...fresh, replayedAt: now } as OpenEntry;
      await commit({
        puts: [openPut(entry)],
        deletes: [finalKey(queueKey, id), quarantineKey(queueKey, id), ...(waiting ? [openKey(queueKey, waiting.sequence)] : [])],
      });
      open.set(id, entry);
      return entry;
    },
    write: (change) => commit(change),
  };
}

/** An attempt that ended with an answer: whatever ended the process, this message is not under suspicion any more. */
function survived({ alone: _, suspect: __, notBeforeAt: ___, ...entry }: OpenEntry): OpenEntry {
  return entry;
}

function without(entry: OpenEntry, name: "alone"): OpenEntry {
  const { [name]: _, ...rest } = entry;
  return rest;
}
