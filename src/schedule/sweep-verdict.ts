/**
 * The second half of a sweep, after the round that follows the listing: what that round did not bring is delivered, and
 * what the listing did not show is noted.
 *
 * Invariant: an entry of the ledger is dropped only after its message was in none of the watched folders for 90 days of
 * sweeps: until then a dead cursor cannot bring it back as new.
 */
import { finalEntries } from "../delivery/finals.js";
import { type FinalEntry, finalKey, finalValue } from "../delivery/ledger-record.js";
import { lookAtMessages } from "../mailbox/look.js";
import type { Key, Value } from "../state/store.js";
import type { ScheduleEvents } from "./events.js";
import type { TurnWork } from "./folder-work.js";
import { checkOwner, unwatchedFolders } from "./mailbox-owner.js";
import type { SweepListing } from "./sweep-listing.js";

/** What a sweep found, over all folders of a queue. */
export interface SweepResult {
  /** Messages listed. */
  readonly listed: number;
  /** Of these, those that the ledger knew, or that the round after the listing brought. */
  readonly known: number;
  /** Of these, those that only the sweep found: they are delivered now. */
  readonly found: number;
  /** Messages that wait for their delivery and are not in the mailbox any more. */
  readonly gone: number;
}

const pruneAfterMs = 90 * 86_400_000;

export async function verdictOf(
  work: TurnWork,
  listing: SweepListing,
): Promise<{ readonly result: SweepResult; readonly event: Omit<ScheduleEvents["queue:swept"], "queue"> }> {
  const { session, emit } = work;
  const { settings, dispatcher, ledger } = session;
  // Of another mailbox everything is unknown: its folders begin with first walks, which say what is to be delivered.
  const candidates = (await checkOwner(work)) === "same" ? [...listing.candidates.values()] : [];
  const fresh = await ledger.record(candidates.map((candidate) => ({ ...candidate, becomes: "pending" })));
  dispatcher.add(fresh);
  for (const { id, folder } of fresh) {
    emit("message:found-by-sweep", { queue: settings.address, id, folder: session.watched.nameOf(folder) });
  }
  const gone = await countGone(work, listing);
  const pruned = listing.unlisted === 0 ? await noteAbsences(work, listing.seen) : 0;
  const found = fresh.length;
  const listed = listing.seen.size;
  const late = candidates.length - found;
  const result = { listed, known: listing.known + late, found, gone };
  return { result, event: { ...result, unlisted: listing.unlisted, pruned } };
}

/** Of the messages that wait for their delivery and were not listed in a folder that was, those that Graph does not have. */
async function countGone({ session, client, signal }: TurnWork, { seen, passedOver }: SweepListing): Promise<number> {
  const { ledger, mailbox } = session;
  const ids = [...ledger.open.values()]
    .filter(({ id, state, folder }) => state !== "marking" && !seen.has(id) && !passedOver.has(folder))
    .map(({ id }) => id);
  const looks = await lookAtMessages(client, mailbox, { ids, signal });
  return [...looks.values()].filter((look) => !look.found).length;
}

/** Notes in the final entries whether their messages were listed; drops those that were not for long. Gives how many it dropped. */
async function noteAbsences(work: TurnWork, seen: ReadonlySet<string>): Promise<number> {
  const { session, store, clock } = work;
  const { ledger, settings } = session;
  const now = clock.now();
  let pruned = 0;
  for await (const page of finalEntries(store, ledger.queueKey, settings.address)) {
    const puts: { key: Key; value: Value }[] = [];
    const deletes: Key[] = [];
    for (const { id, entry } of page) {
      const { absentSince, ...rest } = entry;
      const key = finalKey(ledger.queueKey, id);
      // Looked at since the page was read: a replay has made it open again.
      if (ledger.open.has(id)) continue;
      if (seen.has(id)) {
        if (absentSince !== undefined) puts.push({ key, value: finalValue(rest as FinalEntry) });
      } else if (absentSince === undefined) puts.push({ key, value: finalValue({ ...entry, absentSince: now }) });
      else if (now - absentSince >= pruneAfterMs && entry.state !== "quarantined") {
        deletes.push(key);
        pruned += 1;
      }
    }
    if (puts.length + deletes.length > 0) await ledger.write({ puts, deletes });
  }
  // Of a folder that was watched once, entries may be among those dropped: its cursor must not speak for them any more.
  if (pruned > 0) await ledger.write({ deletes: await unwatchedFolders(work) });
  return pruned;
}
