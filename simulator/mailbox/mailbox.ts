/**
 * One mailbox: its folders, its messages, and the changes anybody makes to them.
 * Invariant: every change goes through here, so that folder counts, logs and ids agree. Knows no request and no token.
 */
import type { Random } from "../random.js";
import { createFolder, type DeltaHabits, type Folder, wellKnownFolders } from "./folder.js";
import type { Unseen } from "./folder-log.js";
import { copyOfMessage, type NewMessage, type StoredMessage, storeMessage } from "./message.js";
import { createIdMint } from "./message-ids.js";
import { createReceivedIndex, type ReceivedIndex } from "./received-index.js";

/** What may change on a received message; names are those of Graph's properties. */
export type MessageChange = Partial<
  Pick<
    StoredMessage,
    "isRead" | "categories" | "flag" | "importance" | "inferenceClassification" | "isDeliveryReceiptRequested" | "isReadReceiptRequested"
  >
>;

/** The store behind one address. */
export interface Mailbox {
  readonly address: string;
  readonly root: Folder;
  readonly received: ReceivedIndex;
  /** Whether its quota is used up. */
  full: boolean;
  folders(): readonly Folder[];
  /** By id (case counts) or by well-known name (case does not). */
  folder(idOrWellKnown: string): Folder | undefined;
  childrenOf(folder: Folder): readonly Folder[];
  addFolder(displayName: string, parent: Folder): Folder;
  /** By either kind of id. */
  message(id: string): StoredMessage | undefined;
  deliver(wish: NewMessage, folder: Folder, unseen?: Unseen): StoredMessage;
  change(message: StoredMessage, change: MessageChange): void;
  move(message: StoredMessage, folder: Folder, unseen?: Unseen): void;
  /** Returns the copy. */
  copy(message: StoredMessage, folder: Folder): StoredMessage;
  remove(message: StoredMessage): void;
  /** Removes it to where no client reaches it: the folder Purges of the recoverable items. */
  purge(message: StoredMessage): void;
  /** Immutable ids of what was purged, in order. */
  readonly purged: readonly string[];
}

/** Makes a mailbox with the folders every mailbox has. */
export function createMailbox(
  owner: { address: string; displayName: string },
  now: () => number,
  random: Random,
  habits: DeltaHabits,
): Mailbox {
  const mint = createIdMint(random.fork("ids"));
  const states = random.fork("sync states");
  const folders = new Map<string, Folder>();
  const wellKnown = new Map<string, Folder>();
  const messages = new Map<string, StoredMessage>();
  const received = createReceivedIndex();
  const purged: string[] = [];
  let count = 0;

  function openFolder(displayName: string, parentId: string | undefined, name?: string, hidden = false): Folder {
    const folder = createFolder({ id: mint.folder(), displayName, parentId, wellKnown: name, hidden }, states, habits);
    folders.set(folder.id, folder);
    if (name) wellKnown.set(name, folder);
    return folder;
  }
  const root = openFolder("Top of Information Store", undefined, "msgfolderroot");
  for (const { name, displayName, hidden } of wellKnownFolders) openFolder(displayName, root.id, name, hidden);

  function folderOf(message: StoredMessage): Folder {
    return folders.get(message.folderId) as Folder;
  }

  function put(message: StoredMessage, folder: Folder, unseen?: Unseen): StoredMessage {
    messages.set(message.immutableId, message);
    messages.set(message.defaultId, message);
    received.add(message);
    folder.add(message, unseen);
    return message;
  }

  function remove(message: StoredMessage): void {
    folderOf(message).remove(message);
    received.remove(message);
    messages.delete(message.defaultId);
    messages.delete(message.immutableId);
  }

  return {
    address: owner.address,
    root,
    received,
    full: false,
    folders: () => [...folders.values()],
    folder: (key) => folders.get(key) ?? wellKnown.get(key.toLowerCase()),
    childrenOf: (folder) => [...folders.values()].filter((one) => one.parentId === folder.id),
    addFolder: (displayName, parent) => openFolder(displayName, parent.id),
    message: (id) => messages.get(id),

    deliver(wish, folder, unseen) {
      count += 1;
      const message = storeMessage(wish, {
        number: count,
        immutableId: mint.immutable(),
        defaultId: mint.byDefault(),
        folderId: folder.id,
        owner: { name: owner.displayName, address: owner.address },
        now: now(),
        sent: folder.wellKnown === "sentitems",
        tag: `${count}.${random.bytes(9).toString("hex")}`,
      });
      return put(message, folder, unseen);
    },

    change(message, change) {
      const wasRead = message.isRead;
      Object.assign(message, change);
      const properties = [...Object.keys(change), "changeKey"];
      message.version += 1;
      // Toggling the read state does not touch lastModifiedDateTime (alcion/corso PR 1867).
      if (properties.some((name) => name !== "isRead" && name !== "changeKey")) {
        message.modifiedAt = now();
        properties.push("lastModifiedDateTime");
      }
      folderOf(message).note(message, properties, wasRead);
    },

    move(message, folder, unseen) {
      folderOf(message).remove(message);
      messages.delete(message.defaultId);
      message.defaultId = mint.byDefault();
      message.folderId = folder.id;
      message.version += 1;
      message.modifiedAt = now();
      messages.set(message.defaultId, message);
      folder.add(message, unseen);
    },

    copy(message, folder) {
      count += 1;
      const origin = { number: count, immutableId: mint.immutable(), defaultId: mint.byDefault(), folderId: folder.id, now: now() };
      return put(copyOfMessage(message, origin), folder);
    },

    remove,
    purge(message) {
      remove(message);
      purged.push(message.immutableId);
    },
    purged,
  };
}
