/**
 * Whether a queue has gone too long without a complete round: told once, and again that it is over.
 *
 * - fresh: a timer runs, which keeps no process alive; a round only notes its time, and the timer looks at that.
 * - stale: told; no timer runs. A round ends it, and is told.
 * - resting: paused; no timer runs. The time counts from the resuming; a staleness told before is still told to be over.
 * - stopped: nothing runs, nothing is told, never left.
 *
 * It must not know why there is no round.
 */
import type { Clock } from "../base/clock.js";

export interface Staleness {
  /** A round is complete. */
  completed(): void;
  pause(): void;
  resume(): void;
  /** Clears the timer for good. */
  stop(): void;
  readonly isStale: boolean;
}

export interface StalenessOptions {
  readonly clock: Clock;
  /** The longest time without a complete round, milliseconds. */
  readonly staleAfterMs: number;
  /** Gets the milliseconds without a complete round, a pause left out. */
  readonly onStale: (forMs: number) => void;
  readonly onRecovered: (forMs: number) => void;
}

/** The time counts from this call. */
export function createStaleness({ clock, staleAfterMs, onStale, onRecovered }: StalenessOptions): Staleness {
  let state: "fresh" | "stale" | "resting" | "stopped" = "fresh";
  /** Since when there is no round, as far as it counts. */
  let since = clock.now();
  /** Since when, for the staleness that was told last; empty once it is over. */
  let toldSince: number | undefined;
  let stopTimer = startTimer();

  function startTimer(): () => void {
    return clock.startTimer(look, since + staleAfterMs - clock.now(), { background: true });
  }

  function look(): void {
    const forMs = clock.now() - since;
    if (forMs < staleAfterMs) {
      stopTimer = startTimer();
      return;
    }
    state = "stale";
    toldSince ??= since;
    onStale(forMs);
  }

  return {
    completed() {
      since = clock.now();
      if (state === "stale") {
        state = "fresh";
        stopTimer = startTimer();
      }
      if (toldSince === undefined || state === "stopped") return;
      const forMs = since - toldSince;
      toldSince = undefined;
      onRecovered(forMs);
    },
    pause() {
      if (state === "stopped") return;
      state = "resting";
      stopTimer();
    },
    resume() {
      if (state !== "resting") return;
      state = "fresh";
      since = clock.now();
      stopTimer = startTimer();
    },
    stop() {
      state = "stopped";
      stopTimer();
    },
    get isStale() {
      return state === "stale";
    },
  };
}
