/**
 * A mail folder: its name, its place in the tree, its counts, its log and its delta states.
 * Invariant: the counts agree with the messages that are here. Knows no request and no other folder.
 */
import type { Random } from "../random.js";
import { createFolderLog, type FolderLog, type Lateness, type Unseen } from "./folder-log.js";
import type { StoredMessage } from "./message.js";
import { createReceivedIndex, type ReceivedIndex } from "./received-index.js";
import { createSyncStates, type SyncStates } from "./sync-states.js";

/** One folder. */
export interface Folder {
  readonly id: string;
  /** Changed by the mailbox alone, as the parent is. */
  displayName: string;
  /** Undefined for the root. */
  parentId: string | undefined;
  readonly wellKnown: string | undefined;
  readonly hidden: boolean;
  /** A search folder: it holds nothing itself and shows what its search finds. */
  readonly search: boolean;
  readonly log: FolderLog;
  readonly received: ReceivedIndex;
  readonly syncStates: SyncStates;
  readonly unread: number;
  add(message: StoredMessage, unseen?: Unseen): void;
  remove(message: StoredMessage): void;
  /** Notes a change of a message that stays here. */
  note(message: StoredMessage, properties: readonly string[], wasRead: boolean): void;
}

/** How the delta rounds of a folder are. */
export interface DeltaHabits {
  /** How late they learn; undefined: not late. */
  readonly lateness: Lateness | undefined;
  /** Length of their tokens. */
  readonly tokenCharacters: number;
}

/** Makes an empty folder. */
export function createFolder(
  place: Pick<Folder, "id" | "displayName" | "parentId" | "wellKnown" | "hidden" | "search">,
  random: Random,
  { lateness, tokenCharacters }: DeltaHabits,
): Folder {
  const log = createFolderLog(lateness);
  const received = createReceivedIndex();
  let unread = 0;
  return {
    ...place,
    log,
    received,
    syncStates: createSyncStates(random, tokenCharacters),
    get unread() {
      return unread;
    },
    add(message, unseen) {
      if (!message.isRead) unread += 1;
      received.add(message);
      log.added(message, unseen);
    },
    remove(message) {
      if (!message.isRead) unread -= 1;
      received.remove(message);
      log.removed(message);
    },
    note(message, properties, wasRead) {
      if (wasRead !== message.isRead) unread += message.isRead ? -1 : 1;
      log.changed(message, properties);
    },
  };
}

/** The folders every mailbox has. Source: Graph's mailFolder resource, well-known folder names. */
export const wellKnownFolders: readonly { name: string; displayName: string; hidden: boolean }[] = [
  { name: "archive", displayName: "Archive", hidden: false },
  { name: "conversationhistory", displayName: "Conversation History", hidden: false },
  { name: "deleteditems", displayName: "Deleted Items", hidden: false },
  { name: "drafts", displayName: "Drafts", hidden: false },
  { name: "inbox", displayName: "Inbox", hidden: false },
  { name: "junkemail", displayName: "Junk Email", hidden: false },
  { name: "outbox", displayName: "Outbox", hidden: false },
  { name: "recoverableitemsdeletions", displayName: "Deletions", hidden: true },
  { name: "sentitems", displayName: "Sent Items", hidden: false },
];
