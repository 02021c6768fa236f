/** The final entries of a ledger, page by page: there may be hundreds of thousands, so they are never in memory at once. */
import { pagesUnder } from "../state/pages.js";
import type { Store } from "../state/store.js";
import { type FinalEntry, readFinalEntry } from "./ledger-record.js";

export interface Final {
  readonly id: string;
  readonly entry: FinalEntry;
}

const pageSize = 2_000;

/** @throws MailError `STORE_…` */
export async function* finalEntries(store: Store, queueKey: string, queue: string): AsyncGenerator<Final[], void> {
  for await (const records of pagesUnder(store, [queueKey, "final"], pageSize)) {
    yield records.map((record) => ({ id: String(record.key[2]), entry: readFinalEntry(record, queue) }));
  }
}
