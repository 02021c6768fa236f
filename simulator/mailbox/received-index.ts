/**
 * Messages ordered by the time they were received, for plain lists.
 * Invariant: `settled()` is ascending and holds exactly the present messages; appending in order costs nothing,
 * and a removal costs one pass at the next list. Knows no folder.
 */
import type { StoredMessage } from "./message.js";

/** An index by received time. */
export interface ReceivedIndex {
  readonly count: number;
  add(message: StoredMessage): void;
  remove(message: StoredMessage): void;
  /** Ascending by received time. Valid until the next change; do not alter it. */
  settled(): readonly StoredMessage[];
}

/** Makes an empty index. */
export function createReceivedIndex(): ReceivedIndex {
  let items: StoredMessage[] = [];
  let inOrder = true;
  /** Removed but still in `items`; empty after each `settled()`. */
  const gone = new Set<StoredMessage>();

  return {
    get count() {
      return items.length - gone.size;
    },
    add(message) {
      if (gone.delete(message)) return;
      const last = items.at(-1);
      if (last && last.receivedAt > message.receivedAt) inOrder = false;
      items.push(message);
    },
    remove: (message) => void gone.add(message),
    settled() {
      if (gone.size > 0) {
        items = items.filter((message) => !gone.has(message));
        gone.clear();
      }
      if (!inOrder) {
        items.sort((one, other) => one.receivedAt - other.receivedAt);
        inOrder = true;
      }
      return items;
    },
  };
}

/** The first place whose message was received at or after the time; `items` ascending. */
export function placeOf(items: readonly StoredMessage[], receivedAt: number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((items[middle] as StoredMessage).receivedAt < receivedAt) low = middle + 1;
    else high = middle;
  }
  return low;
}
