/**
 * The deliveries of one queue that are under way, and those whose attempts are just becoming durable.
 *
 * Invariant: who waits for the end of all of them is told when none of either kind is left; the queue's presence among
 * the others is never smaller than their number.
 */
import type { MailError } from "../base/errors.js";
import type { RunningDelivery } from "./delivery.js";
import type { Presence } from "./solitude.js";

export interface InFlight {
  /** So many are about to begin. */
  reserve(count: number): void;
  /** So many of those do not begin. */
  giveBack(count: number): void;
  /** One of those has begun. */
  add(running: RunningDelivery): void;
  leave(running: RunningDelivery): void;
  /** Aborts all that are under way; they may still be settled. */
  abort(reason: MailError): void;
  /** Aborts all that are under way and ends them as cut off, unless they are settled. */
  cutOff(reason: MailError): void;
  /** Resolves when there is none. */
  empty(): Promise<void>;
  /** Resolves when none is being settled. */
  decided(): Promise<void>;
  readonly count: number;
}

export function createInFlight(presence: Pick<Presence, "enter" | "leave">): InFlight {
  const running = new Set<RunningDelivery>();
  let reserved = 0;
  /** Called when it has come; empty when nobody waits. */
  const waiters = new Map<() => void, () => boolean>();
  const isEmpty = () => running.size + reserved === 0;
  const isDecided = () => ![...running].some(({ isSettling }) => isSettling);

  function tell(): void {
    for (const [resolve, hasCome] of waiters) {
      if (!hasCome()) continue;
      waiters.delete(resolve);
      resolve();
    }
  }

  function until(hasCome: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      waiters.set(resolve, hasCome);
      tell();
    });
  }

  return {
    reserve(count) {
      reserved += count;
      presence.enter(count);
    },
    giveBack(count) {
      reserved -= count;
      tell();
      if (count > 0) presence.leave(count);
    },
    add(delivery) {
      reserved -= 1;
      running.add(delivery);
    },
    leave(delivery) {
      running.delete(delivery);
      tell();
      presence.leave(1);
    },
    abort(reason) {
      for (const one of running) one.abort(reason);
    },
    cutOff(reason) {
      for (const one of running) {
        one.abort(reason);
        one.end({ kind: "cut-off" }).catch(() => undefined); // Its settlement tells whoever must know.
      }
    },
    empty: () => until(isEmpty),
    decided: () => until(isDecided),
    get count() {
      return running.size + reserved;
    },
  };
}
