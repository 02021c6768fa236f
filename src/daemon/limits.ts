/** Limits of the whole daemon, checked and with every default in place. */
import { z } from "zod";
import { applicationAllowance, mailboxAllowance } from "../graph/budget.js";
import type { MailboxLimits } from "../graph/gate.js";
import type { ApplicationLimits } from "../graph/governor.js";

/** Limits of the whole daemon. */
export interface LimitOptions {
  /**
   * Graph requests at once for each mailbox, 1 to 4. Default 4, what Graph allows. Half of them at the most, but one at the least, go
   * to attachments and MIME that a host reads, each until it is read; with 1, rounds and marks wait for it.
   */
  readonly mailboxConcurrency?: number;
  /**
   * Graph requests for each mailbox in any ten minutes, the parts of batches counted singly, 100 to 1,000,000. Default 10,000, what
   * Graph allows one application; less when another program uses the same application for the same mailbox.
   */
  readonly mailboxRequestsPerTenMinutes?: number;
  /**
   * Graph requests at once over all mailboxes, a batch counted as the four that it runs at once, 1 to 10,000. Default 1,000;
   * 4 for the reading of Graph's "4 concurrent requests" that they hold for the whole application.
   */
  readonly applicationConcurrency?: number;
  /**
   * Graph requests over all mailboxes in any ten seconds, the parts of batches counted singly, 100 to 1,000,000. Default 130,000,
   * what Graph allows one application. Where the rounds of all queues come near it, all intervals are stretched.
   */
  readonly applicationRequestsPerTenSeconds?: number;
  /** Bytes of message content in memory over all queues, above which messages wait as ids; 1 or more. Default 268,435,456 (256 MiB). */
  readonly highWaterBytes?: number;
  /**
   * Milliseconds until a Graph request is given up, 1,000 to 600,000. Default 100,000. Of the bytes of an attachment or of MIME: until
   * the next of them have come.
   */
  readonly requestTimeoutMs?: number;
}

export interface LimitSettings {
  readonly mailboxLimits: MailboxLimits;
  readonly applicationLimits: ApplicationLimits;
  readonly highWaterBytes: number;
  readonly requestTimeoutMs: number;
}

const whole = (least: number, most: number) => z.number().int().min(least).max(most).optional();

export const limitsSchema = z
  .strictObject({
    mailboxConcurrency: whole(1, 4),
    mailboxRequestsPerTenMinutes: whole(100, 1_000_000),
    applicationConcurrency: whole(1, 10_000),
    applicationRequestsPerTenSeconds: whole(100, 1_000_000),
    highWaterBytes: whole(1, Number.MAX_SAFE_INTEGER),
    requestTimeoutMs: whole(1_000, 600_000),
  })
  .optional();

export function limitSettings(limits: LimitOptions): LimitSettings {
  return {
    mailboxLimits: {
      width: limits.mailboxConcurrency ?? 4,
      requestsPerTenMinutes: limits.mailboxRequestsPerTenMinutes ?? mailboxAllowance.limit,
    },
    applicationLimits: {
      concurrency: limits.applicationConcurrency ?? 1_000,
      requestsPerTenSeconds: limits.applicationRequestsPerTenSeconds ?? applicationAllowance.limit,
    },
    highWaterBytes: limits.highWaterBytes ?? 256 * 2 ** 20,
    requestTimeoutMs: limits.requestTimeoutMs ?? 100_000,
  };
}
