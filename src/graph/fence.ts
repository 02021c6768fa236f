/**
 * Notices that Graph refuses the application, not single mailboxes: many mailboxes are told to pause at once. (Graph's
 * answers do not say whose limit was reached: the same 429 serves for all. Graph throttling limits.)
 *
 * Invariant: a few mailboxes among many that are served raise nothing, nor do refusals among many answers that are none:
 * such mailboxes pause by themselves. One sick mailbox stops only itself.
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

/** So many answers, the last, are looked at. */
const lastAnswers = 20;
/** Of so many mailboxes at the least, and this share of the answers, are refusals when the application is refused. */
const manyMailboxes = 5;
const mostAnswers = 2 / 3;

interface Answer {
  readonly mailbox: unknown;
  /** Until when it was told to pause, or 0. */
  until: number;
}

export function createFence(clock: Clock): Fence {
  /** The newest last. */
  let answers: Answer[] = [];

  function note(answer: Answer): void {
    answers.push(answer);
    if (answers.length > lastAnswers) answers.shift();
  }

  return {
    answered(mailbox, refusedUntil = 0) {
      if (refusedUntil === 0) return note({ mailbox, until: 0 });
      // What was under way when its pause began is refused with it: one burst is one refusal.
      const before = answers.findLast((one) => one.mailbox === mailbox);
      if (before && before.until > clock.now()) before.until = Math.max(before.until, refusedUntil);
      else note({ mailbox, until: refusedUntil });
    },
    raised() {
      const now = clock.now();
      const refused = answers.filter(({ until }) => until > now);
      const mailboxes = new Set(refused.map(({ mailbox }) => mailbox)).size;
      // A refusal whose time is over is no answer that is none: where few mailboxes are refused again and again, most are such.
      const served = answers.filter(({ until }) => until === 0).length;
      if (mailboxes < manyMailboxes || refused.length < (refused.length + served) * mostAnswers) return undefined;
      answers = [];
      const times = refused.map(({ until }) => until).sort((a, b) => a - b);
      return times[Math.floor(times.length / 2)];
    },
  };
}
