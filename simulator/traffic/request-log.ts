/**
 * The record of every request, and what can be asked of it afterwards.
 * Invariant: entries stay in order of arrival; a batch part stands as an entry of its own and points to its batch. Decides nothing.
 */
import type { Bar } from "./gate.js";
import { tellRequest } from "./request-channel.js";
import type { RouteName } from "./route-name.js";

/** One request or one part of a batch. */
export interface LogEntry {
  /** Counts up from 1; never used again, not even after `clear()`. */
  readonly number: number;
  readonly route: RouteName;
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** Address of the mailbox meant, or of the user who signs in. */
  readonly mailbox?: string;
  /** By the simulator's clock. */
  readonly startedAt: number;
  readonly endedAt?: number;
  /** Absent while under way, and when the connection was dropped. */
  readonly status?: number;
  /** For a batch part: the number of its batch. */
  readonly batch?: number;
  readonly retryAfterMs?: number;
  /** For pages of delta and messages: the immutable ids given as present. */
  readonly ids?: readonly string[];
  /** For delta: whether the page ended its round. */
  readonly round?: "more" | "done";
  /**
   * For delta: what the request went on from: "first" nothing (no token, so a walk of the whole folder begins), "next" a nextLink,
   * "delta" a deltaLink. A request refused before its token was
   * opened is told by the spelling of its link, which may call a deltaLink a nextLink, but never mistakes "first".
   */
  readonly walk?: "first" | "next" | "delta";
  /** Graph's or Entra's error code, when it was an error. */
  readonly code?: string;
}

/** Picks entries; each given field must agree. */
export interface LogFilter {
  readonly route?: RouteName;
  readonly mailbox?: string;
}

/** The log as tests see it. */
export interface RequestLog {
  /** Every request in order of arrival. */
  entries(filter?: LogFilter): readonly LogEntry[];
  count(filter?: LogFilter): number;
  /**
   * The most requests to a mailbox ever under way at once, refused ones included: for the mailbox named, else for the one that had most.
   * A batch counts as its parts, four at the most; one whose parts wait for each other in a single row as one. Directory requests (`me`, `user`) do not count.
   */
  mostAtOnce(mailbox?: string): number;
  /** Requests that came more than 100 ms after a 429 had been sent and before its Retry-After had passed, for the mailbox it was sent for. */
  knockedWhileBarred(): readonly LogEntry[];
  /** Forgets the entries and the highest counts. */
  clear(): void;
}

/** An entry that may still be filled in. */
export type OpenEntry = { -readonly [Field in keyof LogEntry]: LogEntry[Field] };

/** The log as the server writes it. */
export interface LogWriter extends RequestLog {
  begin(entry: Omit<OpenEntry, "number">): OpenEntry;
  noteAtOnce(mailbox: string, count: number): void;
  noteKnock(entry: LogEntry, bar: Bar): void;
}

/** Makes an empty log. */
export function createRequestLog(): LogWriter {
  let entries: OpenEntry[] = [];
  let knocks: LogEntry[] = [];
  let lastNumber = 0;
  /** The most at once by mailbox address; empty until the first request. */
  const most = new Map<string, number>();

  function matching({ route, mailbox }: LogFilter = {}): OpenEntry[] {
    const address = mailbox?.toLowerCase();
    return entries.filter(
      (entry) => (route === undefined || entry.route === route) && (address === undefined || entry.mailbox === address),
    );
  }

  return {
    entries: matching,
    count: (filter) => matching(filter).length,
    mostAtOnce(mailbox) {
      if (mailbox !== undefined) return most.get(mailbox.toLowerCase()) ?? 0;
      return Math.max(0, ...most.values());
    },
    knockedWhileBarred: () => [...knocks],
    clear() {
      entries = [];
      knocks = [];
      most.clear();
    },
    begin(entry) {
      lastNumber += 1;
      const open: OpenEntry = { number: lastNumber, ...entry };
      entries.push(open);
      tellRequest({ kind: "any" });
      return open;
    },
    noteAtOnce(mailbox, count) {
      if (count <= (most.get(mailbox) ?? 0)) return;
      most.set(mailbox, count);
      tellRequest({ kind: "most", atOnce: count, mailbox });
    },
    noteKnock(entry, bar) {
      knocks.push(entry);
      const { route, mailbox, startedAt } = entry;
      const times = { afterMs: startedAt - bar.sentAt, earlyMs: bar.until - startedAt };
      tellRequest({ kind: "early", route, ...(mailbox === undefined ? {} : { mailbox }), ...times });
    },
  };
}
