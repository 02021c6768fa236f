/**
 * The turns that this process holds by locks that others can see, and for how long each can be believed.
 *
 * Invariant: a turn is believed held for `lockMs` from the moment at which its last renewal was asked for, which is before the server
 * began to count: never longer than the lock itself. Once that is over, or a renewal is refused, the turn is lost for good. Must
 * not know what keeps the locks.
 */
import type { Clock } from "../base/clock.js";
import { MailError } from "../base/errors.js";
import { inTime } from "../base/in-time.js";
import type { Turn } from "./scheduler.js";

export interface HeldTurns {
  /** A turn whose lock was asked for `agoMs` ago. */
  hold(lock: Lock, agoMs: number): HeldTurn;
  /** Renews all now, and from then on again and again, held turns or not; at the beginning, and when the way to the locks is open again. */
  look(): void;
  /** Stops the clock; what is held is believed no longer than it was. */
  stop(): void;
}

export interface Lock {
  readonly id: string;
  readonly token: string;
  /** The queue's address, for messages. */
  readonly queue: string;
}

export interface HeldTurn {
  readonly turn: Turn;
  readonly isLost: boolean;
  /** It ended: the lock is renewed no more. */
  release(): void;
}

export interface HeldTurnsOptions {
  readonly clock: Clock;
  readonly lockMs: number;
  /** Renews the locks; gives the ids of those that are another's or gone. @throws MailError `STORE_UNAVAILABLE` */
  renew(locks: readonly Lock[]): Promise<readonly string[]>;
  /** Renewals go through, or do not: they failed, or there is no answer for the longer half of a lock. Told each time. */
  onRenewal(trouble: RenewalTrouble | undefined): void;
}

/** An error, or the milliseconds for which there has been no answer. */
export type RenewalTrouble = { readonly cause: unknown } | { readonly silentMs: number };

interface Held extends Lock {
  /** When the last successful renewal was asked for, in ticks and in the time of day. */
  renewedAt: Moment;
  lost: MailError | undefined;
  readonly abort: AbortController;
}

interface Moment {
  readonly ticks: number;
  readonly now: number;
}

export function createHeldTurns({ clock, lockMs, renew, onRenewal }: HeldTurnsOptions): HeldTurns {
  const held = new Set<Held>();
  /** Between renewals: three fit into what `confirm` takes for certain. */
  const periodMs = Math.ceil(lockMs / 9);
  /** Clears the timer of the next look; empty before the first and after `stop`. */
  let stopTimer: (() => void) | undefined;
  /** When the renewal that is under way was asked for, in ticks; empty between renewals. */
  let askedAt: number | undefined;
  let stopped = false;

  const moment = (): Moment => ({ ticks: clock.ticks(), now: clock.now() });
  const believedMs = ({ renewedAt }: Held) => clock.ticks() - renewedAt.ticks;
  /** The time of day counts what ticks may not: a machine that slept. */
  const ageMs = (one: Held) => Math.max(believedMs(one), Math.abs(clock.now() - one.renewedAt.now));

  function lose(one: Held, why: string): void {
    held.delete(one);
    if (one.lost) return;
    one.lost = new MailError("LIFECYCLE_LOST_QUEUE", `The turn of ${one.queue} is lost: ${why}. Another process goes on with it.`, {
      queue: one.queue,
    });
    one.abort.abort(one.lost);
  }

  function loseOverdue(): void {
    for (const one of held) if (believedMs(one) >= lockMs) lose(one, `its lock was not renewed for ${lockMs} ms`);
  }

  async function ask(locks: readonly Held[]): Promise<void> {
    const asked = moment();
    const refused = new Set(await renew(locks));
    for (const one of locks) {
      if (refused.has(one.id)) lose(one, "its lock is gone or another process's");
      else if (asked.ticks > one.renewedAt.ticks) one.renewedAt = asked;
    }
  }

  async function renewAll(): Promise<void> {
    askedAt = clock.ticks();
    try {
      await ask([...held]);
      onRenewal(undefined);
    } catch (cause) {
      onRenewal({ cause });
    } finally {
      askedAt = undefined;
    }
  }

  function look(): void {
    if (stopped) return;
    loseOverdue();
    if (askedAt === undefined) void renewAll();
    else if (clock.ticks() - askedAt >= lockMs / 2) onRenewal({ silentMs: clock.ticks() - askedAt });
    const soonestMs = Math.min(periodMs, ...[...held].map((one) => lockMs - believedMs(one)));
    stopTimer?.();
    stopTimer = clock.startTimer(look, soonestMs);
  }

  async function confirm(one: Held): Promise<void> {
    loseOverdue();
    if (one.lost) throw one.lost;
    if (ageMs(one) < lockMs / 3) return;
    const answer = await inTime(clock, lockMs / 3, ask([one]));
    if (!answer) {
      const message = `Whether the turn of ${one.queue} is still this process's could not be asked in time.`;
      throw new MailError("STORE_UNAVAILABLE", message, { queue: one.queue });
    }
    if (one.lost) throw one.lost;
  }

  function release(one: Held): void {
    held.delete(one);
    one.lost ??= new MailError("LIFECYCLE_LOST_QUEUE", `The turn of ${one.queue} is over.`, { queue: one.queue });
  }

  return {
    hold(lock, agoMs) {
      const began = moment();
      const renewedAt = { ticks: began.ticks - agoMs, now: began.now - agoMs };
      const one: Held = { ...lock, renewedAt, lost: undefined, abort: new AbortController() };
      held.add(one);
      if (agoMs > periodMs) look();
      return {
        turn: { signal: one.abort.signal, confirm: () => confirm(one) },
        get isLost() {
          loseOverdue();
          return one.lost !== undefined;
        },
        release: () => release(one),
      };
    },
    look,
    stop() {
      stopped = true;
      stopTimer?.();
      stopTimer = undefined;
    },
  };
}
