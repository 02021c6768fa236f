/**
 * What the parent knows of each mail, written down from the news of all processes as they come.
 * Invariant: a delivery is in flight from the moment the handler was given the mail until its settlement is durable; what
 * was in flight when its process was cut off is noted mail by mail. Knows no process.
 */
import type { MailFacts } from "./verdict.js";

/** Where the news of both processes meet: a mail is its queue and its immutable id. */
export interface MailName {
  readonly queue: string;
  readonly id: string;
}

/** Whose news it is, where several processes share the queues. */
interface By {
  readonly by?: string;
}

/** What a ticket system makes of a delivery. */
export interface Ticket {
  readonly number: number;
  /** The same mail had been handed over before. */
  readonly again: boolean;
  /** Milliseconds from arrival to handler; absent when the arrival is not known (yet). */
  readonly waitedMs?: number;
}

export interface Logbook {
  arrived(mail: MailName & { readonly subject: string; readonly at: number }): void;
  /** `at`: when the handler was called, also where that is told later. */
  begun(mail: MailName & By & { readonly subject: string; readonly at: number }): Ticket;
  settled(mail: MailName & By): void;
  marked(mail: MailName): void;
  /** Notes what was in flight at the cut-off, and returns how many they were. What was begun there before `isBack` was, too. */
  cutOff(by?: string): number;
  isBack(by?: string, at?: number): void;
  /** The process lost the turn of a queue: what it had in flight there was cut off. */
  turnLost(queue: string, by: string): void;
  readonly counts: { readonly arrived: number; readonly handled: number; readonly marked: number };
  inFlightCount(by?: string): number;
  /** True when every mail that arrived is settled and marked. */
  readonly isComplete: boolean;
  /** Resolves with true once the condition holds, with false after `withinMs`. It is looked at after each entry. */
  until(condition: () => boolean, withinMs: number): Promise<boolean>;
  /** What is known of each mail; `read` are those that the mailboxes show as read. */
  facts(read: ReadonlySet<string>): MailFacts[];
}

interface Line {
  readonly queue: string;
  subject: string;
  /** Absent until the simulator told of it. */
  arrivedAt?: number;
  /** Absent until its first delivery. */
  ticket?: number;
  readonly handedOverAt: number[];
  /** Processes that have it; empty when none does. */
  readonly inFlightAt: Set<string>;
  settled: boolean;
  marked: boolean;
  cutOffs: number;
}

/** The process of those whose news name none. */
const only = "";

/** Makes an empty logbook. */
export function createLogbook(): Logbook {
  const lines = new Map<string, Line>();
  /** Those who wait for a condition; each removes itself. */
  const watchers = new Set<() => void>();
  const counts = { arrived: 0, handled: 0, marked: 0 };
  /** Of processes that were cut off, when they were back; `Infinity` for those that are not. */
  const backAt = new Map<string, number>();
  let tickets = 0;

  function lineOf({ queue, id }: MailName): Line {
    const key = `${queue}/${id}`;
    const known = lines.get(key);
    if (known) return known;
    const state = { inFlightAt: new Set<string>(), settled: false, marked: false, cutOffs: 0 };
    const line = { queue, subject: "", handedOverAt: [], ...state };
    lines.set(key, line);
    return line;
  }

  function changed(): void {
    for (const look of watchers) look();
  }

  function settle(line: Line): void {
    if (!line.settled) counts.handled += 1;
    line.settled = true;
  }

  function cutOff(by: string, of: (line: Line) => boolean): number {
    const lost = [...lines.values()].filter((line) => of(line) && line.inFlightAt.delete(by));
    for (const line of lost) line.cutOffs += 1;
    changed();
    return lost.length;
  }

  return {
    counts,
    arrived({ subject, at, ...mail }) {
      Object.assign(lineOf(mail), { subject, arrivedAt: at });
      counts.arrived += 1;
      changed();
    },
    begun({ subject, at, by = only, ...mail }) {
      const line = lineOf(mail);
      const again = line.ticket !== undefined;
      if (!again) tickets += 1;
      line.subject = subject;
      line.ticket ??= tickets;
      line.handedOverAt.push(at);
      if (at < (backAt.get(by) ?? 0)) line.cutOffs += 1;
      else line.inFlightAt.add(by);
      changed();
      return { number: line.ticket, again, ...(line.arrivedAt === undefined ? {} : { waitedMs: at - line.arrivedAt }) };
    },
    settled({ by = only, ...mail }) {
      const line = lineOf(mail);
      line.inFlightAt.delete(by);
      settle(line);
      changed();
    },
    marked(mail) {
      const line = lineOf(mail);
      // Only what is settled is marked; the kill may have come between a settlement and its news.
      settle(line);
      if (!line.marked) counts.marked += 1;
      line.marked = true;
      changed();
    },
    cutOff(by = only) {
      backAt.set(by, Number.POSITIVE_INFINITY);
      return cutOff(by, () => true);
    },
    isBack: (by = only, at = 0) => void backAt.set(by, at),
    turnLost: (queue, by) => void cutOff(by, (line) => line.queue === queue),
    inFlightCount: (by = only) => [...lines.values()].filter(({ inFlightAt }) => inFlightAt.has(by)).length,
    get isComplete() {
      return counts.handled >= counts.arrived && counts.marked >= counts.arrived;
    },
    until(condition, withinMs) {
      return new Promise((resolve) => {
        const end = (held: boolean) => {
          clearTimeout(timer);
          watchers.delete(look);
          resolve(held);
        };
        const look = () => {
          if (condition()) end(true);
        };
        const timer = setTimeout(() => end(false), withinMs).unref();
        watchers.add(look);
        look();
      });
    },
    facts: (read) =>
      [...lines].map(([key, { queue, subject, arrivedAt, handedOverAt, settled, cutOffs }]) => ({
        queue,
        subject,
        ...(arrivedAt === undefined ? {} : { arrivedAt }),
        handedOverAt,
        settled,
        cutOffs,
        marked: read.has(key),
      })),
  };
}
