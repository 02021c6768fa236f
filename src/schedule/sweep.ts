/**
 * The sweep of one queue: a plain listing of all its folders, compared with the ledger. It proves that the rounds
 * brought everything, and finds what Graph's delta left out.
 *
 * Invariants: a few pages in each turn, after its round, so that polling goes on; an unknown message counts as found by
 * the sweep only if the round after the listing did not bring it; nothing is recorded while a folder is still listed.
 * A class, so that ten thousand queues share its methods.
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
  /** A sweep has begun, or somebody waits for one. */
  readonly isUnderWay: boolean;
  /** Milliseconds since it went on last; infinite where it never did. */
  readonly idleMs: number;
  /** Epoch milliseconds of the next one; empty until it is known. */
  readonly dueAt: number | undefined;
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

export function createSweeper(options: SweeperOptions): Sweeper {
  return new QueueSweeper(options);
}

export interface SweeperOptions {
  readonly settings: QueueSettings;
  readonly clock: Clock;
  /** As one before it had it. Default: as the store says. */
  readonly dueAt?: number | undefined;
}

class QueueSweeper implements Sweeper {
  readonly #options: SweeperOptions;
  /** Those whose sweep has begun, and those who wait for the next. */
  #served: Waiter[] = [];
  #waiters: Waiter[] = [];
  /** Empty between sweeps. */
  #listing: SweepListing | undefined;
  /** Epoch milliseconds; empty until the store was asked for the last one. */
  #dueAt: number | undefined;
  /**
   * Failures of the listing in its present folder. Pages that go well do not count against them: a folder is listed from
   * its beginning after each, and comes to the same message again.
   */
  #failures = 0;
  /** Why a folder was passed over; empty when none was. */
  #passedOver: MailError | undefined;
  /** Empty until `stop`. */
  #stopped: MailError | undefined;
  #failedRounds = 0;
  /** In ticks. */
  #wentOnAt = Number.NEGATIVE_INFINITY;

  constructor(options: SweeperOptions) {
    this.#options = options;
    this.#dueAt = options.dueAt;
  }

  get isUnderWay(): boolean {
    return this.#listing !== undefined || this.#served.length + this.#waiters.length > 0;
  }

  get idleMs(): number {
    return this.#options.clock.ticks() - this.#wentOnAt;
  }

  get dueAt(): number | undefined {
    return this.#dueAt;
  }

  async #isDue({ session, store }: TurnWork): Promise<boolean> {
    const { settings, clock } = this.#options;
    const { sweepIntervalMs } = settings;
    if (this.#waiters.length > 0) return true;
    if (sweepIntervalMs === 0) return false;
    if (this.#dueAt === undefined) {
      const last = (await store.get(sweepKey(session.ledger.queueKey)))?.value;
      // Queues that began together drift apart.
      this.#dueAt = typeof last === "number" ? last + sweepIntervalMs : clock.now() + sweepIntervalMs * (0.5 + 0.5 * clock.random());
    }
    return clock.now() >= this.#dueAt;
  }

  async #advance(work: TurnWork, sweep: SweepListing): Promise<boolean> {
    if (!sweep.complete) {
      for (let page = 0; page < pagesAStep && !sweep.complete; page += 1) await sweep.next(work);
      return true;
    }
    const { settings, clock } = this.#options;
    const { result, event } = await verdictOf(work, sweep);
    // What was listed is delivered; a sweep that has seen no folder whole is none.
    if (this.#passedOver && sweep.foldersListed === 0) {
      this.#giveUp(this.#passedOver);
      return false;
    }
    await work.session.ledger.write({ puts: [{ key: sweepKey(work.session.ledger.queueKey), value: clock.now() }] });
    work.emit("queue:swept", { queue: settings.address, ...event });
    this.#forget();
    this.#dueAt = clock.now() + settings.sweepIntervalMs;
    for (const { resolve } of this.#served) resolve(result);
    this.#served = [];
    return this.#waiters.length > 0;
  }

  #forget(): void {
    this.#listing = undefined;
    this.#passedOver = undefined;
    this.#failures = 0;
    this.#failedRounds = 0;
  }

  #giveUp(reason: MailError): void {
    const { settings, clock } = this.#options;
    this.#dueAt = clock.now() + Math.min(settings.sweepIntervalMs, againMs);
    this.cancel(reason);
  }

  cancel(reason: MailError): void {
    this.#forget();
    for (const { reject } of [...this.#served, ...this.#waiters]) reject(reason);
    this.#served = [];
    this.#waiters = [];
  }

  async step(work: TurnWork): Promise<{ readonly more: boolean }> {
    const { address: queue } = this.#options.settings;
    const { owner } = work.session;
    // What was listed of another mailbox says nothing of this one.
    if (this.#listing?.owner !== undefined && this.#listing.owner !== owner) this.#forget();
    if (!this.#listing && this.#served.length === 0 && !(await this.#isDue(work))) return { more: false };
    if (!this.#listing) {
      this.#served = [...this.#served, ...this.#waiters];
      this.#waiters = [];
      this.#listing = beginListing(work, { demanded: this.#served.length > 0 });
    }
    this.#failedRounds = 0;
    const { foldersLeft } = this.#listing;
    try {
      const more = await this.#advance(work, this.#listing);
      this.#wentOnAt = this.#options.clock.ticks();
      if (this.#listing && this.#listing.foldersLeft < foldersLeft) this.#failures = 0;
      return { more };
    } catch (error) {
      // The round before it went well: what is the matter with the listing must not look like trouble of the polling.
      if (work.signal.aborted || !(error instanceof MailError) || error.scope === "daemon" || error.code.startsWith("LIFECYCLE_"))
        throw error;
      if (this.#listing && this.#listing.foldersLeft < foldersLeft) this.#failures = 0;
      this.#failures += 1;
      if (error.retryable && this.#failures < patience) return { more: true };
      const { code, message: reason } = error;
      if (this.#listing && !this.#listing.complete && mayBeOfOneFolder(error)) {
        work.emit("queue:sweep-failed", { queue, folder: this.#listing.passOver(), code, reason });
        this.#passedOver ??= error;
        this.#failures = 0;
        return { more: true };
      }
      this.#giveUp(error);
      work.emit("queue:sweep-failed", { queue, code, reason });
      return { more: false };
    }
  }

  demand(): Promise<SweepResult> {
    if (this.#stopped) return Promise.reject(this.#stopped);
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  roundFailed(error: MailError): void {
    if (this.#served.length + this.#waiters.length === 0) return;
    this.#failedRounds += 1;
    if (!error.retryable || this.#failedRounds >= patience) this.#giveUp(error);
  }

  stop(reason: MailError): void {
    this.#stopped ??= reason;
    this.cancel(reason);
  }
}

/** Epoch milliseconds of the last complete sweep. */
function sweepKey(queueKey: string): Key {
  return [queueKey, "sweep"];
}
