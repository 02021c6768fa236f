/**
 * The sweep of one queue: a plain listing of all its folders, compared with the ledger. It proves that the rounds
 * brought everything, and finds what Graph's delta left out.
 *
 * Invariants: a few pages in each turn, after its round, so that polling goes on; an unknown message counts as found by
 * the sweep only if the round after the listing did not bring it; nothing is recorded while a folder is still listed.
 */
import type { Clock } from "../base/clock.js";
import { MailError } from "../base/errors.js";
import type { Key } from "../state/store.js";
import { mayBeOfOneFolder } from "./failure.js";
import type { TurnWork } from "./folder-work.js";
import type { QueueSettings } from "./session.js";
import { beginListing, type SweepListing } from "./sweep-listing.js";
import { type SweepResult, verdictOf } from "./sweep-verdict.js";

export interface Sweeper {
  /** Goes on with the sweep that is due, if one is; `more`: its next step should come soon. @throws MailError `STORE_…`, `LIFECYCLE_…` */
  step(work: TurnWork): Promise<{ readonly more: boolean }>;
  /** A sweep that begins after this call. @throws MailError why it could not be made, or the reason of `stop` */
  demand(): Promise<SweepResult>;
  /** A turn failed before it came to the sweep. */
  roundFailed(error: MailError): void;
  /** Nobody waits any longer, and what was listed is forgotten; a sweep begins anew when one is due, as after a pause. */
  cancel(reason: MailError): void;
  /** For good. */
  stop(reason: MailError): void;
}

interface Waiter {
  readonly resolve: (result: SweepResult) => void;
  readonly reject: (error: MailError) => void;
}

/** Pages of a listing in one turn. */
const pagesAStep = 5;
/** Failures of the listing in one folder after which that is passed over; of the rounds before it in a row, after which a sweep is given up. */
const patience = 5;
/** The longest wait for another try of a sweep that failed, milliseconds. */
const againMs = 15 * 60_000;

export function createSweeper({ settings, clock }: { settings: QueueSettings; clock: Clock }): Sweeper {
  const { sweepIntervalMs, address: queue } = settings;
  /** Those whose sweep has begun, and those who wait for the next. */
  let served: Waiter[] = [];
  let waiters: Waiter[] = [];
  /** Empty between sweeps. */
  let listing: SweepListing | undefined;
  /** Epoch milliseconds; empty until the store was asked for the last one. */
  let dueAt: number | undefined;
  /**
   * Failures of the listing in its present folder. Pages that go well do not count against them: a folder is listed from
   * its beginning after each, and comes to the same message again.
   */
  let failures = 0;
  /** Why a folder was passed over; empty when none was. */
  let passedOver: MailError | undefined;
  /** Empty until `stop`. */
  let stopped: MailError | undefined;
  let failedRounds = 0;

  async function isDue({ session, store }: TurnWork): Promise<boolean> {
    if (waiters.length > 0) return true;
    if (sweepIntervalMs === 0) return false;
    if (dueAt === undefined) {
      const last = (await store.get(sweepKey(session.ledger.queueKey)))?.value;
      // Queues that began together drift apart.
      dueAt = typeof last === "number" ? last + sweepIntervalMs : clock.now() + sweepIntervalMs * (0.5 + 0.5 * clock.random());
    }
    return clock.now() >= dueAt;
  }

  async function advance(work: TurnWork, sweep: SweepListing): Promise<boolean> {
    if (!sweep.complete) {
      for (let page = 0; page < pagesAStep && !sweep.complete; page += 1) await sweep.next(work);
      return true;
    }
    const { result, event } = await verdictOf(work, sweep);
    // What was listed is delivered; a sweep that has seen no folder whole is none.
    if (passedOver && sweep.foldersListed === 0) {
      giveUp(passedOver);
      return false;
    }
    await work.session.ledger.write({ puts: [{ key: sweepKey(work.session.ledger.queueKey), value: clock.now() }] });
    work.emit("queue:swept", { queue, ...event });
    forget();
    dueAt = clock.now() + sweepIntervalMs;
    for (const { resolve } of served) resolve(result);
    served = [];
    return waiters.length > 0;
  }

  function forget(): void {
    listing = undefined;
    passedOver = undefined;
    failures = 0;
    failedRounds = 0;
  }

  function giveUp(reason: MailError): void {
    dueAt = clock.now() + Math.min(sweepIntervalMs, againMs);
    cancel(reason);
  }

  function cancel(reason: MailError): void {
    forget();
    for (const { reject } of [...served, ...waiters]) reject(reason);
    served = [];
    waiters = [];
  }

  return {
    async step(work) {
      const { owner } = work.session;
      // What was listed of another mailbox says nothing of this one.
      if (listing?.owner !== undefined && listing.owner !== owner) forget();
      if (!listing && served.length === 0 && !(await isDue(work))) return { more: false };
      if (!listing) {
        served = [...served, ...waiters];
        waiters = [];
        listing = beginListing(work, { demanded: served.length > 0 });
      }
      failedRounds = 0;
      const { foldersLeft } = listing;
      try {
        const more = await advance(work, listing);
        if (listing && listing.foldersLeft < foldersLeft) failures = 0;
        return { more };
      } catch (error) {
        // The round before it went well: what is the matter with the listing must not look like trouble of the polling.
        if (work.signal.aborted || !(error instanceof MailError) || error.scope === "daemon" || error.code.startsWith("LIFECYCLE_"))
          throw error;
        if (listing && listing.foldersLeft < foldersLeft) failures = 0;
        failures += 1;
        if (error.retryable && failures < patience) return { more: true };
        const { code, message: reason } = error;
        if (listing && !listing.complete && mayBeOfOneFolder(error)) {
          work.emit("queue:sweep-failed", { queue, folder: listing.passOver(), code, reason });
          passedOver ??= error;
          failures = 0;
          return { more: true };
        }
        giveUp(error);
        work.emit("queue:sweep-failed", { queue, code, reason });
        return { more: false };
      }
    },
    demand: () => (stopped ? Promise.reject(stopped) : new Promise((resolve, reject) => waiters.push({ resolve, reject }))),
    roundFailed(error) {
      if (served.length + waiters.length === 0) return;
      failedRounds += 1;
      if (!error.retryable || failedRounds >= patience) giveUp(error);
    },
    cancel,
    stop(reason) {
      stopped ??= reason;
      cancel(reason);
    },
  };
}

/** Epoch milliseconds of the last complete sweep. */
function sweepKey(queueKey: string): Key {
  return [queueKey, "sweep"];
}
