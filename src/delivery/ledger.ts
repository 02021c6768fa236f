/**
 * The durable record of each message of one queue, and the only writer of it.
 *
 * Invariants: a page's entries and its cursor are one commit; every commit checks the queue's epoch, so a process that
 * lost the queue cannot write; what is in memory changes only after the commit is durable. An id is looked up among the
 * open work first and among the final entries after that: work becomes final in one commit, so no id slips through.
 * A class, so that ten thousand queues share its methods.
 */
import type { Clock } from "../base/clock.js";
import { MailError } from "../base/errors.js";
import { oneByOne } from "../base/one-by-one.js";
import { stated } from "../base/stated.js";
import type { Commit, Key, Store, Value } from "../state/store.js";
import { unlessAway } from "./insist.js";
import { begun, isUnderWay, marked, opened, outlasted, released, reopened, survived, uncopied } from "./ledger-change.js";
import type { Change, Ledger } from "./ledger-contract.js";
import { type Raise, raiseEpoch, readOpenWork } from "./ledger-opening.js";
import { lookUp } from "./ledger-reading.js";
import {
  epochKey,
  type FinalEntry,
  finalKey,
  finalOf,
  finalValue,
  type Known,
  type OpenEntry,
  openKey,
  openValue,
  quarantineKey,
  quarantinePuts,
  restingOf,
  type Sighting,
  withFailure,
} from "./ledger-record.js";
import { type SharedCommits, sharedCommits } from "./shared-commits.js";

export type { Change, Ledger } from "./ledger-contract.js";
export type { Known, Sighting } from "./ledger-record.js";

export interface LedgerOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** The queue address as configured. */
  readonly queue: string;
  readonly confirm?: Raise["confirm"];
}

type Put = NonNullable<Commit["puts"]>[number];

/** Milliseconds a settlement may wait for company; two waits of a handler's result are hardly felt. */
const settleWithinMs = 3;
/** Milliseconds a finished mark may wait: repeating it after a crash does no harm. */
const markedWithinMs = 50;

/**
 * Takes the queue (its epoch rises: commits of earlier owners fail from now on) and reads its open work.
 * Attempts that were under way when the last owner ended are pending again and count as crashes.
 * @throws MailError `STORE_…`, and as `confirm` does
 */
export async function openLedger({ store, clock, queue, confirm }: LedgerOptions): Promise<Ledger> {
  const queueKey = queue.toLowerCase();
  const epoch = await raiseEpoch(queueKey, { store, confirm });
  const ledger = new QueueLedger({ store, clock, queue }, { queueKey, epoch });
  await ledger.load();
  return ledger;
}

class QueueLedger implements Ledger {
  readonly #options: LedgerOptions;
  readonly #epoch: number;
  readonly queueKey: string;
  readonly open = new Map<string, OpenEntry>();
  /** Copies that wait, by the id of their original. */
  readonly #copies = new Map<string, OpenEntry>();
  #nextSequence = 1;
  readonly #commits: SharedCommits;
  /** Whatever opens an entry must see what the one before has opened. */
  readonly #inTurn = oneByOne();
  /** The sequence of the entry that is just being replaced; empty when none is. */
  #leaving: number | undefined;

  constructor(options: LedgerOptions, { queueKey, epoch }: { readonly queueKey: string; readonly epoch: number }) {
    this.#options = options;
    this.queueKey = queueKey;
    this.#epoch = epoch;
    this.#commits = sharedCommits(options.clock, (change) => this.#commitTogether(change));
  }

  /** Once, before it is handed out. */
  async load(): Promise<void> {
    const { store } = this.#options;
    const { entries, cutOff, nextSequence } = await readOpenWork(store, this.queueKey, this.#options);
    this.#nextSequence = nextSequence;
    for (const entry of entries) {
      this.open.set(entry.id, entry);
      if (entry.copyOf !== undefined) this.#copies.set(entry.copyOf, entry);
    }
    if (cutOff.length > 0) await this.#commits.add({ puts: cutOff.map((entry) => this.#openPut(entry)) });
    for (const copy of this.#copies.values()) await this.#follow(copy);
  }

  async #commitTogether(change: Pick<Commit, "puts" | "deletes">): Promise<void> {
    const { store, queue } = this.#options;
    const { ok } = await store.commit({ checks: [{ key: epochKey(this.queueKey), version: this.#epoch }], ...change });
    const message = `Another process has taken ${queue} over; nothing more is written or settled here.`;
    if (!ok) throw new MailError("LIFECYCLE_LOST_QUEUE", message, { queue });
  }

  #openPut(entry: OpenEntry): Put {
    return { key: openKey(this.queueKey, entry.sequence), value: openValue(entry) };
  }

  async #update(entry: OpenEntry, change: Partial<OpenEntry>, withinMs: number, more: readonly Put[] = []): Promise<OpenEntry> {
    const next = { ...entry, ...change };
    await this.#commits.add({ puts: [this.#openPut(next), ...more], withinMs });
    this.open.set(next.id, next);
    return next;
  }

  async #rest(
    entries: readonly { entry: OpenEntry; final: FinalEntry }[],
    withinMs: number,
    more: readonly Put[] = [],
    away: readonly Key[] = [],
  ): Promise<void> {
    await this.#commits.add({
      puts: [...entries.map(({ entry, final }) => ({ key: finalKey(this.queueKey, entry.id), value: finalValue(final) })), ...more],
      deletes: [...entries.map(({ entry }) => openKey(this.queueKey, entry.sequence)), ...away],
      withinMs,
    });
    for (const { id, sequence } of entries.map(({ entry }) => entry)) if (this.open.get(id)?.sequence === sequence) this.open.delete(id);
  }

  /** A copy becomes what its original became; it is returned if that ended undelivered. Nothing while the original is open. */
  async #follow(copy: OpenEntry | undefined): Promise<OpenEntry | undefined> {
    if (copy?.copyOf === undefined) return undefined;
    const { open: original, final } = (await this.look([copy.copyOf])).get(copy.copyOf) ?? {};
    if (isUnderWay(original) || !this.#copies.delete(copy.copyOf)) return undefined;
    const state = original ? (original.outcome ?? "settled") : (final?.state ?? "gone");
    try {
      if (state === "gone") return await this.#update(uncopied(copy), {}, 0);
      const { failures, attempts } = original ?? final ?? {};
      const like = { ...finalOf(copy, state, this.#options.clock.now()), ...stated({ failures, attempts }) } as FinalEntry;
      const away = state === "quarantined" ? [quarantineKey(this.queueKey, copy.copyOf)] : [];
      await this.#rest([{ entry: copy, final: like }], 0, quarantinePuts(this.queueKey, { id: copy.id, state, at: like.at }), away);
      return undefined;
    } catch (error) {
      this.#copies.set(copy.copyOf, copy);
      throw error;
    }
  }

  look(ids: readonly string[]): Promise<ReadonlyMap<string, Known>> {
    return lookUp(ids, { ...this.#options, queueKey: this.queueKey, open: this.open });
  }

  /** Not one whose message was opened again since. */
  #isCurrent({ id, sequence }: OpenEntry): boolean {
    return this.open.get(id)?.sequence === sequence && sequence !== this.#leaving;
  }

  #takeSequence(): number {
    this.#nextSequence += 1;
    return this.#nextSequence - 1;
  }

  record(
    sightings: readonly Sighting[],
    cursor?: { readonly key: Key; readonly value: Value },
    known?: ReadonlyMap<string, Known>,
  ): Promise<OpenEntry[]> {
    return this.#inTurn(async () => {
      const copied = await this.look(sightings.flatMap(({ copyOf }) => copyOf ?? []));
      const before = known ?? (await this.look(sightings.map(({ id }) => id)));
      const fresh = new Map<string, OpenEntry>();
      const puts: Put[] = cursor ? [cursor] : [];
      const deletes: Key[] = [];
      const waiting = new Map<string, OpenEntry>();
      // The last sighting of a page counts, at the place of the first.
      for (const sighting of new Map(sightings.map((one) => [one.id, one])).values()) {
        const { id, becomes, copyOf } = sighting;
        if (this.open.has(id) || (before.has(id) && before.get(id)?.final?.state !== "gone")) continue;
        if (becomes === "pending") {
          const plain = opened(sighting, { sequence: this.#takeSequence(), now: this.#options.clock.now() });
          // One message has one copy: another that is like it is a message of its own.
          const waits = copyOf !== undefined && isUnderWay(this.open.get(copyOf)) && !this.#copies.has(copyOf) && !waiting.has(copyOf);
          const entry = waits ? { ...plain, copyOf } : plain;
          if (waits) waiting.set(copyOf, entry);
          fresh.set(id, entry);
          puts.push(this.#openPut(entry));
        } else {
          const final = restingOf(sighting, copyOf === undefined ? undefined : copied.get(copyOf), this.#options.clock.now());
          puts.push({ key: finalKey(this.queueKey, id), value: finalValue(final) });
          puts.push(...quarantinePuts(this.queueKey, { id, state: becomes, at: final.at }));
          if (becomes === "quarantined" && copyOf !== undefined) deletes.push(quarantineKey(this.queueKey, copyOf));
        }
      }
      if (puts.length > 0) await this.#commits.add({ puts, deletes });
      for (const [id, entry] of fresh) this.open.set(id, entry);
      for (const [original, entry] of waiting) this.#copies.set(original, entry);
      // The original of one may have ended meanwhile. Where the store fails now the page is recorded: the next one asks again.
      for (const copy of [...this.#copies.values()]) {
        const delivered = await this.#follow(copy).catch(unlessAway);
        if (delivered) fresh.set(delivered.id, delivered);
      }
      return [...fresh.values()];
    });
  }

  async begin(starts: Parameters<Ledger["begin"]>[0], { alone } = { alone: false }): Promise<OpenEntry[]> {
    const started = starts.map(({ entry, conversationId }) => begun(entry, { conversationId, alone }));
    await this.#commits.add({ puts: started.map((entry) => this.#openPut(entry)), withinMs: settleWithinMs });
    for (const entry of started) this.open.set(entry.id, entry);
    return started;
  }

  async settle(entry: OpenEntry, { outcome, mark, error }: Parameters<Ledger["settle"]>[1]): Promise<OpenEntry | undefined> {
    const endedAt = this.#options.clock.now();
    const ended = error === undefined ? survived(entry) : { ...survived(entry), failures: withFailure(entry, endedAt, error) };
    const index = quarantinePuts(this.queueKey, { id: entry.id, state: outcome, at: endedAt });
    let marking: OpenEntry | undefined;
    if (mark) marking = await this.#update(ended, { state: "marking", outcome, endedAt, mark }, settleWithinMs, index);
    else await this.#rest([{ entry: ended, final: finalOf(ended, outcome, endedAt) }], settleWithinMs, index);
    if (this.#copies.size > 0) await this.#follow(this.#copies.get(entry.id));
    return marking;
  }

  retry(entry: OpenEntry, { notBeforeAt, error }: Parameters<Ledger["retry"]>[1]): Promise<OpenEntry> {
    const failures = withFailure(entry, this.#options.clock.now(), error);
    return this.#update(survived(entry), { state: "retrying", notBeforeAt, failures }, settleWithinMs);
  }

  release(entry: OpenEntry): Promise<OpenEntry> {
    return this.#update(released(entry), {}, settleWithinMs);
  }

  note(entry: OpenEntry, { alone, ...what }: Parameters<Ledger["note"]>[1]): Promise<OpenEntry> {
    return this.#update(alone === false ? outlasted(entry) : entry, what, settleWithinMs);
  }

  missing({ missingSince: _, ...entry }: OpenEntry, since: number | undefined): Promise<OpenEntry> {
    return this.#update(entry, since === undefined ? {} : { missingSince: since }, settleWithinMs);
  }

  async close(entry: OpenEntry, state: "gone" | "skipped"): Promise<OpenEntry | undefined> {
    await this.#rest([{ entry, final: finalOf(entry, state, this.#options.clock.now()) }], settleWithinMs);
    return this.#follow(this.#copies.get(entry.id));
  }

  async marked(entries: Parameters<Ledger["marked"]>[0]): Promise<void> {
    const now = this.#options.clock.now();
    const finals = entries
      .filter(({ entry }) => this.#isCurrent(entry))
      .map(({ entry, error }) => ({ entry, final: marked(entry, now, error) }));
    if (finals.length > 0) await this.#rest(finals, markedWithinMs);
  }

  async markFailed(entry: OpenEntry): Promise<OpenEntry> {
    return this.#isCurrent(entry) ? this.#update(entry, { markAttempts: (entry.markAttempts ?? 0) + 1 }, markedWithinMs) : entry;
  }

  reopen(id: string): Promise<OpenEntry | undefined> {
    return this.#inTurn(async () => {
      const known = (await this.look([id])).get(id);
      const waiting = known?.open;
      if (!known || (waiting && waiting.state !== "marking")) return undefined;
      const entry = reopened(id, known, { sequence: this.#takeSequence(), now: this.#options.clock.now() });
      const deletes = [finalKey(this.queueKey, id), quarantineKey(this.queueKey, id)];
      if (waiting) deletes.push(openKey(this.queueKey, waiting.sequence));
      this.#leaving = waiting?.sequence;
      try {
        await this.#commits.add({ puts: [this.#openPut(entry)], deletes });
        this.open.set(id, entry);
      } finally {
        this.#leaving = undefined;
      }
      return entry;
    });
  }

  drain(): Promise<void> {
    return this.#commits.drain();
  }

  write(change: Change): Promise<void> {
    return this.#commits.add(change);
  }
}
