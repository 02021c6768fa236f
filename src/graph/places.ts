/**
 * So many at once: who wants in takes its weight of places, or waits its turn (`fair-order.ts`) until there is room.
 *
 * Invariants: the sum of the weights inside is never above the width, but for one alone that weighs more; whoever's turn
 * it is is waited for, so that one with a great weight gets its room. It must not know what is done inside.
 */
import type { Clock } from "../base/clock.js";
import { createFairOrder, type FairOrder, type Urgency, type Waiting } from "./fair-order.js";

export interface Pass {
  /** Places that it takes, 1 or more. */
  readonly weight: number;
  /** One of every lane gets in in turn. */
  readonly lane: unknown;
  readonly urgency: Urgency;
  readonly signal?: AbortSignal | undefined;
}

export interface Places<P extends Pass> {
  /** Resolves inside, with what gives the places back. @throws the signal's reason while it waits, and what `opensAt` throws */
  take(pass: P): Promise<() => void>;
  /** Looks again who may come in: something that `opensAt` tells has changed. */
  look(): void;
  width: number;
}

export interface PlacesOptions<P> {
  readonly clock: Clock;
  readonly width: number;
  /** Epoch milliseconds from which that one may come in, or in the past; throws to refuse it. Default: at once. */
  readonly opensAt?: (pass: P) => number;
  /** It comes in, before anybody else is looked at. */
  readonly onEnter?: (pass: P) => void;
}

interface Waiter<P> extends Waiting {
  readonly pass: P;
  readonly enter: () => void;
  readonly refuse: (error: unknown) => void;
}

export function createPlaces<P extends Pass>({ clock, width: given, opensAt = () => 0, onEnter }: PlacesOptions<P>): Places<P> {
  let width = given;
  let inUse = 0;
  let waitingCount = 0;
  /** Made when somebody has to wait: most mailboxes never see that. */
  let order: FairOrder<Waiter<P>> | undefined;
  /** Clears the timer that looks again; empty when none runs. */
  let stopTimer: (() => void) | undefined;

  function hasRoom({ weight }: P): boolean {
    return inUse === 0 || inUse + weight <= width;
  }

  function occupy(pass: P): () => void {
    const { weight } = pass;
    let inside = true;
    inUse += weight;
    onEnter?.(pass);
    return () => {
      if (!inside) return;
      inside = false;
      inUse -= weight;
      look();
    };
  }

  function look(): void {
    stopTimer?.();
    stopTimer = undefined;
    // Whose turn it is is seen when there is room, and not before: somebody more urgent may come.
    while (order && waitingCount > 0 && inUse < width) {
      const waiter = order.head;
      if (!waiter || !hasRoom(waiter.pass)) return;
      try {
        const waitMs = opensAt(waiter.pass) - clock.now();
        if (waitMs > 0) {
          stopTimer = clock.startTimer(look, waitMs);
          return;
        }
        order.next();
        waiter.enter();
      } catch (error) {
        order.next();
        waiter.refuse(error);
      }
    }
  }

  function wait(pass: P): Promise<() => void> {
    order ??= createFairOrder();
    const waiting = order;
    return new Promise((resolve, reject) => {
      const { urgency, lane, signal } = pass;
      const abort = () => {
        waiter.gone = true;
        waitingCount -= 1;
        reject(signal?.reason as Error);
        look(); // It may have been its turn.
      };
      const end = () => {
        waitingCount -= 1;
        signal?.removeEventListener("abort", abort);
      };
      const waiter: Waiter<P> = {
        pass,
        urgency,
        lane,
        gone: false,
        enter() {
          end();
          resolve(occupy(pass));
        },
        refuse(error) {
          end();
          reject(error as Error);
        },
      };
      signal?.addEventListener("abort", abort, { once: true });
      waiting.add(waiter);
      waitingCount += 1;
      look();
    });
  }

  return {
    async take(pass) {
      pass.signal?.throwIfAborted();
      const isFree = waitingCount === 0 && hasRoom(pass) && opensAt(pass) <= clock.now();
      return isFree ? occupy(pass) : wait(pass);
    },
    look,
    get width() {
      return width;
    },
    set width(next) {
      width = next;
      look();
    },
  };
}
