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
import type { Commit, Entry, Key, Store, Value } from "../state/store.js";
import {
  epochKey,
  type FinalEntry,
  type FinalState,
  finalKey,
  finalValue,
  type OpenEntry,
  openKey,
  openValue,
  readOpenEntry,
  withError,
} from "./ledger-record.js";

/** A message as a page showed it. */
export interface Sighting {
  readonly id: string;
  readonly folder: string;
  /** Epoch milliseconds; absent when the page did not say. */
  readonly receivedAt?: number | undefined;
  readonly conversationId?: string | undefined;
  /** False: it was there before the queue went live and becomes baseline. */
  readonly deliver: boolean;
}

export interface Ledger {
  readonly queueKey: string;
  /** Open work by message id. */
  readonly open: ReadonlyMap<string, OpenEntry>;
  /** Which of these ids have never been seen, or were believed to be gone. */
  unknown(ids: readonly string[]): Promise<ReadonlySet<string>>;
  /** Records what is new of a page together with its cursor; returns the entries to be delivered. */
  record(sightings: readonly Sighting[], cursor: { readonly key: Key; readonly value: Value }): Promise<OpenEntry[]>;
  /** Begins an attempt for each; durable before the handler runs. */
  begin(entries: readonly { entry: OpenEntry; conversationId?: string | undefined }[]): Promise<OpenEntry[]>;
  /** The message is done with: it waits for its mark, or rests when there is none to make. */
  settle(
    entry: OpenEntry,
    end: { readonly outcome: "settled" | "quarantined"; readonly mark: Mark | undefined; readonly error?: string },
  ): Promise<OpenEntry | undefined>;
  /** The attempt failed; another follows. */
  retry(entry: OpenEntry, again: { readonly notBeforeAt: number; readonly error: string }): Promise<OpenEntry>;
  /** The attempt was cut off by a stop: it does not count. */
  release(entry: OpenEntry): Promise<OpenEntry>;
  /** Graph does not have it (any more), or has it again: then since `undefined`. */
  missing(entry: OpenEntry, since: number | undefined): Promise<OpenEntry>;
  /** Nothing can be delivered of it any more. */
  gone(entry: OpenEntry): Promise<void>;
  /** The marks are made, or never can be. */
  marked(entries: readonly { readonly entry: OpenEntry; readonly error?: string }[]): Promise<void>;
  markFailed(entry: OpenEntry): Promise<OpenEntry>;
  /** A record of the queue beside the messages, such as a pause; checked by epoch like all others. */
  put(key: Key, value: Value): Promise<void>;
}

export interface LedgerOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** The queue address as configured. */
  readonly queue: string;
}

/** How many entries one read takes at opening. */
const loadPage = 10_000;
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
  const open = new Map<string, OpenEntry>();
  let nextSequence = 1;

  async function commit(change: Omit<Commit, "checks">): Promise<void> {
    const result = await store.commit({ checks: [{ key: epochKey(queueKey), version: epoch }], ...change });
    if (!result.ok) {
      throw new MailError("LIFECYCLE_LOST_QUEUE", `Another process has taken ${queue} over; nothing more is written or settled here.`, {
        queue,
      });
    }
  }

  async function update(entry: OpenEntry, change: Partial<OpenEntry>, withinMs: number): Promise<OpenEntry> {
    const next = { ...entry, ...change };
    await commit({ puts: [{ key: openKey(queueKey, next.sequence), value: openValue(next) }], withinMs });
    open.set(next.id, next);
    return next;
  }

  async function rest(entries: readonly { entry: OpenEntry; final: FinalEntry }[], withinMs: number): Promise<void> {
    await commit({
      puts: entries.map(({ entry, final }) => ({ key: finalKey(queueKey, entry.id), value: finalValue(final) })),
      deletes: entries.map(({ entry }) => openKey(queueKey, entry.sequence)),
      withinMs,
    });
    for (const { entry } of entries) open.delete(entry.id);
  }

  function finalOf(entry: OpenEntry, state: FinalState, markError?: string): FinalEntry {
    const { attempts, errors } = entry;
    return { state, at: clock.now(), attempts, ...(errors ? { errors } : {}), ...(markError === undefined ? {} : { markError }) };
  }

  async function load(): Promise<void> {
    for (let after: Key | undefined; ; ) {
      const entries = await store.list({ prefix: [queueKey, "open"], limit: loadPage, ...(after ? { after } : {}) });
      for (const record of entries) {
        const entry = readOpenEntry(record, queue);
        const cutOff = entry.state === "delivering";
        open.set(entry.id, cutOff ? { ...entry, state: "pending", attempts: entry.attempts - 1, crashes: entry.crashes + 1 } : entry);
        nextSequence = entry.sequence + 1;
        after = record.key;
      }
      if (entries.length < loadPage) return;
    }
  }

  async function unknown(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const candidates = [...new Set(ids)].filter((id) => !open.has(id));
    const finals = await store.getMany(candidates.map((id) => finalKey(queueKey, id)));
    return new Set(candidates.filter((_, index) => finals[index] === undefined || isGone(finals[index] as Entry)));
  }

  await load();
  return {
    queueKey,
    open,
    unknown,
    async record(sightings, cursor) {
      const news = await unknown(sightings.map(({ id }) => id));
      const byId = new Map(sightings.filter(({ id }) => news.has(id)).map((sighting) => [sighting.id, sighting]));
      const now = clock.now();
      const fresh: OpenEntry[] = [];
      const puts: { key: Key; value: Value }[] = [cursor];
      for (const { id, folder, receivedAt = now, conversationId, deliver } of byId.values()) {
        if (!deliver) {
          puts.push({ key: finalKey(queueKey, id), value: finalValue({ state: "baseline", at: now }) });
          continue;
        }
        const entry: OpenEntry = {
          sequence: nextSequence,
          id,
          folder,
          receivedAt,
          foundAt: now,
          state: "pending",
          attempts: 0,
          crashes: 0,
          ...(conversationId === undefined ? {} : { conversationId }),
        };
        nextSequence += 1;
        fresh.push(entry);
        puts.push({ key: openKey(queueKey, entry.sequence), value: openValue(entry) });
      }
      await commit({ puts });
      for (const entry of fresh) open.set(entry.id, entry);
      return fresh;
    },
    async begin(starts) {
      const begun = starts.map(
        ({ entry, conversationId }): OpenEntry => ({
          ...entry,
          state: "delivering",
          attempts: entry.attempts + 1,
          ...(conversationId === undefined ? {} : { conversationId }),
        }),
      );
      await commit({
        puts: begun.map((entry) => ({ key: openKey(queueKey, entry.sequence), value: openValue(entry) })),
        withinMs: settleWithinMs,
      });
      for (const entry of begun) open.set(entry.id, entry);
      return begun;
    },
    async settle(entry, { outcome, mark, error }) {
      const ended = error === undefined ? entry : { ...entry, errors: withError(entry.errors, error) };
      if (mark) return update(ended, { state: "marking", outcome, mark }, settleWithinMs);
      await rest([{ entry: ended, final: finalOf(ended, outcome) }], settleWithinMs);
      return undefined;
    },
    retry: (entry, { notBeforeAt, error }) =>
      update(entry, { state: "retrying", notBeforeAt, errors: withError(entry.errors, error) }, settleWithinMs),
    release: (entry) => update(entry, { state: "pending", attempts: entry.attempts - 1 }, settleWithinMs),
    missing: ({ missingSince: _, ...entry }, since) => update(entry, since === undefined ? {} : { missingSince: since }, settleWithinMs),
    gone: (entry) => rest([{ entry, final: finalOf(entry, "gone") }], settleWithinMs),
    marked: (entries) =>
      rest(
        entries.map(({ entry, error }) => ({ entry, final: finalOf(entry, entry.outcome ?? "settled", error) })),
        markedWithinMs,
      ),
    markFailed: (entry) => update(entry, { markAttempts: (entry.markAttempts ?? 0) + 1 }, markedWithinMs),
    put: (key, value) => commit({ puts: [{ key, value }] }),
  };
}

/** What was believed to be gone and is seen again is delivered after all. */
function isGone({ value }: Entry): boolean {
  return typeof value === "object" && value !== null && (value as Partial<FinalEntry>).state === "gone";
}

/** The version of the raised epoch: what every later commit checks. */
async function raiseEpoch(store: Store, queueKey: string): Promise<number> {
  for (;;) {
    const key = epochKey(queueKey);
    const present = await store.get(key);
    const last = typeof present?.value === "number" ? present.value : 0;
    const result = await store.commit({ checks: [{ key, version: present?.version ?? null }], puts: [{ key, value: last + 1 }] });
    if (result.ok) return result.version;
  }
}
