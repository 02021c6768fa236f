/**
 * Where messages wait for their delivery: oldest first, one of a conversation at a time, some with their content.
 *
 * Invariants: an entry is in exactly one of ready, loaded and held; content is counted in bytes, entries are not. Entries
 * that are held for their conversation keep their content only while there is plenty of room for it.
 */
import type { JsonObject } from "../graph/wire.js";
import { contentBytes } from "../mailbox/message.js";
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
  /** Up to `count` of the oldest that wait without content; they are out of the room then. */
  takeUnloaded(count: number): OpenEntry[];
  /** Up to `count` of the oldest with content whose conversation is free; occupies their conversations. */
  takeLoaded(count: number): Loaded[];
  /** The conversation's next message may come. */
  free(conversationId: string | undefined): void;
  /** True while more content may be fetched. */
  readonly hasRoom: boolean;
  readonly unloadedCount: number;
  readonly loadedCount: number;
  /** Everything that waits, held ones included. */
  readonly size: number;
}

export interface WaitingRoomOptions {
  /** Bytes of content in memory above which entries wait without it. */
  readonly highWaterBytes: number;
}

export function createWaitingRoom({ highWaterBytes }: WaitingRoomOptions): WaitingRoom {
  const ready = createHeap<OpenEntry>(older);
  const loaded = createHeap<Loaded>((a, b) => older(a.entry, b.entry));
  /** By conversation, those that wait for it; a conversation without any has no list. */
  const held = new Map<string, (Loaded | { readonly entry: OpenEntry; readonly item?: undefined })[]>();
  const busy = new Set<string>();
  let heldCount = 0;
  let bytes = 0;

  function place(entry: OpenEntry, item: JsonObject | undefined, size: number): void {
    // A message larger than the mark itself still has to get through, alone.
    if (!item || (bytes > 0 && bytes + size > highWaterBytes)) return ready.push(entry);
    bytes += size;
    loaded.push({ entry, item, bytes: size });
  }

  function hold(one: Loaded, conversationId: string): void {
    const list = held.get(conversationId) ?? [];
    held.set(conversationId, list);
    heldCount += 1;
    if (bytes <= highWaterBytes / 2) return void list.push(one);
    bytes -= one.bytes;
    list.push({ entry: one.entry });
  }

  return {
    add: (entry, item) => place(entry, item, item ? contentBytes(item) : 0),
    takeUnloaded: (count) => ready.take(count),
    takeLoaded(count) {
      const taken: Loaded[] = [];
      while (taken.length < count) {
        const [one] = loaded.take(1);
        if (!one) break;
        const conversationId = conversationOf(one);
        if (conversationId !== undefined && busy.has(conversationId)) {
          hold(one, conversationId);
          continue;
        }
        if (conversationId !== undefined) busy.add(conversationId);
        bytes -= one.bytes;
        taken.push(one);
      }
      return taken;
    },
    free(conversationId) {
      if (conversationId === undefined) return;
      busy.delete(conversationId);
      const list = held.get(conversationId) ?? [];
      held.delete(conversationId);
      heldCount -= list.length;
      for (const one of list) {
        if (one.item === undefined) ready.push(one.entry);
        else loaded.push(one);
      }
    },
    get hasRoom() {
      return bytes < highWaterBytes;
    },
    get unloadedCount() {
      return ready.size;
    },
    get loadedCount() {
      return loaded.size;
    },
    get size() {
      return ready.size + loaded.size + heldCount;
    },
  };
}

export function conversationOf({ entry, item }: Loaded): string | undefined {
  const fetched = item.conversationId;
  return typeof fetched === "string" ? fetched : entry.conversationId;
}

function older(a: OpenEntry, b: OpenEntry): number {
  return a.receivedAt - b.receivedAt || a.sequence - b.sequence;
}

interface Heap<T> {
  push(item: T): void;
  take(count: number): T[];
  readonly size: number;
}

/** A binary heap, smallest first. */
function createHeap<T>(compare: (a: T, b: T) => number): Heap<T> {
  const items: T[] = [];

  function pop(): T | undefined {
    const top = items[0];
    const last = items.pop();
    if (top === undefined || last === undefined || items.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      const left = items[child];
      const right = items[child + 1];
      if (left === undefined) break;
      if (right !== undefined && compare(right, left) < 0) child += 1;
      const smaller = items[child] as T;
      if (compare(last, smaller) <= 0) break;
      items[at] = smaller;
      at = child;
    }
    items[at] = last;
    return top;
  }

  return {
    push(item) {
      let at = items.length;
      items.push(item);
      while (at > 0) {
        const parent = (at - 1) >> 1;
        const above = items[parent] as T;
        if (compare(item, above) >= 0) break;
        items[at] = above;
        at = parent;
      }
      items[at] = item;
    },
    take(count) {
      const taken: T[] = [];
      while (taken.length < count) {
        const item = pop();
        if (item === undefined) break;
        taken.push(item);
      }
      return taken;
    },
    get size() {
      return items.length;
    },
  };
}
