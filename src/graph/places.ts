/**
 * So many at once: who wants in takes its weight of places, or waits its turn (`fair-order.ts`) until there is room.
 *
 * Invariants: the sum of the weights inside is never above the width, but for one alone that weighs more; whoever's turn
 * it is is waited for, so that one with a great weight gets its room. It must not know what is done inside. A class, so
 * that ten thousand share its methods.
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
  /** Resolves inside, with what gives the places back. @throws the signal's reason while it waits, and what `opensInMs` throws */
  take(pass: P): Promise<() => void>;
  width: number;
}

export interface PlacesOptions<P> {
  readonly clock: Clock;
  readonly width: number;
  /** Milliseconds until that one may come in; throws to refuse it. Default: 0, at once. */
  readonly opensInMs?: (pass: P) => number;
  /** It comes in, before anybody else is looked at. */
  readonly onEnter?: (pass: P) => void;
}

interface Waiter<P> extends Waiting {
  readonly pass: P;
  readonly enter: () => void;
  readonly refuse: (error: unknown) => void;
}

export function createPlaces<P extends Pass>(options: PlacesOptions<P>): Places<P> {
  return new FairPlaces(options);
}

class FairPlaces<P extends Pass> implements Places<P> {
  readonly #clock: Clock;
  readonly #opensInMs: NonNullable<PlacesOptions<P>["opensInMs"]>;
  readonly #onEnter: PlacesOptions<P>["onEnter"];
  #width: number;
  #inUse = 0;
  #waitingCount = 0;
  /** Made when somebody has to wait: most mailboxes never see that. */
  #order: FairOrder<Waiter<P>> | undefined;
  /** Clears the timer that looks again; empty when none runs. */
  #stopTimer: (() => void) | undefined;

  constructor({ clock, width, opensInMs = () => 0, onEnter }: PlacesOptions<P>) {
    this.#clock = clock;
    this.#width = width;
    this.#opensInMs = opensInMs;
    this.#onEnter = onEnter;
  }

  async take(pass: P): Promise<() => void> {
    pass.signal?.throwIfAborted();
    const isFree = this.#waitingCount === 0 && this.#hasRoom(pass) && this.#opensInMs(pass) <= 0;
    return isFree ? this.#occupy(pass) : this.#wait(pass);
  }

  #look(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    // Whose turn it is is seen when there is room, and not before: somebody more urgent may come.
    while (this.#order && this.#waitingCount > 0 && this.#inUse < this.#width) {
      const waiter = this.#order.head;
      if (!waiter || !this.#hasRoom(waiter.pass)) return;
      try {
        const waitMs = this.#opensInMs(waiter.pass);
        if (waitMs > 0) {
          this.#stopTimer = this.#clock.startTimer(() => this.#look(), waitMs);
          return;
        }
        this.#order.next();
        waiter.enter();
      } catch (error) {
        this.#order.next();
        waiter.refuse(error);
      }
    }
  }

  get width(): number {
    return this.#width;
  }

  set width(next: number) {
    this.#width = next;
    this.#look();
  }

  #hasRoom({ weight }: P): boolean {
    return this.#inUse === 0 || this.#inUse + weight <= this.#width;
  }

  #occupy(pass: P): () => void {
    const { weight } = pass;
    let inside = true;
    this.#inUse += weight;
    this.#onEnter?.(pass);
    return () => {
      if (!inside) return;
      inside = false;
      this.#inUse -= weight;
      this.#look();
    };
  }

  #wait(pass: P): Promise<() => void> {
    this.#order ??= createFairOrder();
    const order = this.#order;
    return new Promise((resolve, reject) => {
      const { urgency, lane, signal } = pass;
      const abort = () => {
        waiter.gone = true;
        this.#waitingCount -= 1;
        reject(signal?.reason as Error);
        this.#look(); // It may have been its turn.
      };
      const end = () => {
        this.#waitingCount -= 1;
        signal?.removeEventListener("abort", abort);
      };
      const waiter: Waiter<P> = {
        pass,
        urgency,
        lane,
        gone: false,
        enter: () => {
          end();
          resolve(this.#occupy(pass));
        },
        refuse(error) {
          end();
          reject(error as Error);
        },
      };
      signal?.addEventListener("abort", abort, { once: true });
      order.add(waiter);
      this.#waitingCount += 1;
      this.#look();
    });
  }
}
