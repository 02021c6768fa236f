/**
 * The ids of a mailbox's folders by the names they are configured by: messages name their folder by its id.
 *
 * Invariant: a folder is asked for once; one that could not be asked for is not known, and is left alone for a minute.
 * Ids of folders stay (concepts/outlook-immutable-id), so what is known is never asked again.
 */
import { MailError } from "../base/errors.js";
import type { GraphClient, MailboxAccess } from "../graph/client.js";
import { folderFacts } from "./listing.js";

/** The folder's id; nothing while it cannot be had. Rejects with the reason of an abort. */
export type FolderIdOf = (folder: string, signal: AbortSignal) => Promise<string | undefined>;

const leftAloneMs = 60_000;

/** `known`: ids by the names of their folders; others may add to it, and clear it when there is another mailbox. */
export function createFolderIds(client: GraphClient, mailbox: MailboxAccess, known: Map<string, string>): FolderIdOf {
  /** Epoch milliseconds until which a folder is not asked for again, by name; empty until one failed, as it does in few queues. */
  let leftAlone: Map<string, number> | undefined;
  return async (folder, signal) => {
    const id = known.get(folder);
    if (id !== undefined || (leftAlone?.get(folder) ?? 0) > client.clock.now()) return id;
    try {
      const facts = await folderFacts(client, mailbox, { folder, signal });
      known.set(folder, facts.id);
      return facts.id;
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      if (!(error instanceof MailError)) throw error;
      leftAlone ??= new Map();
      leftAlone.set(folder, client.clock.now() + leftAloneMs);
      return undefined;
    }
  };
}
