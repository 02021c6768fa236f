/**
 * One mailbox: its folders, its messages, and the changes anybody makes to them.
 * Invariant: every change goes through here, so that folder counts, logs and ids agree. Knows no request and no token.
 */
import type { Random } from "../random.js";
import { createFolder, type DeltaHabits, type Folder, wellKnownFolders } from "./folder.js";
import type { Unseen } from "./folder-log.js";
import { displayNameIn, type MailboxLanguage } from "./mailbox-language.js";
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
  addFolder(displayName: string, parent: Folder, search?: boolean): Folder;
  /** Its id, its messages and its delta links stay. */
  renameFolder(folder: Folder, displayName: string): void;
  /** Likewise, with all that is below it. */
  moveFolder(folder: Folder, parent: Folder): void;
  /** For good, with its messages and all that is below it. */
  removeFolder(folder: Folder): void;
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
  owner: { address: string; displayName: string; language: MailboxLanguage },
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

  function openFolder(
    displayName: string,
    parentId: string | undefined,
    { name, hidden = false, search = false }: { name?: string; hidden?: boolean; search?: boolean } = {},
  ): Folder {
    const folder = createFolder({ id: mint.folder(), displayName, parentId, wellKnown: name, hidden, search }, states, habits);
    folders.set(folder.id, folder);
    if (name) wellKnown.set(name, folder);
    return folder;
  }
  const called = (name: string, english: string) => displayNameIn(owner.language, name, english);
  const root = openFolder(called("msgfolderroot", "Top of Information Store"), undefined, { name: "msgfolderroot" });
  for (const { name, displayName, hidden } of wellKnownFolders) openFolder(called(name, displayName), root.id, { name, hidden });

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

  function childrenOf(folder: Folder): Folder[] {
    return [...folders.values()].filter((one) => one.parentId === folder.id);
  }

  function requireName(displayName: string, parentId: string | undefined, itself: Folder): void {
    const same = (one: Folder) =>
      one !== itself && one.parentId === parentId && one.displayName.toLowerCase() === displayName.toLowerCase();
    if ([...folders.values()].some(same)) throw new Error(`The mailbox ${owner.address} has a folder "${displayName}" there already.`);
  }

  function removeMessage(message: StoredMessage): void {
    folderOf(message).remove(message);
    received.remove(message);
    messages.delete(message.defaultId);
    messages.delete(message.immutableId);
  }

  function removeFolder(folder: Folder): void {
    for (const child of childrenOf(folder)) removeFolder(child);
    for (const message of [...folder.received.settled()]) removeMessage(message);
    folders.delete(folder.id);
  }

  return {
    address: owner.address,
    root,
    received,
    full: false,
    folders: () => [...folders.values()],
    folder: (key) => folders.get(key) ?? wellKnown.get(key.toLowerCase()),
    childrenOf,
    addFolder: (displayName, parent, search = false) => openFolder(displayName, parent.id, { search }),
    renameFolder(folder, displayName) {
      requireName(displayName, folder.parentId, folder);
      folder.displayName = displayName;
    },
    moveFolder(folder, parent) {
      for (let above: Folder | undefined = parent; above; above = folders.get(above.parentId ?? "")) {
        if (above === folder) throw new Error(`The folder "${folder.displayName}" cannot be moved below itself.`);
      }
      requireName(folder.displayName, parent.id, folder);
      folder.parentId = parent.id;
    },
    removeFolder,
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

    remove: removeMessage,
    purge(message) {
      removeMessage(message);
      purged.push(message.immutableId);
    },
    purged,
  };
}
