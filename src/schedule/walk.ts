/**
 * A round of a folder by delta: page by page from its cursor to a delta link.
 *
 * Invariant: each page is one commit with the cursor behind it; a walk that goes round in circles is ended before it
 * does so a third time.
 */
import type { Cursor } from "../mailbox/cursor.js";
import { createLoopGuard } from "../mailbox/loop-guard.js";
import { type FolderPage, fetchPage } from "../mailbox/round.js";
import { createCopies } from "./copies.js";
import { type FolderWork, keepCursor } from "./folder-work.js";
import { recordPage } from "./sightings.js";

/** Walks to the end of the round. @throws MailError `GRAPH_…`, `SYNC_…`, `AUTH_…`, `STORE_…`; what was recorded stays, and the cursor with it */
export async function walkFolder(work: FolderWork, begin: Cursor): Promise<void> {
  const { session, folder, clock } = work;
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
  for (;;) {
    const page = await nextPage(work, cursor);
    guard.pass(page);
    const first = { live: cursor.live, openedAt: cursor.openedAt ?? page.answeredAt };
    cursor = page.link.kind === "delta" ? roundEnd(cursor, page, first.openedAt) : { ...cursor, link: page.link, openedAt: first.openedAt };
    await recordPage(work, { items: page.items, cursor, first, foundBy: "round", copies });
    if (page.link.kind === "delta") return;
  }
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
      pageSize.succeeded();
      return page;
    } catch (error) {
      if (!pageSize.failed(error)) throw error;
    }
  }
}

function roundEnd({ select, repeatedAt }: Cursor, { link, answeredAt }: FolderPage, openedAt: number): Cursor {
  return { link, select, openedAt, live: true, roundAt: answeredAt, ...(repeatedAt === undefined ? {} : { repeatedAt }) };
}
