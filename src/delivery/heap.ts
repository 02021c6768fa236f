/** A binary heap: the smallest of many, in steps that grow with the logarithm of their number. Knows nothing of what it orders. */

export interface Heap<T> {
  push(item: T): void;
  /** Up to `count` of the smallest, smallest first; they are out of it then. */
  take(count: number): T[];
  /** The smallest, which stays in it. */
  readonly first: T | undefined;
  readonly size: number;
}

export function createHeap<T>(compare: (a: T, b: T) => number): Heap<T> {
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
    get first() {
      return items[0];
    },
    get size() {
      return items.length;
    },
  };
}
