/**
 * The limit of four requests at once per app and mailbox, and the bar that a 429 puts down.
 * Invariant: a mailbox never has more than four places taken; a bar is lifted by time alone.
 * Source: Graph throttling limits, Outlook service ("4 concurrent requests"; a batch runs four parts in parallel). Knows no route.
 */

/** Places one request or batch holds. */
export interface Places {
  /** How many were free for it: 0 means it is over the limit. */
  readonly granted: number;
  /** All under way for the mailbox with this one, refused ones included. */
  readonly atOnce: number;
  release(): void;
}

/** A 429's reach. */
export interface Bar {
  readonly sentAt: number;
  readonly until: number;
}

/** The gate of all mailboxes. */
export interface Gate {
  take(mailbox: string, wanted: number): Places;
  bar(key: string, sentAt: number, until: number): void;
  /** The bar in force, or undefined. */
  barred(key: string, now: number): Bar | undefined;
}

/** Requests at once per mailbox. */
export const gateWidth = 4;

// A Node timer may fire up to a few milliseconds before the wall clock agrees; that is not knocking early.
const timerGraceMs = 5;

/** Makes an open gate. */
export function createGate(): Gate {
  /** By mailbox; entries vanish when nothing is under way. */
  const taken = new Map<string, { places: number; asked: number }>();
  /** By key; stale bars are dropped when looked at. */
  const bars = new Map<string, Bar>();

  return {
    take(mailbox, wanted) {
      const state = taken.get(mailbox) ?? { places: 0, asked: 0 };
      taken.set(mailbox, state);
      const granted = Math.min(wanted, gateWidth - state.places);
      state.places += granted;
      state.asked += wanted;
      return {
        granted,
        atOnce: state.asked,
        release() {
          state.places -= granted;
          state.asked -= wanted;
          if (state.asked === 0) taken.delete(mailbox);
        },
      };
    },
    bar(key, sentAt, until) {
      const standing = bars.get(key);
      if (standing && standing.until > sentAt) bars.set(key, { sentAt: standing.sentAt, until: Math.max(standing.until, until) });
      else bars.set(key, { sentAt, until });
    },
    barred(key, now) {
      const bar = bars.get(key);
      if (!bar) return undefined;
      if (now < bar.until - timerGraceMs) return bar;
      bars.delete(key);
      return undefined;
    },
  };
}
