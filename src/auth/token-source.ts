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
 * It must not know how an account is signed in, nor what the token is for.
 */
import { backoffMs } from "../base/backoff.js";
import type { Clock } from "../base/clock.js";
import { asMailError, MailError } from "../base/errors.js";
import { sharedWait } from "../base/shared-wait.js";
import type { TokenSource } from "../graph/token.js";
import type { ApplicationBar } from "./application-bar.js";
import { createBar } from "./bar.js";
import type { Entra } from "./entra.js";
import type { EntraPause } from "./entra-pause.js";
import { type HeldToken, heldToken } from "./held-token.js";
import { createRenewal, signInAgain, type Unsaved } from "./renewal.js";
import { type SessionEnd, type SessionTimes, sessionEnd, sessionTimes } from "./session-end.js";
import type { Vault } from "./vault.js";
import type { VaultRecord } from "./vault-record.js";

export interface TokenState {
  /** `unknown`: not asked yet. */
  readonly state: "unknown" | "ready" | "waiting-for-sign-in";
  /** Epoch milliseconds at which the access token in memory ends. */
  readonly expiresAt?: number;
  /** Why it waits. */
  readonly error?: MailError;
}

/** `get` is the contract of the Graph floor: it throws MailErrors `AUTH_…` and `STORE_…`, or the signal's reason, which ends the wait and not the fetching. */
export interface AccountTokens extends TokenSource {
  /** Resolves when asking again makes sense: at once, or when the record's version has changed. Looks every 5 s. */
  watchForSignIn(signal?: AbortSignal): Promise<void>;
  state(): TokenState;
  /** Takes the record of a sign-in into use. */
  adopt(record: VaultRecord, version: number): void;
  /** Forgets the token in memory; `signedOut` ends the flight under way without a result as well. */
  forget(options?: { readonly signedOut?: boolean }): void;
  /** The record was only sealed anew. */
  renumber(versions: { readonly from: number; readonly to: number }): void;
  /** Claims of Graph's that no token has answered yet, JSON; also those that a sign-in met. */
  openClaims: string | undefined;
  /** When the sign-in ends, and since when its refresh token was not used; empty before the record was read. */
  readonly end: (SessionEnd & { readonly refreshedAt: number }) | undefined;
  /** Ends waits and flights, writes what is unsaved if the store lets it. */
  close(): Promise<void>;
}

export interface TokenSourceOptions {
  readonly account: string;
  readonly entra: Entra;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly pause: EntraPause;
  readonly application: ApplicationBar;
  /** The scopes that the account's queues need, asked at each flight. */
  readonly scopes: () => readonly string[];
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
  const { account, vault, clock, scopes, application } = options;
  const bar = createBar(options);
  const renewal = createRenewal({ ...options, bar });
  /** Empty before the first use and after the account was signed out. */
  let held: HeldToken | undefined;
  /** Of the record last read or written; empty before. */
  let times: SessionTimes | undefined;
  /** Empty unless a token is being fetched. */
  let flight: Flight | undefined;
  /** Empty until it is closed. */
  let closed: MailError | undefined;
  /** A token that Entra gave and the store has not taken; empty otherwise. */
  let unsaved: Unsaved | undefined;
  /** The token that Graph refused although it was new; empty before. */
  let refusedTwice: string | undefined;
  /** Empty unless Graph challenged a token and none has answered it. */
  let openClaims: string | undefined;
  /** Counts flights and what came from outside them; an older number never overwrites a newer. */
  let sequence = 0;
  /** The number of what is in memory now. */
  let taken = 0;
  /** Failed renewals in a row of the token that still serves, and when to try again. */
  let failures = 0;
  let quietUntil = 0;

  function throwIfClosed(): void {
    if (closed) throw closed;
  }

  function launch(refused: string | undefined, claims: string | undefined): Flight {
    const mine = ++sequence;
    // One for each flight: a signal weighs more than all else that a source holds.
    const stop = new AbortController();
    const token: Promise<string> = fly(mine, { refused, claims }, stop.signal).finally(() => {
      if (flight?.token === token) flight = undefined;
    });
    // Whoever waits gets the error; when all waiters have gone, nobody is left to tell.
    token.catch(() => undefined);
    const launched = { token, claims, stop };
    flight = launched;
    return launched;
  }

  async function fly(mine: number, { refused, claims }: Wanted, signal: AbortSignal): Promise<string> {
    const outdated = held?.token;
    for (let lap = 0; lap < mostLaps; lap += 1) {
      throwIfClosed();
      const kept = unsaved && (await saved(unsaved));
      if (kept && serves(kept, refused, claims)) return take(mine, kept);
      await bar.throwIfRaised();
      const entry = await renewal.opened();
      times = sessionTimes(entry.record);
      if (bar.opened(entry)) options.onSignedInElsewhere(entry.record.method);
      const stored = heldToken(entry.record, entry.version, clock);
      if (stored && stored.token !== outdated && serves(stored, refused, claims)) return take(mine, stored);
      await bar.throwIfEntraBarred();
      const record = await renewal.renewed(entry, { claims, signal });
      if (!record) continue;
      unsaved = { record, expectedVersion: entry.version, claims };
      const fetched = await saved(unsaved);
      if (fetched) return take(mine, fetched);
    }
    throw new MailError("STORE_UNAVAILABLE", `The vault record of ${account} changed ${mostLaps} times while it was being renewed.`);
  }

  /** The token of a record that is durable now; `undefined` when the record there is another by now. */
  async function saved(waiting: Unsaved): Promise<HeldToken | undefined> {
    const written = await vault.write(account, waiting.record, waiting.expectedVersion);
    if (unsaved === waiting) unsaved = undefined;
    if (!written.ok) return undefined;
    times = sessionTimes(waiting.record);
    const token = heldToken(waiting.record, written.version, clock, waiting.claims);
    if (token) options.onRefreshed(token.expiresAt);
    return token;
  }

  function serves(token: HeldToken, refused: string | undefined, claims: string | undefined): boolean {
    if (token.token === refused || token.token === refusedTwice || clock.now() >= token.deadAt) return false;
    if (claims !== undefined && token.claims !== claims) return false;
    return scopes().every((scope) => token.scopes.includes(scope));
  }

  function take(mine: number, token: HeldToken): string {
    if (mine < taken) {
      if (held) return held.token;
      throw new MailError("AUTH_SIGN_IN_REQUIRED", `${account} has been signed out.`, signInAgain(account));
    }
    taken = mine;
    held = token;
    failures = 0;
    quietUntil = 0;
    openClaims = undefined;
    bar.lift();
    return token.token;
  }

  function renewAhead(serving: HeldToken): void {
    if (flight || clock.now() < quietUntil) return;
    launch(undefined, undefined).token.catch((error: unknown) => {
      failures += 1;
      quietUntil = clock.now() + backoffMs(clock, failures, renewalBackoff);
      const ours = asMailError(error, "AUTH_UNAVAILABLE", "The access token could not be renewed.");
      // What a person must mend has been announced already.
      if (ours.retryable) options.onExpiring(serving.expiresAt, ours);
    });
  }

  /** One flight answers a challenge for all that met it; one that began without the claims is let end first. */
  async function answered(refused: string | undefined, claims: string, signal: AbortSignal | undefined): Promise<string> {
    while (flight && flight.claims !== claims) {
      // Its failure is its own waiters'.
      await sharedWait(
        flight.token.catch(() => undefined),
        signal,
      );
    }
    const { token } = flight ?? launch(refused, claims);
    // What nobody answers but a person, the next sign-in asks for.
    token.catch(() => {
      openClaims = claims;
    });
    return sharedWait(token, signal);
  }

  return {
    async get({ refused, claims, signal } = {}) {
      signal?.throwIfAborted();
      throwIfClosed();
      for (let turn = 0; ; turn += 1) {
        if (held && serves(held, refused, claims)) {
          if (clock.now() >= held.refreshAt) renewAhead(held);
          return held.token;
        }
        if (claims !== undefined) return answered(refused, claims, signal);
        // A flight that began before may bring the refused token itself, or one of fewer scopes: then one more, which may not.
        const joined = flight;
        const token = await sharedWait((joined ?? launch(refused, undefined)).token, signal);
        if (!joined || turn > 0) return token;
      }
    },

    async refusedAgain({ refused, claims, error: refusal }) {
      if (refused === refusedTwice) return bar.waiting()?.error ?? refusal;
      // Another has come since, by a sign-in here or in another process, which may do.
      if (held?.token !== refused) return refusal;
      const error = renewal.refusedAgain(refusal);
      const { version } = held;
      refusedTwice = refused;
      held = undefined;
      openClaims = claims;
      return (await bar.raise(error, version, times)) ? error : refusal;
    },

    watchForSignIn: (signal) => bar.watch(throwIfClosed, signal),

    state() {
      const { error } = bar.waiting() ?? {};
      if (error) return { state: "waiting-for-sign-in", error, ...(held ? { expiresAt: held.expiresAt } : {}) };
      return held ? { state: "ready", expiresAt: held.expiresAt } : { state: "unknown" };
    },

    adopt(record, version) {
      unsaved = undefined;
      times = sessionTimes(record);
      const token = heldToken(record, version, clock);
      if (token) take(++sequence, token);
      application.accepted(account);
    },

    forget({ signedOut = false } = {}) {
      held = undefined;
      if (!signedOut) return;
      unsaved = undefined;
      times = undefined;
      taken = ++sequence;
      application.forget(account);
    },

    renumber(versions) {
      bar.renumber(versions);
      if (held?.version === versions.from) held = { ...held, version: versions.to };
      if (unsaved?.expectedVersion === versions.from) unsaved = { ...unsaved, expectedVersion: versions.to };
    },

    get openClaims() {
      return openClaims;
    },
    set openClaims(claims) {
      openClaims = claims;
    },
    get end() {
      return times && { ...sessionEnd(times), refreshedAt: times.refreshedAt };
    },
    get owner() {
      return times?.objectId;
    },

    async close() {
      closed = new MailError("LIFECYCLE_STOPPED", `The tokens of ${account} are not in use any more.`);
      flight?.stop.abort(closed);
      bar.wake();
      await flight?.token.catch(() => undefined);
      application.forget(account, { silent: true });
      if (unsaved) await saved(unsaved);
    },
  };
}
