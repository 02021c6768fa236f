/**
 * Brings messages of a mailbox that is gone into the one that took its place, as a restore does.
 * Invariant: what is restored is the same mail (internetMessageId, times, state, content) under new ids of every kind; delta sees it as
 * any arrival. Knows no user.
 */
import type { Folder } from "./folder.js";
import type { Mailbox } from "./mailbox.js";

/** Restores the messages of these immutable ids, oldest first, each into the folder like its own. */
export function restoreMessages(gone: Mailbox, fresh: Mailbox, kept: ReadonlySet<string>): void {
  /** New conversation ids by old ones; empty until the first message is restored. */
  const conversations = new Map<string, string>();
  for (const message of gone.received.settled()) {
    if (!kept.has(message.immutableId)) continue;
    const folder = folderLike(gone.folder(message.folderId) as Folder, gone, fresh);
    const { headers, conversationId, contentType, content, subject, from, to, cc, replyTo } = message;
    const again = conversations.get(conversationId);
    const restored = fresh.deliver(
      {
        ...{ subject, from, to, cc, replyTo, body: { contentType, content } },
        receivedAt: message.receivedAt,
        isRead: message.isRead,
        categories: message.categories,
        internetMessageId: message.internetMessageId,
        ...(headers && { headers }),
        ...(again !== undefined && { conversationId: again }),
      },
      folder,
    );
    conversations.set(conversationId, restored.conversationId);
    const { flag, importance, inferenceClassification, isDeliveryReceiptRequested, isReadReceiptRequested, attachments } = message;
    Object.assign(restored, { flag, importance, inferenceClassification, isDeliveryReceiptRequested, isReadReceiptRequested, attachments });
  }
}

/** The fresh mailbox's folder of the same well-known name, or of the same name in the folder like the parent; made when there is none. */
function folderLike(folder: Folder, gone: Mailbox, fresh: Mailbox): Folder {
  if (folder.wellKnown !== undefined) return fresh.folder(folder.wellKnown) as Folder;
  const parent = folderLike(gone.folder(folder.parentId ?? "") ?? gone.root, gone, fresh);
  return (
    fresh.childrenOf(parent).find(({ displayName }) => displayName === folder.displayName) ?? fresh.addFolder(folder.displayName, parent)
  );
}
