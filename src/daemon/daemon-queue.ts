/**
 * One queue as the daemon deals with it, whether it runs here for good (`own-queue.ts`) or its turns go around among
 * processes (`shared-queue.ts`).
 */
import type { MailError } from "../base/errors.js";
import type { QuarantinedMessage } from "../delivery/quarantine.js";
import type { MessageStory } from "../delivery/story.js";
import type { MailboxAccess } from "../graph/client.js";
import type { SweepResult } from "../schedule/sweep-verdict.js";
import type { QueueStatus } from "./status.js";

export interface DaemonQueue {
  /** As of `MailDaemon`, and so are those that follow. */
  pollNow(): Promise<void>;
  sweep(): Promise<SweepResult>;
  pause(): Promise<void>;
  resume(): Promise<void>;
  quarantined(): Promise<QuarantinedMessage[]>;
  explain(id: string): Promise<MessageStory | undefined>;
  replay(id: string): Promise<void>;
  /** As it is at `now`, epoch milliseconds; from memory. */
  status(now: number): QueueStatus;
  /** The mailbox with its gate; empty while another process may have the queue. */
  readonly mailbox: MailboxAccess | undefined;
  /** Drains within the deadline. */
  close(deadlineMs: number, why: string): Promise<void>;
  /** After `close`: it is configured here no longer. */
  leave(): Promise<void>;
  /** Ends at once, without a write. */
  abandon(reason: MailError): void;
}
