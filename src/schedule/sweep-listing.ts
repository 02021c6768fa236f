/**
 * The first half of a sweep: the folders are listed, and each message is looked up in the ledger.
 *
 * Invariants: a listing that shows fewer messages than Graph counts in the folder is made again in smaller pages, and what
 * is still missing then is told: a short listing proves nothing. A folder that is not there is passed over, and told as
 * well; so is one whose first walk is not complete: that walk says which of its messages are old.
 */
import { MailError } from "../base/errors.js";
import type { Sighting } from "../delivery/ledger.js";
import type { WireItem } from "../graph/wire.js";
import { listFolder } from "../mailbox/listing.js";
import { lightSelect } from "../mailbox/message.js";
import { createPageSize } from "../mailbox/page-size.js";
import { askFolder, storedCursor, type TurnWork } from "./folder-work.js";
import { tellForeign } from "./foreign-changes.js";
import { sighted } from "./sightings.js";
import type { WatchedFolder } from "./watched-folders.js";

/** A message that the ledger does not know. */
export type Candidate = Omit<Sighting, "becomes">;

export interface SweepListing {
  /** Goes on by a page. @throws MailError; then the folder is listed from its beginning again */
  next(work: TurnWork): Promise<void>;
  /** Leaves the present folder as it is, with what was listed of it, and goes on with the next; gives its name. */
  passOver(): string;
  readonly complete: boolean;
  /** Whose mailbox it is of; empty while that is not known. */
  readonly owner: string | undefined;
  /** Folders that were left as they are. */
  readonly passedOver: ReadonlySet<string>;
  /** Folders whose listing has not ended. */
  readonly foldersLeft: number;
  /** Folders that were listed to their end. */
  readonly foldersListed: number;
  /** Ids of all messages listed. */
  readonly seen: ReadonlySet<string>;
  /** By id. */
  readonly candidates: ReadonlyMap<string, Candidate>;
  /** How many of those listed the ledger knows. */
  readonly known: number;
  /** Messages that Graph counts and does not list, over all folders; a folder that was passed over counts as one. */
  readonly unlisted: number;
}

/** What is younger may still come by a round: delta shows changes late, by three minutes at most in Microsoft's own figures. */
const youngMs = 5 * 60_000;
/** Of a listing that is made again because it was short. */
const smallPage = 100;

interface FolderListing {
  readonly folder: string;
  /** Graph's count at its beginning. */
  readonly total: number;
  readonly pages: AsyncGenerator<WireItem[], void>;
  readonly again: boolean;
  readonly ids: Set<string>;
}

export function beginListing({ session, clock }: TurnWork, { demanded }: { demanded: boolean }): SweepListing {
  /** Empty until they were looked for: what was put there just now belongs to the sweep as well. */
  let folders: readonly WatchedFolder[] | undefined;
  const startedAt = clock.now();
  const seen = new Set<string>();
  /** Ids of those listed that the ledger did not know, young ones as well. */
  const unknown = new Set<string>();
  const candidates = new Map<string, Candidate>();
  const passedOver = new Set<string>();
  let at = 0;
  let unlisted = 0;
  /** Empty between folders. */
  let current: FolderListing | undefined;

  function present(): WatchedFolder {
    return folders?.[at] as WatchedFolder;
  }

  async function begin(work: TurnWork, again: boolean): Promise<FolderListing> {
    const folder = present().key;
    const { total } = await askFolder({ ...work, folder });
    const { client, urgency, signal } = work;
    const pageSize = again ? createPageSize(smallPage) : session.pageSizesOf(folder).listing;
    const pages = listFolder(client, session.mailbox, { folder, select: `${lightSelect},categories`, pageSize, urgency, signal });
    return { folder, total, pages, again, ids: new Set() };
  }

  async function take(work: TurnWork, { folder, ids }: FolderListing, items: readonly WireItem[]): Promise<void> {
    const found = await session.ledger.look(items.map(({ id }) => id));
    for (const item of items) {
      const isFirst = !seen.has(item.id);
      ids.add(item.id);
      seen.add(item.id);
      const entry = found.get(item.id);
      if (entry && entry.final?.state !== "gone") {
        unknown.delete(item.id);
        continue;
      }
      if (isFirst) unknown.add(item.id);
      const candidate = sighted(item, folder, "sweep");
      if (demanded || (candidate.receivedAt ?? 0) < startedAt - youngMs) candidates.set(item.id, candidate);
    }
    await tellForeign(work, items, found);
  }

  async function endFolder(work: TurnWork, { folder, total, again, ids }: FolderListing): Promise<void> {
    current = undefined;
    if (ids.size < total) {
      // What has left meanwhile is not missing.
      const { total: left } = await askFolder({ ...work, folder });
      const short = Math.min(total, left) - ids.size;
      if (short > 0 && !again) {
        current = await begin(work, true);
        return;
      }
      unlisted += Math.max(0, short);
    }
    at += 1;
  }

  function passOver(): string {
    const { key, name } = present();
    passedOver.add(key);
    current = undefined;
    unlisted += 1;
    at += 1;
    return name;
  }

  return {
    owner: session.owner,
    passedOver,
    passOver,
    async next(work) {
      try {
        folders ??= await lookNow(work);
        if (!current && !(await isLive(work, present().key))) {
          passOver();
          return;
        }
        const listing = current ?? (await begin(work, false));
        current = listing;
        const page = await listing.pages.next();
        if (page.done) await endFolder(work, listing);
        else await take(work, listing, page.value);
      } catch (error) {
        current = undefined;
        if (!(error instanceof MailError && error.code === "SYNC_FOLDER_NOT_FOUND")) throw error;
        passOver();
      }
    },
    get complete() {
      return at === folders?.length;
    },
    get foldersLeft() {
      return (folders?.length ?? 1) - at;
    },
    get foldersListed() {
      return at - passedOver.size;
    },
    seen,
    candidates,
    get known() {
      return seen.size - unknown.size;
    },
    get unlisted() {
      return unlisted;
    },
  };
}

async function lookNow(work: TurnWork): Promise<readonly WatchedFolder[]> {
  const { watched } = work.session;
  watched.lookAgain();
  return watched.look(work);
}

async function isLive(work: TurnWork, folder: string): Promise<boolean> {
  return (await storedCursor({ ...work, folder }))?.live === true;
}
