/**
 * The face of a mailbox that tests see: what other people and other clients do to it, and what is in it now.
 * Invariant: messages are named by immutable id only; snapshots do not change afterwards. Knows no request.
 */
import { completeDamage, type DamageOptions } from "./damage.js";
import type { Folder } from "./folder.js";
import type { Mailbox, MessageChange } from "./mailbox.js";
import type { NewMessage, StoredMessage } from "./message.js";

/** A message as it was when asked for. */
export interface SimulatedMessage {
  /** The immutable id. */
  readonly id: string;
  /** The default id; another one after each move. */
  readonly defaultId: string;
  readonly folderId: string;
  /** The folder's display name. */
  readonly folder: string;
  readonly subject: string;
  readonly isRead: boolean;
  readonly categories: readonly string[];
  readonly flagged: boolean;
  /** Ms since 1970, whole seconds. */
  readonly receivedAt: number;
  readonly internetMessageId: string;
  readonly conversationId: string;
}

/** How silent delta is about a message that came unseen. */
export interface UnseenOptions {
  /** Whether a walk begun without a token shows it. Default "hidden". */
  walks?: "shown" | "hidden";
}

/** One simulated mailbox. Folders are named by well-known name, id or display name; messages by immutable id. Unknown ones throw. */
export interface SimulatedMailbox {
  readonly address: string;
  /** Puts a new message there (default: inbox) and returns its immutable id. */
  deliver(message?: NewMessage, folder?: string): string;
  /** Puts many there, in order, and returns their immutable ids. */
  deliverMany(messages: readonly NewMessage[], folder?: string): string[];
  /**
   * Puts a new message there that delta rounds keep silent about: it is in the folder, in lists, in counts and found by id, but no
   * round tells its arrival. It is told as soon as it changes (then as other changes are) or moves.
   * `walks`: whether a walk begun without a token shows it; default "hidden", no walk does before it changes or moves.
   * Source: reports of rounds that miss a message and end cleanly (microsoft-graph-docs 21752, wisecom-oy/atlas 48).
   */
  deliverUnseen(message?: NewMessage, folder?: string, options?: UnseenOptions): string;
  /**
   * Moves as another client would; the default id changes. `unseen`: the new folder's delta rounds keep silent about its arrival, as
   * with `deliverUnseen`; the old folder's tell that it left. Default false.
   */
  move(id: string, folder: string, options?: UnseenOptions & { unseen?: boolean }): void;
  /** Removes for good. */
  remove(id: string): void;
  /** Changes as another client would. */
  update(id: string, change: { isRead?: boolean; categories?: readonly string[]; flagged?: boolean }): void;
  /**
   * Damages a message: requests by id and batch parts that select a property which cannot be read fail, and so does every list page
   * and delta page, as a whole, that would show it with one; a delta page that fails leaves the walk where it was. Pages without it,
   * and selections without such a property, work. A second damage takes the place of the first.
   */
  damage(id: string, damage?: DamageOptions): void;
  /** Ends the damage; delta tells nothing of it. */
  repair(id: string): void;
  /**
   * Whether the mailbox's quota is used up: delta, PATCH, move, copy and new folders are 403 ErrorQuotaExceeded (microsoft-graph-docs
   * 5730, 2927), delta links stay alive; gets, lists, DELETE and permanentDelete work, and what tests do works too. Default false.
   */
  setFull(full: boolean): void;
  /** Adds a folder under the parent (default: top level) and returns its id. */
  addFolder(name: string, parent?: string): string;
  /** Adds a search folder, as a person does in Outlook: listed among the others with a type of its own, and never a place of messages. */
  addSearchFolder(name: string, parent?: string): string;
  /** Calls it by another name; its id, its messages and its delta links stay. Throws for a well-known folder and for a name that is taken there. */
  renameFolder(folder: string, name: string): void;
  /** Puts it, with all that is below it, under another parent (default: top level). Throws as `renameFolder` does. */
  moveFolder(folder: string, parent?: string): void;
  /**
   * Deletes it as Outlook does: it is moved into Deleted Items with its messages and all that is below it, called by another name where
   * that one is taken there. `hard`, and what lies in Deleted Items already: it is gone for good. Throws for a well-known folder.
   */
  deleteFolder(folder: string, options?: { hard?: boolean }): void;
  /** Snapshots of the messages of a folder, or of all; oldest first. */
  messages(folder?: string): SimulatedMessage[];
  message(id: string): SimulatedMessage | undefined;
  /** Immutable ids of what was deleted by permanentDelete, in order: no client reaches it any more. */
  purged(): string[];
  /** All delta links of this mailbox die: their next use answers 410 SyncStateNotFound. */
  forgetSyncStates(): void;
}

/** Makes the face of whatever mailbox stands behind the address now. */
export function showMailbox(current: () => Mailbox): SimulatedMailbox {
  function folderNamed(name: string): Folder {
    const folder =
      current().folder(name) ??
      current()
        .folders()
        .find((one) => one.displayName === name);
    if (!folder) throw new Error(`The simulated mailbox ${current().address} has no folder "${name}".`);
    return folder;
  }
  function changeable(name: string): Folder {
    const folder = folderNamed(name);
    if (folder.wellKnown === undefined) return folder;
    throw new Error(`The folder "${folder.displayName}" is a well-known one: it can be neither renamed, moved nor deleted.`);
  }
  function isBelow(folder: Folder, above: Folder): boolean {
    for (let at: Folder | undefined = folder; at; at = current().folder(at.parentId ?? "")) if (at === above) return true;
    return false;
  }
  function messageWith(id: string): StoredMessage {
    const message = current().message(id);
    if (!message) throw new Error(`The simulated mailbox ${current().address} has no message ${id}.`);
    return message;
  }
  function snapshot(message: StoredMessage): SimulatedMessage {
    const { immutableId: id, defaultId, folderId, subject, isRead, categories, receivedAt, internetMessageId, conversationId } = message;
    const folder = current().folder(folderId)?.displayName ?? "";
    return {
      id,
      defaultId,
      folderId,
      folder,
      subject,
      isRead,
      categories: [...categories],
      flagged: message.flag.flagStatus === "flagged",
      receivedAt,
      internetMessageId,
      conversationId,
    };
  }

  return {
    address: current().address,
    deliver: (message = {}, folder = "inbox") => current().deliver(message, folderNamed(folder)).immutableId,
    deliverMany(messages, folder = "inbox") {
      const target = folderNamed(folder);
      return messages.map((message) => current().deliver(message, target).immutableId);
    },
    deliverUnseen: (message = {}, folder = "inbox", { walks = "hidden" } = {}) =>
      current().deliver(message, folderNamed(folder), { walks }).immutableId,
    move: (id, folder, { unseen = false, walks = "hidden" } = {}) =>
      current().move(messageWith(id), folderNamed(folder), unseen ? { walks } : undefined),
    remove: (id) => current().remove(messageWith(id)),
    update(id, { isRead, categories, flagged }) {
      const change: MessageChange = {};
      if (isRead !== undefined) change.isRead = isRead;
      if (categories !== undefined) change.categories = [...categories];
      if (flagged !== undefined) change.flag = { flagStatus: flagged ? "flagged" : "notFlagged" };
      current().change(messageWith(id), change);
    },
    damage(id, damage = {}) {
      messageWith(id).damage = completeDamage(damage);
    },
    repair(id) {
      messageWith(id).damage = undefined;
    },
    setFull(full) {
      current().full = full;
    },
    addFolder: (name, parent) => current().addFolder(name, parent === undefined ? current().root : folderNamed(parent)).id,
    addSearchFolder: (name, parent) => current().addFolder(name, parent === undefined ? current().root : folderNamed(parent), true).id,
    renameFolder: (folder, name) => current().renameFolder(changeable(folder), name),
    moveFolder: (folder, parent) => current().moveFolder(changeable(folder), parent === undefined ? current().root : folderNamed(parent)),
    deleteFolder(name, { hard = false } = {}) {
      const folder = changeable(name);
      const bin = folderNamed("deleteditems");
      if (hard || isBelow(folder, bin)) current().removeFolder(folder);
      else {
        const taken = new Set(
          current()
            .childrenOf(bin)
            .map(({ displayName }) => displayName.toLowerCase()),
        );
        let free = folder.displayName;
        for (let number = 1; taken.has(free.toLowerCase()); number += 1) free = `${folder.displayName}${number}`;
        // Not by `renameFolder`: that name may be taken where it lies now.
        folder.displayName = free;
        current().moveFolder(folder, bin);
      }
    },
    messages: (folder) => (folder === undefined ? current().received : folderNamed(folder).received).settled().map(snapshot),
    message(id) {
      const message = current().message(id);
      return message && snapshot(message);
    },
    purged: () => [...current().purged],
    forgetSyncStates() {
      for (const folder of current().folders()) folder.syncStates.forget();
    },
  };
}
