/**
 * A round of a folder by delta: page by page from its cursor to a delta link.
 *
 * Invariants: each page is one commit with the cursor behind it; the next page is asked for while one is recorded, and
 * none beyond that; a walk that goes round in circles is ended before it does so a third time. While as many messages
 * wait as may, no page is asked for, and the round goes on in a later turn.
 */
import type { Cursor } from "../mailbox/cursor.js";
import { createLoopGuard } from "../mailbox/loop-guard.js";
import { type FolderPage, fetchPage } from "../mailbox/round.js";
import { createCopies } from "./copies.js";
import { type FolderWork, keepCursor } from "./folder-work.js";
import { recordPage } from "./sightings.js";

/** Milliseconds that a slow handler holds up a page of a walk at the most: its content is then read again by id. */
const mostAheadMs = 250;

/** Whether the round came to its end; else a later turn goes on. */
export type RoundEnd = "complete" | "unfinished";

/** Walks to the end of the round. @throws MailError `GRAPH_…`, `SYNC_…`, `AUTH_…`, `STORE_…`; what was recorded stays, and the cursor with it */
export async function walkFolder(work: FolderWork, begin: Cursor): Promise<RoundEnd> {
  const { session, folder, clock } = work;
  if (isFull(work)) return "unfinished";
  const guard = createLoopGuard(folder, session.settings.address);
  const copies = begin.repeat ? createCopies(work) : undefined;
  let cursor = begin;
  if (!begin.link && begin.openedAt !== undefined) {
    // Folders that were made anew have other ids; what is known is asked for again when it is needed.
    session.folderIds.delete(folder);
    session.folderIds.delete("deleteditems");
    // Before it is asked for: a walk over again costs the mailbox space and is counted even if the process ends.
    cursor = { ...begin, repeatedAt: clock.now() };
    await keepCursor(work, cursor);
  }
  for (let coming: Promise<FolderPage> | undefined = nextPage(work, cursor); coming; ) {
    const page: FolderPage = await coming;
    guard.pass(page);
    const isLast = page.link.kind === "delta";
    const first = { live: cursor.live, openedAt: cursor.openedAt ?? page.answeredAt };
    cursor = isLast ? roundEnd(cursor, page, first.openedAt) : { ...cursor, link: page.link, openedAt: first.openedAt };
    coming = isLast || isFull(work, page.items.length) ? undefined : pageWhenWanted(work, cursor);
    await beside(coming, recordPage(work, { items: page.items, cursor, first, foundBy: "round", copies }));
    if (isLast) return "complete";
  }
  return "unfinished";
}

/** As many messages wait for their delivery as may, with so many more. */
export function isFull({ session }: FolderWork, more = 0): boolean {
  return session.dispatcher.waitingCount + more >= session.settings.highWaterMessages;
}

/** Waits for the recording; when that fails, the page that is coming has come before the walk ends with the error. */
async function beside(coming: Promise<FolderPage> | undefined, recording: Promise<unknown>): Promise<void> {
  coming?.catch(() => undefined); // Its error is told when it is waited for.
  try {
    await recording;
  } catch (error) {
    await Promise.allSettled([coming]);
    throw error;
  }
}

/** Content that comes with the page is not fetched before it can be kept, if that is soon. */
async function pageWhenWanted(work: FolderWork, cursor: Cursor): Promise<FolderPage> {
  if (cursor.select === "full") await work.session.dispatcher.untilHungry(mostAheadMs);
  return nextPage(work, cursor);
}

/** Smaller pages are tried at once where a big one may be to blame. */
async function nextPage({ session, client, folder, urgency, signal }: FolderWork, cursor: Cursor): Promise<FolderPage> {
  const { mailbox, settings } = session;
  const pageSize = session.pageSizesOf(folder).round;
  for (;;) {
    try {
      const page = await fetchPage(client, mailbox, {
        folder,
        cursor,
        content: settings.content,
        pageSize: pageSize.current,
        urgency,
        signal,
      });
      pageSize.succeeded(page.length);
      return page;
    } catch (error) {
      if (!pageSize.failed(error)) throw error;
    }
  }
}

function roundEnd({ select, repeatedAt }: Cursor, { link, answeredAt }: FolderPage, openedAt: number): Cursor {
  return { link, select, openedAt, live: true, roundAt: answeredAt, ...(repeatedAt === undefined ? {} : { repeatedAt }) };
}
