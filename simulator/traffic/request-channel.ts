/**
 * Tells whoever listens of requests, and of those among them that the service's rules forbid, so that a suite can ask for none.
 * Invariant: it judges nothing and keeps nothing. Knows no request.
 */
import { channel } from "node:diagnostics_channel";

/** What is published on the diagnostics channel `m365-mail-daemon/simulator:request`. */
export type SimulatedRequest =
  | { readonly kind: "any" }
  /** It came before a `Retry-After` had passed: so long after the refusal, and so long too early. */
  | { readonly kind: "early"; readonly route: string; readonly mailbox?: string; readonly afterMs: number; readonly earlyMs: number }
  /** So many to the mailbox were under way at once, more than ever before. */
  | { readonly kind: "most"; readonly atOnce: number; readonly mailbox: string };

const requests = channel("m365-mail-daemon/simulator:request");

export function tellRequest(request: SimulatedRequest): void {
  if (requests.hasSubscribers) requests.publish(request);
}
