/**
 * When one account must not ask Entra, and why: until a time that Entra named (`entra-pause.ts`), while the application
 * itself is refused (`application-bar.ts`), or until the account's record changes, after a refusal that only a person
 * can mend. A refusal that may mend itself names a time as well, after which it is tried again.
 *
 * Invariant: a refusal is announced once for each record. `waiting` is empty while the record does. It must not know tokens.
 */
import type { Clock } from "../base/clock.js";
import { MailError } from "../base/errors.js";
import type { ApplicationBar } from "./application-bar.js";
import type { EntraPause } from "./entra-pause.js";
import type { Vault } from "./vault.js";

interface Waiting {
  readonly error: MailError;
  /** The version of the record that does not do; `null`: there is none. */
  readonly version: number | null;
  /** Entra or Graph refused this record, so they are not asked; otherwise the record itself did not open. */
  readonly refused: boolean;
  /** Epoch milliseconds from which a refused record is tried again all the same; infinity where only another record helps. */
  readonly retryAt: number;
}

export interface Bar {
  /** @throws the error by which Entra named a time that has not come */
  throwIfTooEarly(): Promise<void>;
  /** @throws like `throwIfTooEarly`; or the refusal of the record that is still there */
  throwIfRaised(): Promise<void>;
  /** @throws the refusal of the application, while it holds */
  throwIfApplicationRefused(): void;
  /** Remembers the time that an error names. */
  remember(error: unknown): Promise<void>;
  /**
   * Remembers a refusal of the record of this version; `false` when the record is another by now, and the refusal void.
   */
  raise(error: unknown, version: number | null): Promise<boolean>;
  /** Remembers that the record of this version does not open, and says so once. */
  announce(error: MailError, version: number | null): void;
  /** The record of this version opens; true when it is another than the one waited with. */
  opened(version: number): boolean;
  /** The account has a token: it waits no more. */
  lift(): void;
  /** The record was only sealed anew: what is known of it holds. */
  renumber(versions: { readonly from: number; readonly to: number }): void;
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
  readonly pause: EntraPause;
  readonly application: ApplicationBar;
  readonly onSignInRequired: (error: MailError) => void;
}

const lookEveryMs = 5_000;
/** How often it is tried whether an administrator has mended what was refused. */
const mendedEveryMs = 3_600_000;
/** Refusals an administrator is told of, after which the refresh token is void all the same. */
const endsSignIn: ReadonlySet<string> = new Set(["AADSTS70043", "AADSTS70046", "AADSTS530036", "AADSTS50173"]);
/** The refusals that only another record can mend. */
const needsPerson: ReadonlySet<string> = new Set(["AUTH_SIGN_IN_REQUIRED", "AUTH_WRONG_ACCOUNT"]);

export function createBar({ account, vault, clock, pause, application, onSignInRequired }: BarOptions): Bar {
  let waiting: Waiting | undefined;
  /** The look-outs that sleep, to be woken by a sign-in in this process. */
  const wakers = new Set<() => void>();

  async function throwIfTooEarly(): Promise<void> {
    const error = await pause.current();
    if (error) throw error;
  }

  function wait(error: MailError, version: number | null, refused: boolean): void {
    const known = waiting?.version === version && waiting.error.code === error.code;
    waiting = { error, version, refused, retryAt: retryTime(error, clock.now()) };
    if (!known) onSignInRequired(error);
  }

  /** True while nothing has happened that could have helped. */
  async function stillWaiting(): Promise<boolean> {
    if ((await pause.current()) || application.refusal(account)) return true;
    if (!waiting) return false;
    const { version, refused, retryAt } = waiting;
    if ((await vault.version(account)) !== version) return false;
    if (refused) return clock.now() < retryAt;
    // The key ring may have been mended, which leaves no trace in the store.
    return vault.read(account).then(
      () => false,
      (reason: unknown) => isMailError(reason),
    );
  }

  function wake(): void {
    for (const look of [...wakers]) look();
  }

  function sleep(signal: AbortSignal | undefined): Promise<void> {
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
    throwIfTooEarly,
    remember: pause.remember,
    announce: (error, version) => wait(error, version, false),
    waiting: () => waiting,
    wake,

    async throwIfRaised() {
      await throwIfTooEarly();
      if (waiting?.refused && (await stillWaiting())) throw waiting.error;
    },

    throwIfApplicationRefused() {
      const error = application.refusal(account);
      if (error) throw error;
    },

    async raise(error, version) {
      await pause.remember(error);
      if (!isMailError(error)) return true;
      if (error.code === "AUTH_APP_REFUSED") application.refused(account, error);
      if (!needsPerson.has(error.code)) return true;
      if ((await vault.version(account)) !== version) return false;
      wait(error, version, true);
      return true;
    },

    opened(version) {
      const another = waiting !== undefined && waiting.version !== version;
      // A refusal of this very record holds until it is tried and found void.
      if (another || !waiting?.refused) waiting = undefined;
      return another;
    },

    lift() {
      waiting = undefined;
      wake();
    },

    renumber({ from, to }) {
      if (waiting?.version === from) waiting = { ...waiting, version: to };
    },

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
        await sleep(signal);
      }
    },
  };
}

/** What an administrator mends (a policy, a consent, a disabled account) often leaves the refresh token as it was. */
function retryTime({ notBeforeAt, who, serviceCode = "" }: MailError, now: number): number {
  if (notBeforeAt !== undefined) return notBeforeAt;
  return who === "administrator" && !endsSignIn.has(serviceCode) ? now + mendedEveryMs : Number.POSITIVE_INFINITY;
}

function isMailError(error: unknown): error is MailError {
  return error instanceof MailError;
}
