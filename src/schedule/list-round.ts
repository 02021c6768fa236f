/**
 * A round of a folder by plain listing, where delta does not serve: all of a folder that fits a page, else the newest
 * mail each time, and all of it when the folder's count says that there is more to see than the newest.
 *
 * Invariant: the same as of a round by delta: what is in the folder during it is in the ledger at its end, but for old
 * mail that was moved into a large folder, which waits for a full listing, at most a quarter of an hour, or for the sweep
 * where the folder's count stayed the same.
 */
import { type Cursor, type ListingMode, unwalked } from "../mailbox/cursor.js";
import { listFolder } from "../mailbox/listing.js";
import { lightSelect } from "../mailbox/message.js";
import { createCopies } from "./copies.js";
import { askFolder, type FolderWork, keepCursor } from "./folder-work.js";
import { checkOwner } from "./mailbox-owner.js";
import { recordPage } from "./sightings.js";
import { isFull, type RoundEnd } from "./walk.js";

/** Listed again before the end of the last round: clocks differ, and mail may show late. */
const overlapMs = 3_600_000;
/** So many messages are one page. */
const smallFolder = 1_000;
/** Milliseconds between full listings of a large folder. */
const fullEveryMs = 15 * 60_000;

/** @throws MailError `GRAPH_…`, `SYNC_FOLDER_NOT_FOUND`, `AUTH_…`, `STORE_…`; the folder's mode is recorded only when all went well */
export async function listRound(work: FolderWork, cursor: Cursor & { readonly listing: ListingMode }): Promise<RoundEnd> {
  const { session, client, folder, clock, urgency, signal } = work;
  const { listing: mode, repeat } = cursor;
  const facts = await askFolder(work);
  if (mode.folderId !== undefined && mode.folderId !== facts.id) return anotherFolder(work, cursor);
  const openedAt = cursor.openedAt ?? facts.answeredAt;
  if (cursor.openedAt === undefined) await openFolder(work, cursor, openedAt);
  const isDue = !cursor.live || !mode.full || facts.total <= smallFolder;
  const full = isDue || (mode.uneven === true && clock.now() - mode.full.at >= fullEveryMs);
  const from = full ? undefined : (cursor.roundAt ?? openedAt) - overlapMs;
  const copies = repeat ? createCopies(work) : undefined;
  const first = { live: cursor.live, openedAt };
  let fresh = 0;
  for await (const items of listFolder(client, session.mailbox, {
    folder,
    select: lightSelect,
    from,
    pageSize: session.pageSizesOf(folder).listing,
    urgency,
    signal,
  })) {
    // What comes after it is listed again, from the newest, when some of those that wait have been delivered.
    if (isFull(work)) return "unfinished";
    fresh += (await recordPage(work, { items, first, foundBy: "listing", copies })).length;
  }
  const uneven = !full && (mode.uneven || facts.total !== (mode.full?.total ?? 0) + fresh);
  const { repeat: _, ...rest } = cursor;
  const { uneven: __, ...kept } = mode;
  const counted = { at: full ? clock.now() : (mode.full?.at ?? 0), total: facts.total };
  await keepCursor(work, {
    ...(full ? rest : cursor),
    openedAt,
    live: true,
    roundAt: facts.answeredAt,
    listing: { ...kept, folderId: facts.id, full: counted, ...(uneven ? { uneven } : {}) },
  });
  work.onPage([]);
  return "complete";
}

/** The bound of a first walk stays what it was at its first answer, however often the listing has to begin again. */
async function openFolder(work: FolderWork, { listing: _, ...cursor }: Cursor, openedAt: number): Promise<void> {
  await keepCursor(work, { ...cursor, openedAt });
}

/** The folder under this name was made anew, perhaps with its mailbox: what is known of the old one may lie in it under other ids. */
async function anotherFolder(work: FolderWork, cursor: Cursor & { readonly listing: ListingMode }): Promise<RoundEnd> {
  const { full: _, uneven: __, folderId: ___, ...listing } = cursor.listing;
  const begin = (await checkOwner(work)) === "another" ? unwalked(work.session.settings) : cursor;
  return listRound(work, { ...begin, repeat: true, listing });
}
