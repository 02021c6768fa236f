/**
 * The limit of requests per app and mailbox in any ten minutes; what is refused counts too.
 * Source: Graph throttling limits, Outlook service ("10,000 API requests in a 10 minute period"); that the batch counts
 * beside its parts, and refused requests too, is the harsher reading. Knows no route.
 */
import type { Bar } from "./gate.js";

/** The counts of all mailboxes. */
export interface Rate {
  /** Counts so many requests that begin now; the bar that keeps them out when they are too many. */
  count(mailbox: string, now: number, requests: number): Bar | undefined;
}

const spanMs = 600_000;

/** Makes an empty one. */
export function createRate(limit: number): Rate {
  /** By mailbox, when its requests began, oldest first. */
  const times = new Map<string, number[]>();
  return {
    count(mailbox, now, requests) {
      const begun = (times.get(mailbox) ?? []).filter((at) => at > now - spanMs);
      for (let number = 0; number < requests; number += 1) begun.push(now);
      times.set(mailbox, begun);
      const over = begun.length - limit;
      return over > 0 ? { sentAt: now, until: (begun[over - 1] as number) + spanMs } : undefined;
    },
  };
}
