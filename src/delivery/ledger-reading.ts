/**
 * A queue's ledger as the store has it, for whoever only looks: the queue is not taken, nothing is written.
 *
 * Invariant: an id is looked up among the open work first and among the final entries after that, here as in the ledger
 * itself. While somebody else owns the queue, the open work is that of the moment at which it was read.
 */
import { pagesUnder } from "../state/pages.js";
import type { Store } from "../state/store.js";
import type { Ledger } from "./ledger-contract.js";
import { finalKey, type Known, type OpenEntry, readFinalEntry, readOpenEntry } from "./ledger-record.js";

export type LedgerReading = Pick<Ledger, "queueKey" | "open" | "look">;

/** How many entries one read takes. */
const loadPage = 10_000;

/** @throws MailError `STORE_…` */
export async function readLedger(store: Store, queue: string): Promise<LedgerReading> {
  const queueKey = queue.toLowerCase();
  const open = new Map<string, OpenEntry>();
  for await (const entries of openEntries(store, { queueKey, queue })) for (const entry of entries) open.set(entry.id, entry);
  return { queueKey, open, look: (ids) => lookUp(ids, { store, queueKey, queue, open }) };
}

/** The queue's names: in keys of the store, and as configured. */
interface Names {
  readonly queueKey: string;
  readonly queue: string;
}

/** The open work as stored, by rising sequence, page by page. @throws MailError `STORE_…` */
export async function* openEntries(store: Store, { queueKey, queue }: Names): AsyncGenerator<OpenEntry[], void> {
  for await (const records of pagesUnder(store, [queueKey, "open"], loadPage)) yield records.map((record) => readOpenEntry(record, queue));
}

/** What is known of these ids; a message never seen is not in the map. @throws MailError `STORE_…` */
export async function lookUp(
  ids: readonly string[],
  { store, queueKey, queue, open }: Names & { readonly store: Store; readonly open: Ledger["open"] },
): Promise<Map<string, Known>> {
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
