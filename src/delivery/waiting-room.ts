/**
 * Where messages wait for their delivery: oldest first, one of a conversation at a time, some with their content.
 * Suspects of a crash wait in a lane of their own: they come out one by one, a few read ahead, and hold up no reading.
 * Bare mail, whose headers are still to be read, steps aside where no more of it may come out, so that others come out before it;
 * its conversation waits with it. Of a message that is too large the content is dropped before it is kept.
 *
 * Invariants: an entry is in exactly one of ready, loaded (of its lane), held and aside; content is counted in bytes, entries are not.
 * Content is taken in while its sum, here and over all queues, is below the mark, so even a message larger than the mark gets through; what is
 * held, kept or aside may take half of the mark, so that it never shuts out the others. While a conversation has held entries
 * it is busy, or one of its entries is on its way: whoever takes an entry out and cannot go on with it calls `pass`.
 */
import type { JsonObject } from "../graph/wire.js";
import { contentBytes, withinBytes } from "../mailbox/content-size.js";
import type { ContentBudget } from "./content-budget.js";
import { createHeap, type Heap } from "./heap.js";
import type { OpenEntry } from "./ledger-record.js";

/** An entry with what is to be handed over. */
export interface Loaded {
  readonly entry: OpenEntry;
  readonly item: JsonObject;
  readonly bytes: number;
}

export interface WaitingRoom {
  /** Takes an entry in; without content when there is no room for it. */
  add(entry: OpenEntry, item?: JsonObject): void;
  /** Up to `count` of those that wait without content, suspects first, then the oldest; they are out of the room then. */
  takeUnloaded(count: number): OpenEntry[];
  /**
   * Up to `count` of the oldest with content whose conversation is free, no suspects; occupies their conversations.
   * `bareCount`: so many of them may be bare. Default: all.
   */
  takeLoaded(count: number, bareCount?: number): Loaded[];
  /** Likewise of the suspects. */
  takeSuspects(count: number): Loaded[];
  /** Whom `takeSuspects` looks at first. */
  readonly nextSuspect: Loaded | undefined;
  /** The conversation's next message may come. */
  free(conversationId: string | undefined): void;
  /** The entry that was taken out without content does not come back for now: the next of its conversation may. */
  pass(entry: OpenEntry): void;
  /** Keeps the content of an entry that comes again soon, if there is plenty of room for it. */
  keep(entry: OpenEntry, item: JsonObject): Loaded | undefined;
  /** Takes back in what `keep` gave. */
  putBack(kept: Loaded): void;
  /** What it has of the message is out of date: it is read again before it comes out. */
  refresh(id: string): void;
  /** Whether it is. */
  isOutdated(id: string): boolean;
  /** The message does not come back. */
  forget(id: string): void;
  /** Nothing comes out any more. */
  close(): void;
  /** How many more messages of the usual size there is room for; 0 at the mark. */
  readonly roomFor: number;
  /** Those that are no suspects. */
  readonly unloadedCount: number;
  readonly loadedCount: number;
  /** Those that are bare and may not come out yet. */
  readonly asideCount: number;
  /** Suspects whose content is wanted now. */
  readonly unloadedSuspectCount: number;
  readonly loadedSuspectCount: number;
}

export interface WaitingRoomOptions {
  /** Bytes of content in memory above which entries wait without it. */
  readonly highWaterBytes: number;
  /** Shared by all queues: at its end a room takes content in only while it has none. */
  readonly contentBudget: ContentBudget;
  /** Bytes of one message's content above which its bodies are left out of what is kept and handed over. Default 0: no limit. */
  readonly maxMessageBytes?: number;
  /** True of what lacks its headers. Default: of nothing. */
  readonly isBare?: (item: JsonObject) => boolean;
}

interface Held {
  readonly entry: OpenEntry;
  /** Empty when there was no room to keep it. */
  readonly loaded: Loaded | undefined;
}

/** How many of a conversation come out at once: one is delivered, and those without content are read in one batch. */
const releaseCount = 20;
/** Share of the newest message in the usual size. */
const usualShare = 0.1;
/** So many suspects have their content at once. */
const suspectsAhead = 4;

interface Lane {
  readonly ready: Heap<OpenEntry>;
  readonly loaded: Heap<Loaded>;
}

export function createWaitingRoom(options: WaitingRoomOptions): WaitingRoom {
  const { highWaterBytes, contentBudget, maxMessageBytes = 0, isBare = () => false } = options;
  const ordinary = createLane();
  const suspects = createLane();
  /** By conversation, those that wait for it; a conversation without any has no heap. */
  const held = new Map<string, Heap<Held>>();
  /** Bare mail that may not come out yet; it occupies its conversations. */
  const aside = createHeap<Held>((a, b) => older(a.entry, b.entry));
  const busy = new Set<string>();
  /** Ids of those whose content is out of date. */
  const outdated = new Set<string>();
  let bytes = 0;
  let closed = false;
  /** The part of `bytes` that is held, kept or aside. */
  let restingBytes = 0;
  /** Bytes of a usual message; 0 before the first. */
  let usualBytes = 0;

  function countBytes(size: number): void {
    bytes += size;
    // What comes after the end is let go of with the room: nobody would give it back.
    if (!closed) contentBudget.add(size);
  }

  /** Bytes until one of the marks. */
  function left(): number {
    const own = highWaterBytes - bytes;
    return bytes === 0 ? own : Math.min(own, contentBudget.left);
  }

  function laneOf({ suspect }: OpenEntry): Lane {
    return suspect ? suspects : ordinary;
  }

  function place(entry: OpenEntry, whole: JsonObject): void {
    const { item, bytes: size } = withinBytes(whole, maxMessageBytes);
    outdated.delete(entry.id);
    usualBytes = usualBytes === 0 ? size : usualBytes + (size - usualBytes) * usualShare;
    if (left() <= 0) return laneOf(entry).ready.push(entry);
    countBytes(size);
    laneOf(entry).loaded.push({ entry, item, bytes: size });
  }

  function mayRest(size: number): boolean {
    return restingBytes + size <= highWaterBytes / 2;
  }

  function hold(one: Loaded, conversationId: string): void {
    const heap = held.get(conversationId) ?? createHeap<Held>((a, b) => older(a.entry, b.entry));
    held.set(conversationId, heap);
    rest(one, heap);
  }

  function rest(one: Loaded, heap: Heap<Held>): void {
    // It says its conversation from now on: without content nothing else does.
    const entry = withConversation(one);
    if (mayRest(one.bytes)) {
      restingBytes += one.bytes;
      return heap.push({ entry, loaded: one });
    }
    countBytes(-one.bytes);
    heap.push({ entry, loaded: undefined });
  }

  /** Up to `count` of those aside; such as wait without content, or with an outdated one, are read again first. */
  function fromAside(count: number): Loaded[] {
    const taken: Loaded[] = [];
    for (const { entry, loaded } of aside.take(count)) {
      if (loaded) {
        restingBytes -= loaded.bytes;
        countBytes(-loaded.bytes);
      }
      if (loaded && !outdated.delete(entry.id)) taken.push(loaded);
      else {
        if (entry.conversationId !== undefined) busy.delete(entry.conversationId);
        ordinary.ready.push(entry);
      }
    }
    return taken;
  }

  function release(conversationId: string): void {
    const heap = held.get(conversationId);
    for (const one of heap?.take(releaseCount) ?? []) {
      if (one.loaded) putBack(one.loaded);
      else laneOf(one.entry).ready.push(one.entry);
    }
    if (heap?.size === 0) held.delete(conversationId);
  }

  function putBack(one: Loaded): void {
    restingBytes -= one.bytes;
    laneOf(one.entry).loaded.push(one);
  }

  function take({ loaded }: Lane, count: number, bareCount = Number.POSITIVE_INFINITY): Loaded[] {
    const taken: Loaded[] = [];
    let bareLeft = bareCount;
    while (taken.length < count) {
      const [one] = loaded.take(1);
      if (!one) break;
      if (outdated.delete(one.entry.id)) {
        countBytes(-one.bytes);
        laneOf(one.entry).ready.push(one.entry);
        continue;
      }
      const conversationId = conversationOf(one);
      if (conversationId !== undefined && busy.has(conversationId)) {
        hold(one, conversationId);
        continue;
      }
      if (conversationId !== undefined) busy.add(conversationId);
      if (isBare(one.item)) {
        if (bareLeft <= 0) {
          rest(one, aside);
          continue;
        }
        bareLeft -= 1;
      }
      countBytes(-one.bytes);
      taken.push(one);
    }
    return taken;
  }

  function unloadedSuspectCount(): number {
    return Math.max(0, Math.min(suspects.ready.size, suspectsAhead - suspects.loaded.size));
  }

  return {
    add: (entry, item) => (item ? place(entry, item) : laneOf(entry).ready.push(entry)),
    takeUnloaded(count) {
      const first = suspects.ready.take(Math.min(count, unloadedSuspectCount()));
      return [...first, ...ordinary.ready.take(count - first.length)];
    },
    takeLoaded(count, bareCount = Number.POSITIVE_INFINITY) {
      const before = aside.size;
      const bare = fromAside(Math.max(0, Math.min(count, bareCount)));
      return [...bare, ...take(ordinary, count - bare.length, bareCount - (before - aside.size))];
    },
    takeSuspects: (count) => take(suspects, count),
    get nextSuspect() {
      return suspects.loaded.first;
    },
    free(conversationId) {
      if (conversationId === undefined) return;
      busy.delete(conversationId);
      release(conversationId);
    },
    pass({ conversationId }) {
      if (conversationId !== undefined && !busy.has(conversationId)) release(conversationId);
    },
    keep(entry, item) {
      const size = contentBytes(item);
      if (!mayRest(size)) return undefined;
      countBytes(size);
      restingBytes += size;
      return { entry, item, bytes: size };
    },
    putBack,
    refresh: (id) => void outdated.add(id),
    isOutdated: (id) => outdated.has(id),
    forget: (id) => void outdated.delete(id),
    close() {
      countBytes(-bytes);
      closed = true;
    },
    get roomFor() {
      return left() <= 0 ? 0 : Math.max(1, Math.floor(left() / (usualBytes || 1)));
    },
    get unloadedCount() {
      return ordinary.ready.size;
    },
    get loadedCount() {
      return ordinary.loaded.size;
    },
    get asideCount() {
      return aside.size;
    },
    get unloadedSuspectCount() {
      return unloadedSuspectCount();
    },
    get loadedSuspectCount() {
      return suspects.loaded.size;
    },
  };
}

function createLane(): Lane {
  return { ready: createHeap(older), loaded: createHeap((a, b) => older(a.entry, b.entry)) };
}

export function conversationOf({ entry, item }: Loaded): string | undefined {
  const fetched = item.conversationId;
  return typeof fetched === "string" ? fetched : entry.conversationId;
}

function withConversation(one: Loaded): OpenEntry {
  const conversationId = conversationOf(one);
  return conversationId === undefined ? one.entry : { ...one.entry, conversationId };
}

function older(a: OpenEntry, b: OpenEntry): number {
  return a.receivedAt - b.receivedAt || a.sequence - b.sequence;
}
