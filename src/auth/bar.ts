/**
 * When one account must not ask Entra, and why: until a time that Entra named (`entra-pause.ts`), while the application
 * itself is refused (`application-bar.ts`), or until the account's record changes, after a refusal that only a person
 * can mend. A refusal that may mend itself has a time after which it is tried again.
 *
 * Invariants: a refusal is announced once for each sign-in and each reason; a record that was only sealed anew, here or
 * by another process, is the same sign-in. `waiting` is empty while the record does. It must not know tokens.
 * A class, so that ten thousand share its methods.
 */
import type { Clock } from "../base/clock.js";
import { MailError } from "../base/errors.js";
import type { ApplicationBar } from "./application-bar.js";
import type { EntraPause } from "./entra-pause.js";
import { endsSignIn } from "./remedies.js";
import type { Vault, VaultEntry } from "./vault.js";

interface Waiting {
  readonly error: MailError;
  /** The version of the record that does not do; `null`: there is none. */
  readonly version: number | null;
  /** Of the record: what it was when it was refused; empty when it did not open, or there is none. */
  readonly grant: GrantTimes | undefined;
  /** Entra or Graph refused this record, so they are not asked; otherwise the record itself did not open. */
  readonly refused: boolean;
  /** Epoch milliseconds from which a refused record is tried again all the same; infinity where only another record helps. */
  readonly retryAt: number;
}

/** By these two a grant is known again: a renewal changes the second, a sign-in both. */
export interface GrantTimes {
  readonly signedInAt: number;
  readonly refreshedAt: number;
}

export interface Bar {
  /** @throws the error by which Entra named a time that has not come; the refusal of the application, while it holds */
  throwIfEntraBarred(): Promise<void>;
  /** @throws the refusal of the record that is still there */
  throwIfRaised(): Promise<void>;
  /**
   * Remembers a refusal of the record of this version; `false` when the record is another by now, and the refusal void.
   */
  raise(error: unknown, version: number | null, grant?: GrantTimes): Promise<boolean>;
  /** Remembers that the record of this version does not open, and says so once. */
  announce(error: MailError, version: number | null): void;
  /**
   * The record opens. `true` when it is of another sign-in than the one waited with.
   * @throws the refusal, when the record was only sealed anew since
   */
  opened(entry: VaultEntry): boolean;
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
/** How often it is tried whether somebody has mended what was refused, or it has passed. */
const mendedEveryMs = 3_600_000;
/** The refusals that only another record can mend. */
const needsPerson: ReadonlySet<string> = new Set(["AUTH_SIGN_IN_REQUIRED", "AUTH_WRONG_ACCOUNT"]);

export function createBar(options: BarOptions): Bar {
  return new AccountBar(options);
}

class AccountBar implements Bar {
  readonly #options: BarOptions;
  #waiting: Waiting | undefined;
  /** What was announced last, and when it was last met; empty before. */
  #told: { readonly name: string; readonly at: number } | undefined;
  /** Of the record that opened last; empty before. */
  #lastGrant: GrantTimes | undefined;
  /** How often a token has come into use. */
  #lifts = 0;
  /** The look-outs that sleep, to be woken by a sign-in in this process. */
  readonly #wakers = new Set<() => void>();

  constructor(options: BarOptions) {
    this.#options = options;
  }

  #wait(next: Omit<Waiting, "retryAt">): void {
    const { error, version } = next;
    const before = this.#waiting;
    this.#waiting = { ...next, retryAt: retryTime(error, this.#options.clock.now()) };
    const same = before?.version === version && before.error.code === error.code && before.error.serviceCode === error.serviceCode;
    const name = `${next.grant?.signedInAt ?? `version ${version}`} ${error.code} ${error.serviceCode}`;
    // A token that came into use in between and was refused as well is the same trouble.
    const known = same || (this.#told?.name === name && this.#options.clock.now() - this.#told.at < mendedEveryMs);
    this.#told = { name, at: this.#options.clock.now() };
    if (!known) this.#options.onSignInRequired(error);
  }

  /** True while the record that was refused is still there, and its time has not come. */
  async #isRefusalStanding(): Promise<boolean> {
    if (!this.#waiting?.refused || this.#options.clock.now() >= this.#waiting.retryAt) return false;
    return (await this.#options.vault.version(this.#options.account)) === this.#waiting.version;
  }

  /** True while nothing has happened that could have helped. */
  async #stillWaiting(): Promise<boolean> {
    const { account, vault, pause, application } = this.#options;
    if (await this.#isRefusalStanding()) return true;
    if (this.#waiting && !this.#waiting.refused && (await vault.version(account)) === this.#waiting.version) {
      // The key ring may have been mended, which leaves no trace in the store.
      return vault.read(account).then(
        () => false,
        (reason: unknown) => isMailError(reason),
      );
    }
    // Last, as whoever may ask now asks for all.
    return (await pause.current()) !== undefined || application.refusal(account) !== undefined;
  }

  #sleep(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = () => {
        stop();
        this.#wakers.delete(look);
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
      const stop = this.#options.clock.startTimer(look, lookEveryMs);
      this.#wakers.add(look);
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  }

  announce(error: MailError, version: number | null): void {
    this.#wait({ error, version, grant: this.#lastGrant, refused: false });
  }

  waiting(): Waiting | undefined {
    return this.#waiting;
  }

  wake(): void {
    for (const look of [...this.#wakers]) look();
  }

  async throwIfEntraBarred(): Promise<void> {
    const { account, pause, application } = this.#options;
    const error = (await pause.current()) ?? application.refusal(account);
    if (error) throw error;
  }

  async throwIfRaised(): Promise<void> {
    const standing = this.#waiting;
    if (standing && (await this.#isRefusalStanding())) throw standing.error;
  }

  async raise(error: unknown, version: number | null, grant?: GrantTimes): Promise<boolean> {
    const { account, vault, pause, application } = this.#options;
    await pause.remember(error);
    if (!isMailError(error)) return true;
    if (error.code === "AUTH_APP_REFUSED") application.refused(account, error);
    if (!needsPerson.has(error.code)) return true;
    const before = this.#lifts;
    // A sign-in may come into use while the record is looked at.
    if ((await vault.version(account)) !== version || this.#lifts !== before) return false;
    // Its times alone: a whole record would keep its tokens in memory for as long as the account waits.
    this.#wait({ error, version, grant: grant && { signedInAt: grant.signedInAt, refreshedAt: grant.refreshedAt }, refused: true });
    return true;
  }

  opened({ version, record: { signedInAt, refreshedAt } }: VaultEntry): boolean {
    const record = { signedInAt, refreshedAt };
    this.#lastGrant = record;
    const { grant, refused, error, retryAt } = this.#waiting ?? {};
    const sameSignIn = grant?.signedInAt === record.signedInAt;
    if (this.#waiting && refused && this.#waiting.version !== version && sameSignIn && grant?.refreshedAt === record.refreshedAt) {
      this.#waiting = { ...this.#waiting, version };
      if (this.#options.clock.now() < (retryAt ?? 0)) throw error;
    }
    const another = this.#waiting !== undefined && this.#waiting.version !== version;
    const knownBefore = grant !== undefined || this.#waiting?.version === null;
    // A refusal of this very record holds until it is tried and found void.
    if (another || !refused) this.#waiting = undefined;
    return another && knownBefore && !sameSignIn;
  }

  lift(): void {
    this.#lifts += 1;
    this.#waiting = undefined;
    this.wake();
  }

  renumber({ from, to }: { readonly from: number; readonly to: number }): void {
    if (this.#waiting?.version === from) this.#waiting = { ...this.#waiting, version: to };
  }

  async watch(throwIfClosed: () => void, signal?: AbortSignal): Promise<void> {
    for (;;) {
      throwIfClosed();
      signal?.throwIfAborted();
      try {
        if (!(await this.#stillWaiting())) return;
      } catch (error) {
        // A store that is away for a moment is looked at again; what cannot mend itself is told.
        if (!isMailError(error) || !error.retryable) throw error;
      }
      throwIfClosed();
      signal?.throwIfAborted();
      await this.#sleep(signal);
    }
  }
}

/**
 * What an administrator mends (a policy, a consent, a disabled account) often leaves the refresh token as it was, and an
 * answer that was mixed up may not come again. A time that Entra names is no invitation to come sooner.
 */
function retryTime({ code, notBeforeAt, who, serviceCode = "", status }: MailError, now: number): number {
  const byEntra = serviceCode.startsWith("AADSTS") || status === 400;
  if (notBeforeAt !== undefined) return byEntra ? Math.max(notBeforeAt, now + mendedEveryMs) : notBeforeAt;
  const mends = code === "AUTH_WRONG_ACCOUNT" || (who === "administrator" && !endsSignIn(serviceCode));
  return mends ? now + mendedEveryMs : Number.POSITIVE_INFINITY;
}

function isMailError(error: unknown): error is MailError {
  return error instanceof MailError;
}
