/**
 * Keeps the polling of all queues together below what Graph allows the application: when their planned requests and what
 * else is sent come near it, all intervals are stretched alike.
 *
 * It reckons with what is planned and not with what was sent, so that it does not swing.
 */

export interface Pace {
  /** Takes what a queue plans, requests a second, in place of what it planned before; 0 for nothing. */
  plan(before: number, now: number): void;
  /** By how much all intervals are to be stretched, 1 or more. */
  readonly stretch: number;
}

export interface PaceOptions {
  /** Requests a second that the application is allowed. */
  readonly allowed: number;
  /** Requests a second that are sent now, for whatever. */
  readonly sent: () => number;
}

/** Share of what is allowed that polling and all else may take; the rest is room for what cannot be foreseen. */
const share = 0.8;
/** Share that polling may take whatever else there is to do. */
const leastShare = 0.1;

export function createPace({ allowed, sent }: PaceOptions): Pace {
  /** Requests a second of all queues, if nothing is stretched. */
  let planned = 0;
  let stretch = 1;
  return {
    plan(before, now) {
      planned = Math.max(0, planned + now - before);
      const others = Math.max(0, sent() - planned / stretch);
      stretch = Math.max(1, planned / Math.max(allowed * share - others, allowed * leastShare));
    },
    get stretch() {
      return stretch;
    },
  };
}
