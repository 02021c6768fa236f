/**
 * Who may be in flight at once, over all queues of one daemon: a crash takes the whole process, so only a delivery that
 * was alone in it is to blame. Suspects of a crash take turns here; it does not know what they are.
 *
 * open → (a suspect asks) → draining: nothing ordinary begins, what is in flight ends → alone: the suspect's turn → open.
 * Draining lasts at most {@link longestWaitMs}; then the turn is in company, with the others let in. A turn lasts at most
 * {@link longestWaitMs} too: then it is recorded as not alone any more, and after that the others go on. They have at
 * least as long as they had to wait until the next suspect may keep them waiting.
 *
 * Invariants: at most one turn at a time; while one is `alone` nothing else of the daemon is in flight.
 */
import type { Clock } from "../base/clock.js";

export interface Turn {
  /** Nothing else is in flight, and nothing begins until the turn has ended. */
  readonly alone: boolean;
  /** The delivery is over. Called again, or after the turn was over by itself, it does nothing. */
  end(): void;
}

/** Records durably that the delivery is not alone any more. Never rejects. */
export type Outstay = () => Promise<void>;

/** Begins the delivery of a suspect; nothing when there is none to begin now. */
export type TakeTurn = (turn: Turn) => Outstay | undefined;

/** A queue's place in it. */
export interface Presence {
  /** Ordinary deliveries may begin now; otherwise the queue is called when they may. */
  readonly mayBegin: boolean;
  /** So many deliveries begin, before anything of it is durable. */
  enter(count: number): void;
  /** So many are over, durably. */
  leave(count: number): void;
  /** Asks for one turn; does nothing when it waits for one already. */
  ask(take: TakeTurn): void;
  /** Waits for no turn any more; one under way goes on. */
  withdraw(): void;
  /** Is not called any more. What is in flight still leaves. */
  close(): void;
}

export interface Solitude {
  /** `onOpen`: ordinary deliveries may begin again. */
  join(onOpen: () => void): Presence;
}

/** Milliseconds that one suspect keeps the others waiting: once for their end, once for its own. */
export const longestWaitMs = 10_000;
/** Milliseconds after a wait in vain in which nobody is kept waiting again, unless all ended meanwhile. */
const crowdedMs = 60_000;

export function createSolitude({ clock }: { readonly clock: Clock }): Solitude {
  /** In the order of their asking. */
  const asking = new Map<Presence, TakeTurn>();
  const openings = new Map<Presence, () => void>();
  let inFlightCount = 0;
  /** Empty between two turns. */
  let turn: Turn | undefined;
  /** Nothing ordinary begins. */
  let closed = false;
  let closedAt = 0;
  /** The others begin what they have: nobody closes meanwhile. */
  let opening = false;
  /** Epoch milliseconds until which nobody is kept waiting. */
  let restUntil = 0;
  /** Epoch milliseconds until which nobody waits for the end of what is in flight. */
  let crowdedUntil = 0;
  /** Clears the only timer: the end of a rest, of the draining, or of a turn. */
  let stopTimer: () => void = () => undefined;

  function arm(step: () => void, delayMs: number): void {
    stopTimer();
    stopTimer = clock.startTimer(step, delayMs);
  }

  function next(): void {
    if (turn || closed || opening || asking.size === 0) return;
    const now = clock.now();
    if (now < restUntil) return arm(next, restUntil - now);
    if (inFlightCount > 0 && now < crowdedUntil) return give(false);
    closed = true;
    closedAt = now;
    if (inFlightCount === 0) return give(true);
    arm(() => {
      crowdedUntil = clock.now() + crowdedMs;
      give(false);
    }, longestWaitMs);
  }

  /** The first that has something to begin gets the turn. */
  function give(alone: boolean): void {
    stopTimer();
    for (const [presence, take] of asking) {
      asking.delete(presence);
      const mine: Turn = { alone, end: () => end(mine) };
      turn = mine;
      const outstay = take(mine);
      if (!outstay) continue;
      arm(() => void endLate(mine, outstay), longestWaitMs);
      if (!alone) open();
      return;
    }
    turn = undefined;
    open();
    next();
  }

  async function endLate(mine: Turn, outstay: Outstay): Promise<void> {
    if (mine.alone) await outstay();
    end(mine);
  }

  function end(mine: Turn): void {
    if (turn !== mine) return;
    turn = undefined;
    stopTimer();
    open();
    next();
  }

  function open(): void {
    if (!closed) return;
    closed = false;
    const now = clock.now();
    restUntil = now + (now - closedAt);
    opening = true;
    for (const onOpen of openings.values()) onOpen();
    opening = false;
    if (inFlightCount === 0) restUntil = 0; // Nobody had anything to begin.
  }

  return {
    join(onOpen) {
      const presence: Presence = {
        get mayBegin() {
          return !closed;
        },
        enter(count) {
          inFlightCount += count;
        },
        leave(count) {
          inFlightCount -= count;
          if (inFlightCount > 0) return;
          crowdedUntil = 0;
          if (closed && !turn) give(true);
        },
        ask(take) {
          if (asking.has(presence)) return;
          asking.set(presence, take);
          next();
        },
        withdraw() {
          if (!asking.delete(presence) || asking.size > 0 || turn) return;
          stopTimer();
          open();
        },
        close() {
          openings.delete(presence);
          presence.withdraw();
        },
      };
      openings.set(presence, onOpen);
      return presence;
    },
  };
}
