/**
 * How long somebody was barred, added up from the ends that the bars were told with; as time goes by, not ahead of it.
 *
 * Invariant: it never goes back. A bar that is told longer goes on; one that is told with an earlier end changes nothing.
 */
export interface ThrottledTime {
  /** `key`: who is barred. Epoch milliseconds. */
  barred(key: string, now: number, until: number): void;
  /** Milliseconds that they have been barred in all, by now. */
  total(now: number): number;
}

interface Bar {
  /** Epoch milliseconds from which its time is not counted yet. */
  from: number;
  until: number;
}

export function createThrottledTime(): ThrottledTime {
  /** Those who are barred; each leaves when its end was seen. */
  const bars = new Map<string, Bar>();
  let countedMs = 0;

  function count(now: number): void {
    for (const [key, bar] of bars) {
      const to = Math.min(now, bar.until);
      // The machine's clock may have been set back.
      countedMs += Math.max(0, to - bar.from);
      bar.from = Math.max(bar.from, to);
      if (bar.until <= now) bars.delete(key);
    }
  }

  return {
    barred(key, now, until) {
      count(now);
      const bar = bars.get(key);
      if (bar) bar.until = Math.max(bar.until, until);
      else if (until > now) bars.set(key, { from: now, until });
    },
    total(now) {
      count(now);
      return countedMs;
    },
  };
}
