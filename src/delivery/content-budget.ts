/** Message content in memory over all queues of a daemon: above the mark each queue keeps only what it hands over next. */

export interface ContentBudget {
  /** So many bytes came, or went when negative. */
  add(bytes: number): void;
  /** Bytes until the mark; 0 at it and above. */
  readonly left: number;
}

export function createContentBudget(highWaterBytes: number): ContentBudget {
  let held = 0;
  return {
    add(bytes) {
      held += bytes;
    },
    get left() {
      return Math.max(0, highWaterBytes - held);
    },
  };
}
