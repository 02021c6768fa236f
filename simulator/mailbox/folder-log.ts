/**
 * What happened in one folder, in order: the ground on which delta rounds walk.
 * Invariant: entries are only ever appended; each knows its neighbours of the same message and the stay it belongs to,
 * so that a page of a round is decided entry by entry without looking at the rest of the folder. Knows no request.
 */
import type { StoredMessage } from "./message.js";

/**
 * An arrival that no delta round shows: the message is in the folder, but only a later change of it, or its leaving, is told.
 * `walks`: whether a walk begun without a token shows it all the same.
 */
export interface Unseen {
  readonly walks: "shown" | "hidden";
}

/** One stay of a message in the folder, from its arrival to its leaving. */
export interface Stay {
  readonly message: StoredMessage;
  /** Set when its arrival is kept from delta rounds. */
  readonly unseen: Unseen | undefined;
  readonly from: number;
  /** Place of the entry that ended it; undefined while the message is here. */
  until: number | undefined;
}

/** One entry of the log. */
export interface Change {
  readonly kind: "added" | "changed" | "removed";
  readonly at: number;
  readonly message: StoredMessage;
  readonly stay: Stay;
  /** For "changed": the names of Graph's properties that changed. */
  readonly properties: readonly string[];
  /** The default id it had at that time. */
  readonly defaultId: string;
  readonly before: Change | undefined;
  after: Change | undefined;
}

/** The log of one folder. */
export interface FolderLog {
  readonly entries: readonly Change[];
  /** How many of the entries delta may know by now; never falls. */
  readonly told: number;
  /** The messages now here, each with its stay. */
  readonly stays: ReadonlyMap<StoredMessage, Stay>;
  added(message: StoredMessage, unseen?: Unseen): void;
  changed(message: StoredMessage, properties: readonly string[]): void;
  removed(message: StoredMessage): void;
}

const noProperties: readonly string[] = [];

/** How late delta learns of what happened. */
export interface Lateness {
  readonly ms: number;
  now(): number;
}

/** Makes an empty log. Without `lateness` delta knows of everything at once. */
export function createFolderLog(lateness: Lateness | undefined): FolderLog {
  const entries: Change[] = [];
  /** When each entry was made; stays empty without lateness. */
  const times: number[] = [];
  /** Entries found to be told so far. */
  let told = 0;
  const stays = new Map<StoredMessage, Stay>();
  /** The newest entry of every message that ever was here. */
  const newest = new Map<StoredMessage, Change>();

  function append(kind: Change["kind"], message: StoredMessage, stay: Stay, properties: readonly string[]): void {
    const before = newest.get(message);
    const change: Change = { kind, at: entries.length, message, stay, properties, defaultId: message.defaultId, before, after: undefined };
    if (before) before.after = change;
    entries.push(change);
    if (lateness) times.push(lateness.now());
    newest.set(message, change);
  }

  return {
    entries,
    stays,
    get told() {
      if (!lateness) return entries.length;
      const until = lateness.now() - lateness.ms;
      while (told < times.length && (times[told] as number) <= until) told += 1;
      return told;
    },
    added(message, unseen) {
      const stay: Stay = { message, unseen, from: entries.length, until: undefined };
      stays.set(message, stay);
      append("added", message, stay, noProperties);
    },
    changed(message, properties) {
      const stay = stays.get(message);
      if (stay) append("changed", message, stay, properties);
    },
    removed(message) {
      const stay = stays.get(message);
      if (!stay) return;
      stay.until = entries.length;
      stays.delete(message);
      append("removed", message, stay, noProperties);
    },
  };
}
