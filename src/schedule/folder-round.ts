/**
 * One round of one folder, by whatever way serves: by delta, or by plain listing while delta does not.
 *
 * Invariants: nothing in the gap of a lost cursor is skipped: the folder is walked over again from its beginning, with
 * the ledger telling what is known. Each such walk makes Graph keep state inside the mailbox (a mailbox grew to 3 GB by
 * them: microsoft-graph-docs 5730), so a folder gets one an hour at most and all folders one after another; until its
 * turn comes it is listed, and its mail is delivered.
 */
import { adviceOf } from "../auth/advice.js";
import { MailError, type MailErrorCode } from "../base/errors.js";
import { type Cursor, type ListingMode, unwalked } from "../mailbox/cursor.js";
import { isForPage } from "../mailbox/page-size.js";
import { askFolder, type FolderWork, keepCursor, nameOf, storedCursor } from "./folder-work.js";
import { listRound } from "./list-round.js";
import { checkOwner } from "./mailbox-owner.js";
import { type RoundEnd, walkFolder } from "./walk.js";

/** Between two walks over again of one folder. */
const walkEveryMs = 3_600_000;
/** Between tries of delta where Graph refuses it: doubled each time, up to the second. */
const tryDeltaMs = { baseMs: 15 * 60_000, capMs: 6 * 3_600_000 };
/** In lower case. The second comes with 507 (Graph's error page: concepts/errors). */
const fullMailbox: ReadonlySet<string> = new Set(["errorquotaexceeded", "quotalimitreached"]);
/** What a link whose folder or user is gone is answered with. */
const isOfLink: ReadonlySet<MailErrorCode> = new Set(["SYNC_FOLDER_NOT_FOUND", "GRAPH_MAILBOX_UNAVAILABLE"]);
/** Trouble of the server for so long is looked at from another side. */
const longTroubleMs = 15 * 60_000;
/** For a cloud that has no delta at all: as long as the configuration says so. */
const forGood = Number.MAX_SAFE_INTEGER;

/** @throws MailError `GRAPH_…`, `SYNC_FOLDER_NOT_FOUND`, `AUTH_…`, `STORE_…`; what was recorded stays */
export async function roundOfFolder(work: FolderWork): Promise<RoundEnd> {
  const { session } = work;
  const stored = await storedCursor(work);
  const cursor = stored ?? unwalked(session.settings);
  if (!session.hasDelta) return list(work, stored, { ...cursor, listing: cursor.listing ?? mode(work, "noDelta", forGood) });
  const listing = presentMode(work, cursor);
  if (listing) return list(work, stored, { ...cursor, listing });
  for (let next = cursor, lost = false; ; lost = true) {
    try {
      return await walk(work, next, stored);
    } catch (error) {
      next = await insteadOfDelta(work, error, { begun: next, told: lost });
    }
    // A walk over again that fails as well leads to a listing: it was the one of this hour.
    if (next.listing) return list(work, stored, { ...next, listing: next.listing });
  }
}

/** Empty when delta is to be tried. A walk over again that has begun and not come to a first page was the one of its hour. */
function presentMode(work: FolderWork, { link, repeatedAt, listing }: Cursor): ListingMode | undefined {
  const now = work.clock.now();
  if (listing && listing.until > now) return listing;
  if (link || repeatedAt === undefined || repeatedAt + walkEveryMs <= now) return undefined;
  return mode(work, listing?.code ?? "walkFailed", repeatedAt + walkEveryMs, listing);
}

async function walk(work: FolderWork, cursor: Cursor, before: Cursor | undefined): Promise<RoundEnd> {
  const end = await walkFolder(work, cursor);
  work.session.troubleSince.delete(work.folder);
  if (before?.listing) work.emit("queue:mode-changed", { queue: work.session.settings.address, folder: nameOf(work), mode: "delta" });
  return end;
}

async function list(work: FolderWork, before: Cursor | undefined, cursor: Cursor & { readonly listing: ListingMode }): Promise<RoundEnd> {
  const end = await listRound(work, cursor);
  const { code, until } = cursor.listing;
  const queue = work.session.settings.address;
  const message = `The folder ${nameOf(work)} of ${queue} is listed, as delta does not serve there (${code}); its mail is delivered all the same.`;
  const why = new MailError("GRAPH_FORBIDDEN", message, { queue, serviceCode: code });
  work.onListing(why);
  if (before?.listing) return end;
  const about = { queue, folder: nameOf(work), mode: "listing" as const, code, ...adviceOf(why) };
  work.emit("queue:mode-changed", until === forGood ? about : { ...about, nextTryAt: until });
  return end;
}

/** The cursor to go on with after delta failed: with a mode for a listing, without one for a walk at once. @throws `error` when neither helps */
async function insteadOfDelta(
  work: FolderWork,
  error: unknown,
  { begun, told }: { readonly begun: Cursor; readonly told: boolean },
): Promise<Cursor> {
  if (!(error instanceof MailError)) throw error;
  const cursor = (await storedCursor(work)) ?? begun;
  const { code, serviceCode = code } = error;
  if (code === "SYNC_CURSOR_LOST" || code === "SYNC_ROUND_LOOPED") return overAgain(work, error, cursor, told);
  if (cursor.link && isOfLink.has(code)) {
    if ((await checkOwner(work)) === "another") return (await storedCursor(work)) ?? begun;
    if (await isOfNoUse(work, code)) return overAgain(work, error, cursor, told);
  }
  const isOfOneMessage = isForPage(error) && work.session.pageSizesOf(work.folder).round.exhausted;
  // One message alone cannot be given with all its content: pages without it can, and each message is read by itself.
  if (isOfOneMessage && cursor.select === "full") return overAgain(work, error, { ...cursor, select: "light" }, told);
  const isOfDelta = isOfOneMessage || refusesDelta(error) || (code === "GRAPH_UNAVAILABLE" && lastsLong(work));
  if (!isOfDelta) throw error;
  return { ...cursor, listing: mode(work, serviceCode, nextTry(work, cursor), cursor.listing) };
}

/** A full mailbox refuses delta and lists (microsoft-graph-docs 2927); so does whatever has no delta: with 400 or 405. */
function refusesDelta({ code, status, serviceCode = "" }: MailError): boolean {
  return (code === "GRAPH_REFUSED" && (status === 400 || status === 405)) || fullMailbox.has(serviceCode.toLowerCase());
}

/**
 * A link names its folder, and may name its user, by ids: those may be gone while the folder is there, under another id
 * (a folder that was made anew) or the same (one that was deleted and recovered). A mailbox that is away does not answer
 * this, and takes no cursor along.
 */
async function isOfNoUse(work: FolderWork, code: MailErrorCode): Promise<boolean> {
  const before = work.session.folderIds.get(work.folder);
  const { id } = await askFolder(work);
  return code === "SYNC_FOLDER_NOT_FOUND" || (before !== undefined && id !== before);
}

/**
 * Whether the folder has had nothing but the server's trouble for so long that it may be of delta alone: with two
 * accounts of one address delta answers 503 for ever (microsoft-graph-docs 2992). In a real outage the listing fails as
 * well, and nothing has changed.
 */
function lastsLong({ session, folder, clock }: FolderWork): boolean {
  const since = session.troubleSince.get(folder) ?? clock.now();
  session.troubleSince.set(folder, since);
  return clock.now() - since >= longTroubleMs;
}

/** The folder's cursor is of no use any more: recorded at once, so that whatever comes next begins without it. */
async function overAgain(work: FolderWork, error: MailError, { link: _, listing, ...lost }: Cursor, told: boolean): Promise<Cursor> {
  const { session, clock, emit } = work;
  const { settings, walkPacer } = session;
  const { code, serviceCode } = error;
  const now = clock.now();
  const from = lost.roundAt ?? lost.openedAt;
  const known = (await checkOwner(work)) === "another" ? unwalked(settings) : lost;
  if (!told) {
    const service = serviceCode === undefined ? {} : { serviceCode };
    emit("queue:cursor-lost", {
      queue: settings.address,
      folder: nameOf(work),
      code,
      ...service,
      ...(from === undefined ? {} : { from }),
      to: now,
    });
  }
  const waitMs = Math.max((known.repeatedAt ?? Number.NEGATIVE_INFINITY) + walkEveryMs - now, walkPacer.reserve());
  const next: Cursor = {
    ...known,
    repeat: true,
    ...(waitMs > 0 ? { listing: mode(work, serviceCode ?? code, now + waitMs, listing) } : {}),
  };
  await keepCursor(work, next);
  return next;
}

function mode({ clock }: FolderWork, code: string, until: number, before?: ListingMode): ListingMode {
  return { since: clock.now(), ...before, code, until, tries: (before?.tries ?? 0) + 1 };
}

function nextTry({ clock }: FolderWork, { listing }: Cursor): number {
  return clock.now() + Math.min(tryDeltaMs.capMs, tryDeltaMs.baseMs * 2 ** (listing?.tries ?? 0)) * (0.9 + 0.2 * clock.random());
}
