/**
 * When one account must not ask Entra, and why.
 *
 * Two bars: *until a time* that Entra named, kept in memory and never shortened; and *until the record changes*, after
 * a refusal that only a person can mend. `waiting` is empty while the account's record does; it is announced once for
 * each record. It must not know tokens.
 */
import type { Clock } from "../base/clock.js";
import { MailError } from "../base/errors.js";
import type { Vault } from "./vault.js";

interface Waiting {
  readonly error: MailError;
  /** The version of the record that does not do; `null`: there is none. */
  readonly version: number | null;
  /** Entra refused this record, so it is not asked; otherwise the record itself did not open. */
  readonly refusedByEntra: boolean;
}

export interface Bar {
  /** @throws the error by which Entra named a time that has not come */
  throwIfTooEarly(): void;
  /** @throws like `throwIfTooEarly`, also during a pause of our own; or the refusal of the record that is still there */
  throwIfRaised(): Promise<void>;
  /** Remembers the time that an error names. */
  remember(error: unknown): void;
  /**
   * Remembers a refusal of the record of this version; `false` when the record is another by now, and the refusal void.
   */
  raise(error: unknown, version: number | null): Promise<boolean>;
  /** Remembers that the record of this version does not open, and says so once. */
  announce(error: MailError, version: number | null): void;
  /** The account waits no more; true when that is news about another record than the one waited with. */
  lift(version?: number): boolean;
  waiting(): { readonly error: MailError } | undefined;
  /** Resolves when the account has no reason to wait any more; `throwIfClosed` is asked before each look. */
  watch(throwIfClosed: () => void, signal?: AbortSignal): Promise<void>;
  /** Lets every watch look at once. */
  wake(): void;
}

export interface BarOptions {
  readonly account: string;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly onSignInRequired: (error: MailError) => void;
}

const lookEveryMs = 5_000;
/** The refusals that only another record can mend. */
const needsPerson: ReadonlySet<string> = new Set(["AUTH_SIGN_IN_REQUIRED", "AUTH_WRONG_ACCOUNT"]);
/** After a refusal of the application, which reaches all accounts and which somebody may mend without telling us. */
const applicationPauseMs = 60_000;

export function createBar({ account, vault, clock, onSignInRequired }: BarOptions): Bar {
  /** Empty until Entra names a time. */
  let tooEarly: { readonly error: MailError; readonly untilAt: number } | undefined;
  let waiting: Waiting | undefined;
  /** The look-outs that sleep, to be woken by a sign-in in this process. */
  const wakers = new Set<() => void>();

  function early(): MailError | undefined {
    return tooEarly && clock.now() < tooEarly.untilAt ? tooEarly.error : undefined;
  }

  function remember(error: unknown): void {
    if (!isMailError(error)) return;
    // Graph's times, and those that one password has, do not bar Entra.
    const untilAt = error.code === "AUTH_APP_REFUSED" ? clock.now() + applicationPauseMs : entraTime(error);
    if (untilAt !== undefined && untilAt > (tooEarly?.untilAt ?? 0)) tooEarly = { error, untilAt };
  }

  function wait(error: MailError, version: number | null, refusedByEntra: boolean): void {
    const known = waiting?.version === version && waiting.error.code === error.code;
    waiting = { error, version, refusedByEntra };
    if (!known) onSignInRequired(error);
  }

  /** True while nothing has happened that could have helped. */
  async function stillWaiting(): Promise<boolean> {
    if (early()) return true;
    if (!waiting) return false;
    if ((await vault.version(account)) !== waiting.version) return false;
    if (waiting.refusedByEntra) return true;
    // The key ring may have been mended, which leaves no trace in the store.
    return vault.read(account).then(
      () => false,
      (error: unknown) => isMailError(error),
    );
  }

  function wake(): void {
    for (const look of [...wakers]) look();
  }

  function pause(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = () => {
        stop();
        wakers.delete(look);
        signal?.removeEventListener("abort", onAbort);
      };
      const look = () => {
        done();
        resolve();
      };
      const onAbort = () => {
        done();
        reject(signal?.reason as Error);
      };
      const stop = clock.startTimer(look, lookEveryMs);
      wakers.add(look);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  return {
    throwIfTooEarly() {
      const error = early();
      // A pause of our own making does not stop a person who has just mended the application.
      if (error && error.code !== "AUTH_APP_REFUSED") throw error;
    },
    remember,
    announce: (error, version) => wait(error, version, false),
    waiting: () => waiting,

    async throwIfRaised() {
      const error = early();
      if (error) throw error;
      if (waiting?.refusedByEntra && (await stillWaiting())) throw waiting.error;
    },

    async raise(error, version) {
      remember(error);
      if (!isMailError(error) || !needsPerson.has(error.code)) return true;
      if ((await vault.version(account)) !== version) return false;
      wait(error, version, true);
      return true;
    },

    lift(version) {
      const news = waiting !== undefined && waiting.version !== version;
      waiting = undefined;
      wake();
      return news;
    },

    wake,

    async watch(throwIfClosed, signal) {
      for (;;) {
        throwIfClosed();
        signal?.throwIfAborted();
        try {
          if (!(await stillWaiting())) return;
        } catch (error) {
          // A store that is away for a moment is looked at again; what cannot mend itself is told.
          if (!isMailError(error) || !error.retryable) throw error;
        }
        throwIfClosed();
        signal?.throwIfAborted();
        await pause(signal);
      }
    },
  };
}

function isMailError(error: unknown): error is MailError {
  return error instanceof MailError;
}

function entraTime({ code, notBeforeAt }: MailError): number | undefined {
  return code === "AUTH_UNAVAILABLE" ? notBeforeAt : undefined;
}
