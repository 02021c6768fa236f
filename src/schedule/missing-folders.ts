/**
 * The folders of one queue that are not there, or have no round while others have theirs, and when each is looked for again.
 *
 * Invariant: a folder counts as missing from the round that failed to the one that goes well; it must not know what
 * becomes of the other folders meanwhile. A class, so that ten thousand queues share its methods.
 */
import { backoffMs } from "../base/backoff.js";
import type { Clock } from "../base/clock.js";
import type { MailError } from "../base/errors.js";
import { failureBackoff } from "./cadence.js";

export interface MissingFolder {
  readonly error: MailError;
  /** How often in a row it had no round. */
  readonly failures: number;
  /** Epoch milliseconds of the next look. */
  readonly nextTryAt: number;
}

export interface MissingFolders {
  /** False while its next look has time. */
  isDue(folder: string): boolean;
  failed(folder: string, error: MailError): MissingFolder;
  found(folder: string): void;
  /** All are due now: somebody may have put them there. */
  lookAgain(): void;
  readonly count: number;
  /** All, by folder. */
  readonly all: ReadonlyMap<string, MissingFolder>;
  /** Why the first of them is missing; empty when none is. */
  readonly error: MailError | undefined;
}

/** Milliseconds between looks for what is not there: an hour, as new mailboxes appear within a quarter of it. */
const slowMs = 3_600_000;
/** The first looks come sooner: users flip between found and not found within hours, new ones within 15 minutes. */
const soonMs = 300_000;
const soonTries = 3;

/** Milliseconds until a mailbox or folder that was not there `failures` times in a row is looked for again. */
export function untilNextLook(failures: number): number {
  return failures <= soonTries ? soonMs : slowMs;
}

/** `before`: those that were missing already. */
export function createMissingFolders(clock: Clock, before?: ReadonlyMap<string, MissingFolder>): MissingFolders {
  return new FoldersMissing(clock, before);
}

const none: ReadonlyMap<string, MissingFolder> = new Map();

class FoldersMissing implements MissingFolders {
  readonly #clock: Clock;
  /** Empty until the first is missing. */
  #missing: Map<string, MissingFolder> | undefined;

  constructor(clock: Clock, before?: ReadonlyMap<string, MissingFolder>) {
    this.#clock = clock;
    if (before && before.size > 0) this.#missing = new Map(before);
  }

  isDue(folder: string): boolean {
    return (this.#missing?.get(folder)?.nextTryAt ?? 0) <= this.#clock.now();
  }

  failed(folder: string, error: MailError): MissingFolder {
    const now = this.#clock.now();
    this.#missing ??= new Map();
    const failures = (this.#missing.get(folder)?.failures ?? 0) + 1;
    const waitMs = error.code === "SYNC_FOLDER_NOT_FOUND" ? untilNextLook(failures) : backoffMs(this.#clock, failures, failureBackoff);
    const entry = { error, failures, nextTryAt: Math.max(now + waitMs, error.notBeforeAt ?? 0) };
    this.#missing.set(folder, entry);
    return entry;
  }

  found(folder: string): void {
    this.#missing?.delete(folder);
  }

  lookAgain(): void {
    for (const [folder, entry] of this.#missing ?? []) this.#missing?.set(folder, { ...entry, nextTryAt: 0 });
  }

  get all(): ReadonlyMap<string, MissingFolder> {
    return this.#missing ?? none;
  }

  get count(): number {
    return this.#missing?.size ?? 0;
  }

  get error(): MailError | undefined {
    return this.#missing?.values().next().value?.error;
  }
}
