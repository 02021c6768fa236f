/**
 * Notices that Graph refuses the application, not single mailboxes: many mailboxes are told to pause at once. (Graph's
 * answers do not say whose limit was reached: the same 429 serves for all. Graph throttling limits.)
 *
 * Invariant: a few mailboxes among many that are served raise nothing: one sick mailbox stops only itself.
 */
import type { Clock } from "../base/clock.js";

export interface Fence {
  /** An answer came to that mailbox: a refusal with the time until which it is to pause, epoch milliseconds, or none. */
  answered(mailbox: unknown, refusedUntil?: number): void;
  /**
   * The time until which all had better pause, when many are refused; a single long pause among them does not count for
   * all. It then begins to look anew.
   */
  raised(): number | undefined;
}

/** So many mailboxes, those answered last, are looked at. */
const lastMailboxes = 20;
/** So many of them, and half of them at the least, are refused when the application is. */
const manyMailboxes = 5;

export function createFence(clock: Clock): Fence {
  /** By mailbox, until when it was told to pause, or 0; the one answered last comes last. */
  const answers = new Map<unknown, number>();
  return {
    answered(mailbox, refusedUntil = 0) {
      answers.delete(mailbox);
      answers.set(mailbox, refusedUntil);
      if (answers.size > lastMailboxes) answers.delete(answers.keys().next().value);
    },
    raised() {
      const now = clock.now();
      const times = [...answers.values()].filter((until) => until > now).sort((a, b) => a - b);
      if (times.length < manyMailboxes || times.length < answers.size / 2) return undefined;
      answers.clear();
      return times[Math.floor(times.length / 2)];
    },
  };
}
