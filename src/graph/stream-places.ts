/**
 * Streams among the places: bytes that hosts read at their own pace, each of which holds its place for as long as that takes.
 *
 * Invariant: they get half of the places at the most and wait for each other first, so that one too many keeps nobody else
 * waiting; `held` is true whenever somebody looks for room.
 */
import type { Clock } from "../base/clock.js";
import { createPlaces, type Pass, type Places } from "./places.js";

export class StreamPlaces {
  /** Places that streams hold. */
  held = 0;
  readonly #clock: Clock;
  readonly #width: number;
  /** Empty until the first: most mailboxes see none. */
  #places: Places<Pass> | undefined;

  /** `width`: of all places. */
  constructor(clock: Clock, width: number) {
    this.#clock = clock;
    this.#width = width;
  }

  /** One comes in among all: to be called at that moment, before anybody else is looked at. */
  entered(): void {
    this.held += 1;
  }

  /** Waits among the streams, then among all by `take`; gives what gives both places back. Rejects as they do. */
  async enter({ urgency, lane, signal }: Pass, take: () => Promise<() => void>): Promise<() => void> {
    this.#places ??= createPlaces({ clock: this.#clock, width: Math.max(1, Math.floor(this.#width / 2)) });
    const leaveStreams = await this.#places.take({ weight: 1, urgency, lane, signal });
    try {
      const leave = await take();
      return () => {
        // Counted off first: who looks for room when it leaves finds one stream less.
        this.held -= 1;
        leave();
        leaveStreams();
      };
    } catch (error) {
      leaveStreams();
      throw error;
    }
  }
}
