/**
 * The access token of one account: from memory while it lives, else from the vault, else from Entra.
 *
 * Invariants:
 * - one flight at a time; a waiter's abort does not end it;
 * - a token fetched from Entra is handed out only after its refresh token is durable in the vault. A write that fails
 *   keeps it (`unsaved`), and the next flight writes it again instead of asking Entra;
 * - what a flight brings is taken only if nothing newer (a sign-in, a sign-out) came while it was on its way;
 * - on a conflict in the vault the record that is there wins;
 * - after Entra refused for good it is not asked again until the record's version changes, and never before the time it named.
 * It must not know how an account is signed in, nor what the token is for. A class, so that ten thousand share its methods.
 */
import { backoffMs } from "../base/backoff.js";
import type { Clock } from "../base/clock.js";
import { asMailError, MailError } from "../base/errors.js";
import { sharedWait } from "../base/shared-wait.js";
import type { TokenRequest } from "../graph/token.js";
import type { AccountTokens, TokenState } from "./account-tokens.js";
import type { ApplicationBar } from "./application-bar.js";
import { type Bar, createBar } from "./bar.js";
import type { Entra } from "./entra.js";
import type { EntraPause } from "./entra-pause.js";
import { type HeldToken, heldToken } from "./held-token.js";
import type { RefreshLease } from "./refresh-lease.js";
import { createRenewal, type Renewal, signInAgain, type Unsaved } from "./renewal.js";
import { sameClaims } from "./same-claims.js";
import { type SessionTimes, sessionEnd, sessionTimes } from "./session-end.js";
import type { Vault, VaultEntry } from "./vault.js";
import type { VaultRecord } from "./vault-record.js";

export interface TokenSourceOptions {
  readonly account: string;
  readonly entra: Entra;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly pause: EntraPause;
  readonly application: ApplicationBar;
  /** The scopes that the account's queues need, asked at each flight. */
  readonly scopes: () => readonly string[];
  /** Where several processes share the vault: one asks Entra for the account, and the others read what that brought. */
  readonly lease?: RefreshLease | undefined;
  readonly onRefreshed: (expiresAt: number) => void;
  /** Once for each record that does not do. */
  readonly onSignInRequired: (error: MailError) => void;
  /** The account waited for its sign-in, and another process did it. */
  readonly onSignedInElsewhere: (method: string) => void;
  readonly onExpiring: (expiresAt: number, error: MailError) => void;
}

interface Flight {
  readonly token: Promise<string>;
  /** The claims it answers; a flight that answers none does not do for whoever was challenged. */
  readonly claims: string | undefined;
  readonly stop: AbortController;
}

/** What a flight is to bring. */
interface Wanted {
  /** Not this one. */
  readonly refused: string | undefined;
  readonly claims: string | undefined;
}

/** Between attempts to renew a token that still serves. */
const renewalBackoff = { baseMs: 5_000, capMs: 300_000 };
/** Reads and writes of one flight: each further one means that another process wrote in between. */
const mostLaps = 5;

export function createTokenSource(options: TokenSourceOptions): AccountTokens {
  return new AccountTokenSource(options);
}

class AccountTokenSource implements AccountTokens {
  readonly #options: TokenSourceOptions;
  readonly #bar: Bar;
  readonly #renewal: Renewal;
  /** Empty before the first use and after the account was signed out. */
  #held: HeldToken | undefined;
  /** Of the record last read or written; empty before. */
  #times: SessionTimes | undefined;
  /** Empty unless a token is being fetched. */
  #flight: Flight | undefined;
  /** Empty until it is closed. */
  #closed: MailError | undefined;
  /** A token that Entra gave and the store has not taken; empty otherwise. */
  #unsaved: Unsaved | undefined;
  /** The token that Graph refused although it was new; empty before. */
  #refusedTwice: string | undefined;
  /** Empty unless Graph challenged a token and none has answered it. */
  openClaims: string | undefined;
  /** Counts flights and what came from outside them; an older number never overwrites a newer. */
  #sequence = 0;
  /** The number of what is in memory now. */
  #taken = 0;
  /** Failed renewals in a row of the token that still serves, and when to try again. */
  #failures = 0;
  #quietUntil = 0;

  constructor(options: TokenSourceOptions) {
    this.#options = options;
    this.#bar = createBar(options);
    this.#renewal = createRenewal({ ...options, bar: this.#bar });
  }

  #throwIfClosed(): void {
    if (this.#closed) throw this.#closed;
  }

  #launch(refused: string | undefined, claims: string | undefined): Flight {
    const mine = ++this.#sequence;
    // One for each flight: a signal weighs more than all else that a source holds.
    const stop = new AbortController();
    const token: Promise<string> = this.#fly(mine, { refused, claims }, stop.signal).finally(() => {
      if (this.#flight?.token === token) this.#flight = undefined;
    });
    // Whoever waits gets the error; when all waiters have gone, nobody is left to tell.
    token.catch(() => undefined);
    const launched = { token, claims, stop };
    this.#flight = launched;
    return launched;
  }

  async #fly(mine: number, { refused, claims }: Wanted, signal: AbortSignal): Promise<string> {
    const { account, clock, lease, onSignedInElsewhere } = this.#options;
    const outdated = this.#held?.token;
    for (let lap = 0; lap < mostLaps; lap += 1) {
      this.#throwIfClosed();
      const kept = this.#unsaved && (await this.#saved(this.#unsaved));
      if (kept && this.#serves(kept, refused, claims)) return this.#take(mine, kept);
      await this.#bar.throwIfRaised();
      const entry = await this.#renewal.opened();
      this.#times = sessionTimes(entry.record);
      if (this.#bar.opened(entry)) onSignedInElsewhere(entry.record.method);
      const stored = heldToken(entry.record, entry.version, clock);
      if (stored && stored.token !== outdated && this.#serves(stored, refused, claims)) return this.#take(mine, stored);
      await this.#bar.throwIfEntraBarred();
      const work = () => this.#fetched(entry, claims, signal);
      const fetched = await (lease ? lease.hold(account, work, { version: entry.version, signal }) : work());
      if (fetched) return this.#take(mine, fetched);
    }
    throw new MailError("STORE_UNAVAILABLE", `The vault record of ${account} changed ${mostLaps} times while it was being renewed.`);
  }

  /** From Entra, and durable; `undefined` when the record in the vault is another by now. */
  async #fetched(entry: VaultEntry, claims: string | undefined, signal: AbortSignal): Promise<HeldToken | undefined> {
    const record = await this.#renewal.renewed(entry, { claims, signal });
    if (!record) return undefined;
    this.#unsaved = { record, expectedVersion: entry.version, claims };
    return this.#saved(this.#unsaved);
  }

  /** The token of a record that is durable now; `undefined` when the record there is another by now. */
  async #saved(waiting: Unsaved): Promise<HeldToken | undefined> {
    const { account, vault, clock, onRefreshed } = this.#options;
    const written = await vault.write(account, waiting.record, waiting.expectedVersion);
    if (this.#unsaved === waiting) this.#unsaved = undefined;
    if (!written.ok) return undefined;
    this.#times = sessionTimes(waiting.record);
    const token = heldToken(waiting.record, written.version, clock, waiting.claims);
    if (token) onRefreshed(token.expiresAt);
    return token;
  }

  #serves(token: HeldToken, refused: string | undefined, claims: string | undefined): boolean {
    if (token.token === refused || token.token === this.#refusedTwice || this.#options.clock.now() >= token.deadAt) return false;
    if (claims !== undefined && !sameClaims(token.claims, claims)) return false;
    return this.#options.scopes().every((scope) => token.scopes.includes(scope));
  }

  #take(mine: number, token: HeldToken): string {
    if (mine < this.#taken) {
      if (this.#held) return this.#held.token;
      throw new MailError("AUTH_SIGN_IN_REQUIRED", `${this.#options.account} has been signed out.`, signInAgain(this.#options.account));
    }
    this.#taken = mine;
    this.#held = token;
    this.#failures = 0;
    this.#quietUntil = 0;
    this.openClaims = undefined;
    this.#bar.lift();
    return token.token;
  }

  #renewAhead(serving: HeldToken): void {
    const { clock, onExpiring } = this.#options;
    if (this.#flight || clock.now() < this.#quietUntil) return;
    this.#launch(undefined, undefined).token.catch((error: unknown) => {
      this.#failures += 1;
      this.#quietUntil = clock.now() + backoffMs(clock, this.#failures, renewalBackoff);
      const ours = asMailError(error, "AUTH_UNAVAILABLE", "The access token could not be renewed.");
      // What a person must mend has been announced already.
      if (ours.retryable) onExpiring(serving.expiresAt, ours);
    });
  }

  /** One flight answers a challenge for all that met it; one that began without the claims is let end first. */
  async #answered(refused: string | undefined, claims: string, signal: AbortSignal | undefined): Promise<string> {
    while (this.#flight && !sameClaims(this.#flight.claims, claims)) {
      // Its failure is its own waiters'.
      await sharedWait(
        this.#flight.token.catch(() => undefined),
        signal,
      );
    }
    const { token } = this.#flight ?? this.#launch(refused, claims);
    // What nobody answers but a person, the next sign-in asks for.
    token.catch(() => {
      this.openClaims = claims;
    });
    return sharedWait(token, signal);
  }

  async get({ refused, claims, signal }: TokenRequest = {}): Promise<string> {
    signal?.throwIfAborted();
    this.#throwIfClosed();
    for (let turn = 0; ; turn += 1) {
      if (this.#held && this.#serves(this.#held, refused, claims)) {
        if (this.#options.clock.now() >= this.#held.refreshAt) this.#renewAhead(this.#held);
        return this.#held.token;
      }
      if (claims !== undefined) return this.#answered(refused, claims, signal);
      // A flight that began before may bring the refused token itself, or one of fewer scopes: then one more, which may not.
      const joined = this.#flight;
      const token = await sharedWait((joined ?? this.#launch(refused, undefined)).token, signal);
      if (!joined || turn > 0) return token;
    }
  }

  async refusedAgain({ refused, claims, error: refusal }: Parameters<AccountTokens["refusedAgain"]>[0]): Promise<MailError> {
    if (refused === this.#refusedTwice) return this.#bar.waiting()?.error ?? refusal;
    // Another has come since, by a sign-in here or in another process, which may do.
    if (this.#held?.token !== refused) return refusal;
    const error = this.#renewal.refusedAgain(refusal);
    const { version } = this.#held;
    this.#refusedTwice = refused;
    this.#held = undefined;
    this.openClaims = claims;
    return (await this.#bar.raise(error, version, this.#times)) ? error : refusal;
  }

  watchForSignIn(signal?: AbortSignal): Promise<void> {
    return this.#bar.watch(() => this.#throwIfClosed(), signal);
  }

  state(): TokenState {
    const { error } = this.#bar.waiting() ?? {};
    if (error) return { state: "waiting-for-sign-in", error, ...(this.#held ? { expiresAt: this.#held.expiresAt } : {}) };
    return this.#held ? { state: "ready", expiresAt: this.#held.expiresAt } : { state: "unknown" };
  }

  adopt(record: VaultRecord, version: number): void {
    this.#unsaved = undefined;
    this.#times = sessionTimes(record);
    const token = heldToken(record, version, this.#options.clock);
    if (token) this.#take(++this.#sequence, token);
    this.#options.application.accepted(this.#options.account);
  }

  forget({ signedOut = false }: { readonly signedOut?: boolean } = {}): void {
    this.#held = undefined;
    if (!signedOut) return;
    this.#unsaved = undefined;
    this.#times = undefined;
    this.#taken = ++this.#sequence;
    this.#options.application.forget(this.#options.account);
  }

  renumber(versions: { readonly from: number; readonly to: number }): void {
    this.#bar.renumber(versions);
    if (this.#held?.version === versions.from) this.#held = { ...this.#held, version: versions.to };
    if (this.#unsaved?.expectedVersion === versions.from) this.#unsaved = { ...this.#unsaved, expectedVersion: versions.to };
  }

  get version(): number | undefined {
    return this.#held?.version;
  }

  get end(): AccountTokens["end"] {
    return this.#times && { ...sessionEnd(this.#times), refreshedAt: this.#times.refreshedAt };
  }

  get owner(): string | undefined {
    return this.#times?.objectId;
  }

  get ownerName(): string | undefined {
    return this.#times?.username;
  }

  async close(): Promise<void> {
    this.#closed = new MailError("LIFECYCLE_STOPPED", `The tokens of ${this.#options.account} are not in use any more.`);
    this.#flight?.stop.abort(this.#closed);
    this.#bar.wake();
    await this.#flight?.token.catch(() => undefined);
    this.#options.application.forget(this.#options.account, { silent: true });
    if (this.#unsaved) await this.#saved(this.#unsaved);
  }
}
