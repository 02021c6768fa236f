/**
 * What the parent knows of each mail, written down from the news of both processes as they come.
 * Invariant: a delivery is in flight from the moment the handler was given the mail until its settlement is durable; what
 * was in flight when the process was killed is noted mail by mail. Knows no process.
 */
import type { MailFacts } from "./verdict.js";

/** Where the news of both processes meet: a mail is its queue and its immutable id. */
export interface MailName {
  readonly queue: string;
  readonly id: string;
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
  begun(mail: MailName & { readonly subject: string; readonly at: number }): Ticket;
  settled(mail: MailName): void;
  marked(mail: MailName): void;
  /** Notes what was in flight at the kill, and returns how many they were. */
  killed(): number;
  readonly counts: { readonly arrived: number; readonly handled: number; readonly marked: number };
  readonly inFlightCount: number;
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
  inFlight: boolean;
  settled: boolean;
  marked: boolean;
  cutOffs: number;
}

/** Makes an empty logbook. */
export function createLogbook(): Logbook {
  const lines = new Map<string, Line>();
  /** Those who wait for a condition; each removes itself. */
  const watchers = new Set<() => void>();
  const counts = { arrived: 0, handled: 0, marked: 0 };
  let tickets = 0;
  let inFlightCount = 0;

  function lineOf({ queue, id }: MailName): Line {
    const key = `${queue}/${id}`;
    const line = lines.get(key) ?? { queue, subject: "", handedOverAt: [], inFlight: false, settled: false, marked: false, cutOffs: 0 };
    lines.set(key, line);
    return line;
  }

  function changed(): void {
    for (const look of watchers) look();
  }

  function settle(line: Line): void {
    land(line);
    if (!line.settled) counts.handled += 1;
    line.settled = true;
  }

  function land(line: Line): void {
    if (line.inFlight) inFlightCount -= 1;
    line.inFlight = false;
  }

  return {
    counts,
    arrived({ subject, at, ...mail }) {
      Object.assign(lineOf(mail), { subject, arrivedAt: at });
      counts.arrived += 1;
      changed();
    },
    begun({ subject, at, ...mail }) {
      const line = lineOf(mail);
      const again = line.ticket !== undefined;
      if (!again) tickets += 1;
      line.subject = subject;
      line.ticket ??= tickets;
      line.handedOverAt.push(at);
      line.inFlight = true;
      inFlightCount += 1;
      changed();
      return { number: line.ticket, again, ...(line.arrivedAt === undefined ? {} : { waitedMs: at - line.arrivedAt }) };
    },
    settled(mail) {
      settle(lineOf(mail));
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
    killed() {
      const cutOff = [...lines.values()].filter(({ inFlight }) => inFlight);
      for (const line of cutOff) {
        line.cutOffs += 1;
        land(line);
      }
      return cutOff.length;
    },
    get inFlightCount() {
      return inFlightCount;
    },
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
