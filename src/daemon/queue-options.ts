/** What a host may set for its queues, as it says it; `options.ts` checks it and knows the defaults. */
import type { IfChangedElsewhere } from "../delivery/foreign.js";
import type { StormOptions } from "../delivery/storm-rule.js";
import type { ContentOptions } from "../mailbox/content-options.js";
import type { FolderOption } from "../mailbox/folder-name.js";
import type { Mark } from "../mailbox/mark.js";
import type { StartFrom } from "../schedule/session.js";

/** What every queue may set for itself, and `defaults` for all. */
export interface QueueDefaults {
  /**
   * Folders to watch, 1 to 100: well-known names (`inbox`, `junkemail`, …), paths of display names (`"Inbox/Complaints"`; `%2F` for
   * a `/` in a name, `%25` for a `%`), ids, or `{ folder, subtree: true }` for one with all that is below it. Default `["inbox"]`.
   */
  readonly folders?: readonly FolderOption[];
  /** What is done on the server after a message is settled. Default `{ markRead: true }`; `{}` for nothing. */
  readonly afterAck?: Mark;
  /** What is done on the server with a quarantined message. Default nothing. */
  readonly onQuarantine?: Mark;
  /** What of the mail that was there before the first start is delivered. Default `"unread"`. */
  readonly startFrom?: StartFrom;
  /** What of a message is fetched, and in which form. Default: the body as harmless HTML, and the headers. */
  readonly content?: ContentOptions;
  /** Whether a message that failed once holds its conversation, for at most 60 s. Default `"hold"`. */
  readonly conversationOrder?: "hold" | "release";
  /** What becomes of a message that somebody else read, moved, deleted or categorised before it was handed over. Default: all are delivered. */
  readonly ifChangedElsewhere?: IfChangedElsewhere;
  /** How much mail of one sender or conversation is a storm, and what becomes of it. Default: above 100 in 10 minutes it is told. */
  readonly storm?: StormOptions;
  /** The longest interval from round to round in milliseconds, 1 to 86,400,000, unless the application's limit is near. Default 30,000. */
  readonly pollIntervalMs?: number;
  /**
   * The shortest interval from round to round in milliseconds, 1 to 86,400,000, where much mail arrives. Default 2,000, or
   * `pollIntervalMs` if that is smaller. The second round of a queue, and one after a hold-up, may come sooner.
   */
  readonly minPollIntervalMs?: number;
  /** Messages to a page, 1 to 1,000. Default 100. */
  readonly pageSize?: number;
  /** Deliveries at once, 1 to 1,000. Default 16. */
  readonly maxInFlight?: number;
  /** Handler failures before quarantine, 1 to 1,000. Default 5. */
  readonly maxAttempts?: number;
  /** Milliseconds for a handler until its `signal` aborts, 1 to 2,147,483,647. Default 300,000. */
  readonly handlerTimeoutMs?: number;
  /** Milliseconds between sweeps, 0 to 2,147,483,647; 0 switches them off. Default 21,600,000 (6 h). */
  readonly sweepIntervalMs?: number;
  /** Bytes of message content in memory, above which messages wait as ids; 1 or more. Default 33,554,432 (32 MiB). */
  readonly highWaterBytes?: number;
  /**
   * Bytes of one message's content in memory, about two for each character of its body, headers and addresses, above which it is
   * delivered without its body, with `oversize` saying so; 0 or more, 0 for no limit. Default 8,388,608 (8 MiB). Attachments do not count.
   */
  readonly maxMessageBytes?: number;
  /**
   * Messages that wait for their delivery as ids, each about a kilobyte of memory, above which no further page is asked for; 100 or
   * more. Default 20,000.
   */
  readonly highWaterMessages?: number;
  /**
   * Milliseconds without a complete round until `queue:stale`, 1 to 2,147,483,647. Default ten times `pollIntervalMs`, at
   * least 300,000.
   */
  readonly staleAfterMs?: number;
  /**
   * Milliseconds that a message may be undelivered, since it was found, until `queue:late`, 0 to 2,147,483,647; 0 switches it off.
   * Default 900,000 (15 min).
   */
  readonly lateAfterMs?: number;
}

/** One queue. */
export interface QueueOptions extends QueueDefaults {
  /** The full e-mail address of the queue's Microsoft 365 user. */
  readonly address: string;
  /** Sign-in name of the account that opens the mailbox, when it is a shared one. Default: the address itself. */
  readonly account?: string;
}
