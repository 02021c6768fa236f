/**
 * The durable record of each message of one queue, and the only writer of it.
 *
 * Invariants: a page's entries and its cursor are one commit; every commit checks the queue's epoch, so a process that
 * lost the queue cannot write; what is in memory changes only after the commit is durable. An id is looked up among the
 * open work first and among the final entries after that: work becomes final in one commit, so no id slips through.
 */
import type { Clock } from "../base/clock.js";
import { MailError } from "../base/errors.js";
import { oneByOne } from "../base/one-by-one.js";
import { stated } from "../base/stated.js";
import type { Mark } from "../mailbox/marker.js";
import type { Commit, Key, Store, Value } from "../state/store.js";
import { unlessAway } from "./insist.js";
import { begun, isUnderWay, marked, opened, outlasted, released, reopened, survived, uncopied } from "./ledger-change.js";
import { raiseEpoch, readOpenWork } from "./ledger-opening.js";
import {
  epochKey,
  type FinalEntry,
  type ForeignChange,
  finalKey,
  finalOf,
  finalValue,
  type Known,
  type OpenEntry,
  openKey,
  openValue,
  quarantineKey,
  quarantinePuts,
  readFinalEntry,
  restingOf,
  type Sighting,
  withFailure,
} from "./ledger-record.js";
import { type Change, sharedCommits } from "./shared-commits.js";

export type { Known, Sighting } from "./ledger-record.js";

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
  /** Something is known of it beside its state. `alone: false`: others go on while it is in flight. */
  note(entry: OpenEntry, what: { readonly foreign?: readonly ForeignChange[]; readonly alone?: false }): Promise<OpenEntry>;
  /** Graph does not have it (any more), or has it again: then since `undefined`. */
  missing(entry: OpenEntry, since: number | undefined): Promise<OpenEntry>;
  /** Nothing of it is delivered any more; returns its copy, when one has waited and is to be delivered now. */
  close(entry: OpenEntry, state: "gone" | "skipped"): Promise<OpenEntry | undefined>;
  /** The marks are made, or never can be. */
  marked(entries: readonly { readonly entry: OpenEntry; readonly error?: string }[]): Promise<void>;
  markFailed(entry: OpenEntry): Promise<OpenEntry>;
  /**
   * A message that rests, or waits for its mark, is to be delivered again, with all its attempts before it; nothing when
   * it waits for its delivery already, or was never seen. What becomes of its mark counts no more.
   */
  reopen(id: string): Promise<OpenEntry | undefined>;
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

  const checks = [{ key: epochKey(queueKey), version: epoch }];
  const commit = sharedCommits(clock, async (change) => {
    const { ok } = await store.commit({ checks, ...change });
    if (ok) return;
    throw new MailError("LIFECYCLE_LOST_QUEUE", `Another process has taken ${queue} over; nothing more is written or settled here.`, {
      queue,
    });
  });

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
    away: readonly Key[] = [],
  ): Promise<void> {
    await commit({
      puts: [...entries.map(({ entry, final }) => ({ key: finalKey(queueKey, entry.id), value: finalValue(final) })), ...more],
      deletes: [...entries.map(({ entry }) => openKey(queueKey, entry.sequence)), ...away],
      withinMs,
    });
    for (const { id, sequence } of entries.map(({ entry }) => entry)) if (open.get(id)?.sequence === sequence) open.delete(id);
  }

  /** A copy becomes what its original became; it is returned if that ended undelivered. Nothing while the original is open. */
  async function follow(copy: OpenEntry | undefined): Promise<OpenEntry | undefined> {
    if (copy?.copyOf === undefined) return undefined;
    const { open: original, final } = (await look([copy.copyOf])).get(copy.copyOf) ?? {};
    if (isUnderWay(original) || !copies.delete(copy.copyOf)) return undefined;
    const state = original ? (original.outcome ?? "settled") : (final?.state ?? "gone");
    try {
      if (state === "gone") return await update(uncopied(copy), {}, 0);
      const { failures, attempts } = original ?? final ?? {};
      const like = { ...finalOf(copy, state, clock.now()), ...stated({ failures, attempts }) } as FinalEntry;
      const away = state === "quarantined" ? [quarantineKey(queueKey, copy.copyOf)] : [];
      await rest([{ entry: copy, final: like }], 0, quarantinePuts(queueKey, { id: copy.id, state, at: like.at }), away);
      return undefined;
    } catch (error) {
      copies.set(copy.copyOf, copy);
      throw error;
    }
  }

  async function look(ids: readonly string[]): Promise<ReadonlyMap<string, Known>> {
    const known = new Map<string, Known>();
    const others: string[] = [];
    for (const id of new Set(ids)) {
      const entry = open.get(id);
      if (entry) known.set(id, { open: entry });
      else others.push(id);
    }
    if (others.length === 0) return known;
    const finals = await store.getMany(others.map((id) => finalKey(queueKey, id)));
    for (const [index, record] of finals.entries()) {
      if (record) known.set(others[index] as string, { final: readFinalEntry(record, queue) });
    }
    return known;
  }

  /** Not one whose message was opened again since. */
  function isCurrent({ id, sequence }: OpenEntry): boolean {
    return open.get(id)?.sequence === sequence && sequence !== leaving;
  }

  function takeSequence(): number {
    nextSequence += 1;
    return nextSequence - 1;
  }

  const work = await readOpenWork(store, queueKey, { clock, queue });
  let { nextSequence } = work;
  /** Whatever opens an entry must see what the one before has opened. */
  const inTurn = oneByOne();
  /** The sequence of the entry that is just being replaced; empty when none is. */
  let leaving: number | undefined;
  const open = new Map(work.entries.map((entry) => [entry.id, entry]));
  /** Copies that wait, by the id of their original. */
  const copies = new Map(work.entries.flatMap((entry) => (entry.copyOf === undefined ? [] : [[entry.copyOf, entry] as const])));
  if (work.cutOff.length > 0) await commit({ puts: work.cutOff.map(openPut) });
  for (const copy of copies.values()) await follow(copy);
  return {
    queueKey,
    open,
    look,
    record: (sightings, cursor, known) =>
      inTurn(async () => {
        const copied = await look(sightings.flatMap(({ copyOf }) => copyOf ?? []));
        const before = known ?? (await look(sightings.map(({ id }) => id)));
        const fresh = new Map<string, OpenEntry>();
        const puts: Put[] = cursor ? [cursor] : [];
        const deletes: Key[] = [];
        const waiting = new Map<string, OpenEntry>();
        // The last sighting of a page counts, at the place of the first.
        for (const sighting of new Map(sightings.map((one) => [one.id, one])).values()) {
          const { id, becomes, copyOf } = sighting;
          if (open.has(id) || (before.has(id) && before.get(id)?.final?.state !== "gone")) continue;
          if (becomes === "pending") {
            const plain = opened(sighting, { sequence: takeSequence(), now: clock.now() });
            // One message has one copy: another that is like it is a message of its own.
            const waits = copyOf !== undefined && isUnderWay(open.get(copyOf)) && !copies.has(copyOf) && !waiting.has(copyOf);
            const entry = waits ? { ...plain, copyOf } : plain;
            if (waits) waiting.set(copyOf, entry);
            fresh.set(id, entry);
            puts.push(openPut(entry));
          } else {
            const final = restingOf(sighting, copyOf === undefined ? undefined : copied.get(copyOf), clock.now());
            puts.push({ key: finalKey(queueKey, id), value: finalValue(final) });
            puts.push(...quarantinePuts(queueKey, { id, state: becomes, at: final.at }));
            if (becomes === "quarantined" && copyOf !== undefined) deletes.push(quarantineKey(queueKey, copyOf));
          }
        }
        if (puts.length > 0) await commit({ puts, deletes });
        for (const [id, entry] of fresh) open.set(id, entry);
        for (const [original, entry] of waiting) copies.set(original, entry);
        // The original of one may have ended meanwhile. Where the store fails now the page is recorded: the next one asks again.
        for (const copy of [...copies.values()]) {
          const delivered = await follow(copy).catch(unlessAway);
          if (delivered) fresh.set(delivered.id, delivered);
        }
        return [...fresh.values()];
      }),
    async begin(starts, { alone } = { alone: false }) {
      const started = starts.map(({ entry, conversationId }) => begun(entry, { conversationId, alone }));
      await commit({ puts: started.map(openPut), withinMs: settleWithinMs });
      for (const entry of started) open.set(entry.id, entry);
      return started;
    },
    async settle(entry, { outcome, mark, error }) {
      const endedAt = clock.now();
      const ended = {
        ...survived(entry),
        ...(error === undefined ? {} : { failures: withFailure(entry, endedAt, error) }),
        ...(mark ? { mark } : {}),
      };
      const index = quarantinePuts(queueKey, { id: entry.id, state: outcome, at: endedAt });
      let marking: OpenEntry | undefined;
      if (mark) marking = await update(ended, { state: "marking", outcome, endedAt }, settleWithinMs, index);
      else await rest([{ entry: ended, final: finalOf(ended, outcome, endedAt) }], settleWithinMs, index);
      await follow(copies.get(entry.id));
      return marking;
    },
    retry: (entry, { notBeforeAt, error }) =>
      update(survived(entry), { state: "retrying", notBeforeAt, failures: withFailure(entry, clock.now(), error) }, settleWithinMs),
    release: (entry) => update(released(entry), {}, settleWithinMs),
    note: (entry, { alone, ...what }) => update(alone === false ? outlasted(entry) : entry, what, settleWithinMs),
    missing: ({ missingSince: _, ...entry }, since) => update(entry, since === undefined ? {} : { missingSince: since }, settleWithinMs),
    async close(entry, state) {
      await rest([{ entry, final: finalOf(entry, state, clock.now()) }], settleWithinMs);
      return follow(copies.get(entry.id));
    },
    async marked(entries) {
      const now = clock.now();
      const finals = entries
        .filter(({ entry }) => isCurrent(entry))
        .map(({ entry, error }) => ({ entry, final: marked(entry, now, error) }));
      if (finals.length > 0) await rest(finals, markedWithinMs);
    },
    async markFailed(entry) {
      return isCurrent(entry) ? update(entry, { markAttempts: (entry.markAttempts ?? 0) + 1 }, markedWithinMs) : entry;
    },
    reopen: (id) =>
      inTurn(async () => {
        const known = (await look([id])).get(id);
        const waiting = known?.open;
        if (!known || (waiting && waiting.state !== "marking")) return undefined;
        const entry = reopened(id, known, { sequence: takeSequence(), now: clock.now() });
        const deletes = [finalKey(queueKey, id), quarantineKey(queueKey, id)];
        if (waiting) deletes.push(openKey(queueKey, waiting.sequence));
        leaving = waiting?.sequence;
        try {
          await commit({ puts: [openPut(entry)], deletes });
          open.set(id, entry);
        } finally {
          leaving = undefined;
        }
        return entry;
      }),
    write: (change) => commit(change),
  };
}
