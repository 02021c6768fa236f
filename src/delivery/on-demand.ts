/**
 * A queue's dispatcher and outbox, there only while there is something in them: most queues are idle most of the time,
 * and the two of an idle one would take more memory than all else that is kept of it.
 *
 * Invariants: whoever holds one cannot tell, but by what it weighs; what is let go of is empty, and only `rest` lets go.
 * They are classes, so that ten thousand queues share their methods.
 */
import { MailError } from "../base/errors.js";
import type { JsonObject } from "../graph/wire.js";
import type { Dispatcher } from "./dispatcher.js";
import type { OpenEntry } from "./ledger-record.js";
import type { KeptMarks, Outbox } from "./outbox.js";

/** Lets go of what is made on demand, if it is empty now; it is made again when something comes. */
export interface Resting {
  rest(): void;
}

/** A dispatcher that is made by the first entry to be delivered. */
export function dispatcherOnDemand(make: () => Dispatcher): Dispatcher & Resting {
  return new DispatcherOnDemand(make);
}

/** An outbox that is made by the first mark. */
export function outboxOnDemand(make: () => Outbox): Outbox & Resting {
  return new OutboxOnDemand(make);
}

const rested = new MailError("LIFECYCLE_STOPPED", "There was nothing left to do.");

/** What is made at its first use and let go of while it is empty, until the queue itself ends. */
abstract class OnDemand<Made extends { stop(deadlineMs: number): Promise<void>; abandon(reason: MailError): void }> {
  protected readonly make: () => Made;
  /** Empty while there is nothing to do. */
  protected present: Made | undefined;
  protected ended = false;

  constructor(make: () => Made) {
    this.make = make;
  }

  /** Nothing is in it that would be missed. */
  protected abstract hasNothing(present: Made): boolean;

  async stop(deadlineMs: number): Promise<void> {
    this.ended = true;
    await this.present?.stop(deadlineMs);
  }

  abandon(reason: MailError): void {
    this.ended = true;
    this.present?.abandon(reason);
  }

  rest(): void {
    if (!this.present || this.ended || !this.hasNothing(this.present)) return;
    this.present.abandon(rested);
    this.present = undefined;
  }
}

class DispatcherOnDemand extends OnDemand<Dispatcher> implements Dispatcher, Resting {
  #paused = false;

  add(entries: readonly OpenEntry[], items?: ReadonlyMap<string, JsonObject>): void {
    if (!this.present) {
      if (entries.length === 0 || this.ended) return;
      this.present = this.make();
      if (this.#paused) this.present.pause();
    }
    this.present.add(entries, items);
  }

  refresh(id: string): void {
    this.present?.refresh(id);
  }

  lose(reason: MailError): void {
    this.ended = true;
    this.present?.lose(reason);
  }

  async decided(): Promise<void> {
    await this.present?.decided();
  }

  async untilHungry(mostMs: number): Promise<void> {
    await this.present?.untilHungry(mostMs);
  }

  pause(): void {
    this.#paused = true;
    this.present?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.present?.resume();
  }

  protected hasNothing({ inFlightCount, waitingCount }: Dispatcher): boolean {
    return inFlightCount + waitingCount === 0;
  }

  get inFlightCount(): number {
    return this.present?.inFlightCount ?? 0;
  }

  get waitingCount(): number {
    return this.present?.waitingCount ?? 0;
  }

  get delayedCount(): number {
    return this.present?.delayedCount ?? 0;
  }

  get firstInMs(): number {
    return this.present?.firstInMs ?? Number.POSITIVE_INFINITY;
  }
}

class OutboxOnDemand extends OnDemand<Outbox> implements Outbox, Resting {
  add(entry: OpenEntry): void {
    if (!this.present) {
      if (this.ended) return;
      this.present = this.make();
    }
    this.present.add(entry);
  }

  drop(id: string): void {
    this.present?.drop(id);
  }

  protected hasNothing({ isEmpty }: Outbox): boolean {
    return isEmpty;
  }

  get firstInMs(): number {
    return this.present?.firstInMs ?? Number.POSITIVE_INFINITY;
  }

  get kept(): KeptMarks {
    return this.present?.kept ?? { failures: 0, notBeforeAt: 0, refused: [] };
  }

  get waitingCount(): number {
    return this.present?.waitingCount ?? 0;
  }

  get isEmpty(): boolean {
    return this.present?.isEmpty ?? true;
  }
}
