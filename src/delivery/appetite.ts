/**
 * Whether more content is wanted: while enough messages wait with theirs, what else would be fetched had to be kept, or
 * thrown away and read again. Waiting for that is always short, as a slow handler must not hold up the finding of mail.
 */
import type { Clock } from "../base/clock.js";

export interface Appetite {
  /** Resolves when more is wanted, or after that many milliseconds. */
  wait(mostMs: number): Promise<void>;
  /** Less waits than before. */
  look(): void;
}

export function createAppetite({ clock, isHungry }: { readonly clock: Clock; readonly isHungry: () => boolean }): Appetite {
  const waiting = new Set<() => void>();
  return {
    async wait(mostMs) {
      if (isHungry()) return;
      await new Promise<void>((resolve) => {
        const stopTimer = clock.startTimer(end, mostMs);
        function end(): void {
          stopTimer();
          waiting.delete(end);
          resolve();
        }
        waiting.add(end);
      });
    },
    look() {
      if (waiting.size > 0 && isHungry()) for (const end of waiting) end();
    },
  };
}
