/**
 * The deliveries of one queue that are under way, and those whose attempts are just becoming durable.
 *
 * Invariant: who waits for the end of all of them is told when none of either kind is left.
 */
import type { MailError } from "../base/errors.js";
import type { RunningDelivery } from "./delivery.js";

export interface InFlight {
  /** So many are about to begin. */
  reserve(count: number): void;
  /** So many of those do not begin. */
  giveBack(count: number): void;
  /** One of those has begun. */
  add(running: RunningDelivery): void;
  leave(running: RunningDelivery): void;
  /** Aborts all that are under way and ends them as cut off, unless they are settled. */
  cutOff(reason: MailError): void;
  /** Resolves when there is none. */
  empty(): Promise<void>;
  readonly count: number;
}

export function createInFlight(): InFlight {
  const running = new Set<RunningDelivery>();
  let reserved = 0;
  /** Called when there is none; empty when nobody waits for that. */
  let waiters: (() => void)[] = [];

  function tell(): void {
    if (running.size + reserved > 0) return;
    for (const resolve of waiters) resolve();
    waiters = [];
  }

  return {
    reserve(count) {
      reserved += count;
    },
    giveBack(count) {
      reserved -= count;
      tell();
    },
    add(delivery) {
      reserved -= 1;
      running.add(delivery);
    },
    leave(delivery) {
      running.delete(delivery);
      tell();
    },
    cutOff(reason) {
      for (const one of running) {
        one.abort(reason);
        one.end({ kind: "cut-off" }).catch(() => undefined); // Its settlement tells whoever must know.
      }
    },
    empty: () =>
      new Promise((resolve) => {
        waiters.push(resolve);
        tell();
      }),
    get count() {
      return running.size + reserved;
    },
  };
}
