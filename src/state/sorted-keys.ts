/**
 * A sorted set of keys in chunks of bounded size: adding and deleting cost a binary search and a short move, in any
 * order and at any size; a walk is a walk over arrays.
 *
 * Invariant: no chunk is empty, each is sorted, and every key of a chunk comes before every key of the next.
 */
import type { KeyBytes } from "./key.js";

export interface SortedKeys {
  /** Adds a key; one that is there already is left as it is. */
  add(key: KeyBytes): void;
  delete(key: KeyBytes): void;
  /** At most `limit` keys strictly between the bounds, lowest first, or highest first when `reverse`. */
  between(low: KeyBytes, high: KeyBytes, limit: number, reverse: boolean): KeyBytes[];
}

/** A full chunk is split in halves. */
const maxChunkKeys = 512;

export function createSortedKeys(): SortedKeys {
  /** Empty when there are no keys. */
  const chunks: KeyBytes[][] = [];

  /** The index of the chunk that holds the key or would take it: the last that begins at or before it. */
  function chunkFor(key: KeyBytes): number {
    const at = firstIndex(chunks, (chunk) => (chunk[0] as KeyBytes) > key);
    return Math.max(0, at - 1);
  }

  function place(chunk: readonly KeyBytes[], key: KeyBytes): number {
    return firstIndex(chunk, (other) => other >= key);
  }

  function* upwards(low: KeyBytes): Generator<KeyBytes> {
    for (let at = chunkFor(low); at < chunks.length; at += 1) {
      const chunk = chunks[at] as KeyBytes[];
      for (let inner = firstIndex(chunk, (key) => key > low); inner < chunk.length; inner += 1) yield chunk[inner] as KeyBytes;
    }
  }

  function* downwards(high: KeyBytes): Generator<KeyBytes> {
    for (let at = chunkFor(high); at >= 0 && at < chunks.length; at -= 1) {
      const chunk = chunks[at] as KeyBytes[];
      for (let inner = place(chunk, high) - 1; inner >= 0; inner -= 1) yield chunk[inner] as KeyBytes;
    }
  }

  return {
    add(key) {
      const index = chunkFor(key);
      const chunk = chunks[index];
      if (!chunk) {
        chunks.push([key]);
        return;
      }
      const at = place(chunk, key);
      if (chunk[at] === key) return;
      chunk.splice(at, 0, key);
      if (chunk.length > maxChunkKeys) chunks.splice(index + 1, 0, chunk.splice(maxChunkKeys / 2));
    },
    delete(key) {
      const index = chunkFor(key);
      const chunk = chunks[index];
      if (!chunk) return;
      const at = place(chunk, key);
      if (chunk[at] !== key) return;
      chunk.splice(at, 1);
      if (chunk.length === 0) chunks.splice(index, 1);
    },
    between(low, high, limit, reverse) {
      const found: KeyBytes[] = [];
      for (const key of reverse ? downwards(high) : upwards(low)) {
        if (found.length === limit || (reverse ? key <= low : key >= high)) break;
        found.push(key);
      }
      return found;
    },
  };
}

/** The first index for which `holds`, given that it holds for all after the first; the length if for none. */
function firstIndex<Item>(items: readonly Item[], holds: (item: Item) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(items[middle] as Item)) high = middle;
    else low = middle + 1;
  }
  return low;
}
