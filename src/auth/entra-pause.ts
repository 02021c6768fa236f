/**
 * The time that Entra named before which an account must not ask it again, kept over restarts and for other processes.
 *
 * Invariants: a time is never shortened, and none is believed that lies further ahead than any pause may last (a clock
 * may have been wrong); it holds in memory at once, and a store that does not take it is told of by the call that was
 * refused. It must not know why Entra wants a pause. A class, so that ten
 * thousand share its methods.
 */
import type { Clock } from "../base/clock.js";
import { MailError } from "../base/errors.js";
import { longestPauseMs } from "../base/retry-after.js";
import type { Key, Store } from "../state/store.js";
import { accountKey, untilWritten } from "./sealed-store.js";

export interface EntraPause {
  /** The error that named the time, while it has not come. @throws MailError of the store */
  current(): Promise<MailError | undefined>;
  /** Takes the time out of an error, where it names one for all of the account's requests. @throws MailError of the store */
  remember(error: unknown): Promise<void>;
}

export interface EntraPauseOptions {
  readonly account: string;
  /** Must be open while this is used. */
  readonly store: Store;
  readonly clock: Clock;
}

export function createEntraPause(options: EntraPauseOptions): EntraPause {
  return new AccountPause(options);
}

interface ToldPause {
  readonly error: MailError;
  readonly untilAt: number;
}

class AccountPause implements EntraPause {
  readonly #options: EntraPauseOptions;
  /** Empty until Entra names a time to this process. */
  #pause: ToldPause | undefined;

  constructor(options: EntraPauseOptions) {
    this.#options = options;
  }

  get #key(): Key {
    return ["entra-pause", accountKey(this.#options.account)];
  }

  /** What this process was told, unless the clock was wrong then. */
  #inMemory(): ToldPause | undefined {
    return this.#pause && this.#pause.untilAt <= this.#options.clock.now() + longestPauseMs ? this.#pause : undefined;
  }

  async #stored(): Promise<{ readonly untilAt: number; readonly version: number | null }> {
    const entry = await this.#options.store.get(this.#key);
    const untilAt = untilOf(entry?.value);
    return { untilAt: untilAt > this.#options.clock.now() + longestPauseMs ? 0 : untilAt, version: entry?.version ?? null };
  }

  async current(): Promise<MailError | undefined> {
    const now = this.#options.clock.now();
    const own = this.#inMemory();
    if (own && now < own.untilAt) return own.error;
    const { untilAt } = await this.#stored();
    if (now >= untilAt) return undefined;
    const message = `Entra wants no request for ${this.#options.account} before ${new Date(untilAt).toISOString()}.`;
    return new MailError("AUTH_UNAVAILABLE", message, { notBeforeAt: untilAt });
  }

  async remember(error: unknown): Promise<void> {
    const { account, store, clock } = this.#options;
    // Graph's times, and those that one refusal has, do not bar Entra.
    if (!(error instanceof MailError) || error.notBeforeAt === undefined) return;
    if (error.code !== "AUTH_APP_REFUSED" && !(error.code.startsWith("AUTH_") && error.retryable)) return;
    const untilAt = Math.min(error.notBeforeAt, clock.now() + longestPauseMs);
    if (untilAt <= Math.max(clock.now(), this.#inMemory()?.untilAt ?? 0)) return;
    this.#pause = { error, untilAt };
    const key = this.#key;
    await untilWritten(`The pause of ${account}`, async () => {
      const { untilAt: known, version } = await this.#stored();
      if (known >= untilAt) return true;
      return (await store.commit({ checks: [{ key, version }], puts: [{ key, value: { untilAt } }] })).ok || undefined;
    });
  }
}

function untilOf(value: unknown): number {
  const { untilAt } = (value ?? {}) as { readonly untilAt?: unknown };
  return typeof untilAt === "number" ? untilAt : 0;
}
