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
import { createBar } from "./bar.js";
import type { Entra } from "./entra.js";
import type { Grant } from "./grant.js";
import { type HeldToken, heldToken } from "./held-token.js";
import type { Vault, VaultEntry } from "./vault.js";
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
  adopt(record: VaultRecord): void;
  /** Forgets the token in memory; `signedOut` ends the flight under way without a result as well. */
  forget(options?: { readonly signedOut?: boolean }): void;
  /** @throws the error that bars Entra for this account for now. */
  throwIfBarred(): void;
  /** Remembers the time that an error of Entra names. */
  bar(error: unknown): void;
  /** Ends waits and flights, writes what is unsaved if the store lets it. */
  close(): Promise<void>;
}

export interface TokenSourceOptions {
  readonly account: string;
  readonly entra: Entra;
  readonly vault: Vault;
  readonly clock: Clock;
  /** The scopes that the account's queues need, asked at each flight. */
  readonly scopes: () => readonly string[];
  readonly onRefreshed: (expiresAt: number) => void;
  /** Once for each record that does not do. */
  readonly onSignInRequired: (error: MailError) => void;
  /** The account waited for its sign-in, and another process did it. */
  readonly onSignedInElsewhere: (method: string) => void;
  readonly onExpiring: (expiresAt: number, error: MailError) => void;
}

interface Unsaved {
  readonly record: VaultRecord;
  readonly expectedVersion: number;
}

/** Between attempts to renew a token that still serves. */
const renewal = { baseMs: 5_000, capMs: 300_000 };
/** Until a token is asked for again after Graph refused two in a row, unless somebody signs in before. */
const refusedAgainMs = 15 * 60_000;
/** Reads and writes of one flight: each further one means that another process wrote in between. */
const mostLaps = 5;

export function createTokenSource(options: TokenSourceOptions): AccountTokens {
  const { account, entra, vault, clock, scopes } = options;
  const bar = createBar(options);
  /** Empty before the first use and after the account was signed out. */
  let held: HeldToken | undefined;
  /** Empty unless a token is being fetched; `flightStop` ends that. */
  let flight: Promise<string> | undefined;
  let flightStop: AbortController | undefined;
  /** Empty until it is closed. */
  let closed: MailError | undefined;
  /** A token that Entra gave and the store has not taken; empty otherwise. */
  let unsaved: Unsaved | undefined;
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

  function launch(refused: string | undefined): Promise<string> {
    const mine = ++sequence;
    // One for each flight: a signal weighs more than all else that a source holds.
    const stop = new AbortController();
    flightStop = stop;
    const started: Promise<string> = fly(mine, refused, stop.signal).finally(() => {
      flight = undefined;
      flightStop = undefined;
    });
    // Whoever waits gets the error; when all waiters have gone, nobody is left to tell.
    started.catch(() => undefined);
    flight = started;
    return started;
  }

  async function fly(mine: number, refused: string | undefined, signal: AbortSignal): Promise<string> {
    const outdated = held?.token;
    for (let lap = 0; lap < mostLaps; lap += 1) {
      throwIfClosed();
      const kept = unsaved && (await saved(unsaved));
      if (kept && serves(kept, refused)) return take(mine, kept);
      await bar.throwIfRaised();
      const entry = await opened();
      if (bar.lift(entry.version)) options.onSignedInElsewhere(entry.record.method);
      const stored = heldToken(entry.record, clock);
      if (stored && stored.token !== outdated && serves(stored, refused)) return take(mine, stored);
      const grant = await renewed(entry, signal);
      if (!grant) continue;
      unsaved = { record: { ...entry.record, ...partOf(grant) }, expectedVersion: entry.version };
      const fetched = await saved(unsaved);
      if (fetched) return take(mine, fetched);
    }
    throw new MailError("STORE_UNAVAILABLE", `The vault record of ${account} changed ${mostLaps} times while it was being renewed.`);
  }

  async function opened(): Promise<VaultEntry> {
    let entry: VaultEntry | undefined;
    try {
      entry = await vault.read(account);
    } catch (error) {
      if (error instanceof MailError && !error.retryable) await bar.announce(error, await vault.version(account));
      throw error;
    }
    if (entry) return entry;
    const error = new MailError("AUTH_SIGN_IN_REQUIRED", `${account} has not been signed in.`, { remedy: `Sign ${account} in.` });
    await bar.raise(error, null);
    throw error;
  }

  /** Entra's answer; `undefined` when another sign-in has come in the meantime. */
  async function renewed({ record, version }: VaultEntry, signal: AbortSignal): Promise<Grant | undefined> {
    try {
      return await entra.refresh({ scopes: scopes(), cache: record.cache, expected: record, signal });
    } catch (error) {
      if (await bar.raise(error, version)) throw error;
      return undefined;
    }
  }

  /** The token of a record that is durable now; `undefined` when the record there is another by now. */
  async function saved(waiting: Unsaved): Promise<HeldToken | undefined> {
    const written = await vault.write(account, waiting.record, waiting.expectedVersion);
    if (unsaved === waiting) unsaved = undefined;
    const token = written.ok ? heldToken(waiting.record, clock) : undefined;
    if (token) options.onRefreshed(token.expiresAt);
    return token;
  }

  function serves(token: HeldToken, refused: string | undefined): boolean {
    return token.token !== refused && clock.now() < token.deadAt && scopes().every((scope) => token.scopes.includes(scope));
  }

  function take(mine: number, token: HeldToken): string {
    if (mine < taken) {
      if (held) return held.token;
      throw new MailError("AUTH_SIGN_IN_REQUIRED", `${account} has been signed out.`, { remedy: `Sign ${account} in.` });
    }
    taken = mine;
    held = token;
    failures = 0;
    quietUntil = 0;
    return token.token;
  }

  function renewAhead(serving: HeldToken): void {
    if (flight || clock.now() < quietUntil) return;
    launch(undefined).catch((error: unknown) => {
      failures += 1;
      quietUntil = clock.now() + backoffMs(clock, failures, renewal);
      const ours = asMailError(error, "AUTH_UNAVAILABLE", "The access token could not be renewed.");
      // What a person must mend has been announced already.
      if (ours.retryable) options.onExpiring(serving.expiresAt, ours);
    });
  }

  return {
    async get({ refused, signal } = {}) {
      signal?.throwIfAborted();
      throwIfClosed();
      for (let turn = 0; ; turn += 1) {
        if (held && held.token !== refused && clock.now() < held.deadAt) {
          if (clock.now() >= held.refreshAt) renewAhead(held);
          return held.token;
        }
        // A flight that began before the refusal may bring the refused token itself: then one more, which may not.
        const token = await sharedWait(flight ?? launch(refused), signal);
        if (token !== refused || turn > 0) return token;
      }
    },

    async refusedAgain({ error: { serviceCode, status } }) {
      const error = new MailError("AUTH_SIGN_IN_REQUIRED", `Graph refuses ${account}'s new access token as well.`, {
        remedy: `Sign ${account} in again.`,
        ...(serviceCode === undefined ? {} : { serviceCode }),
        ...(status === undefined ? {} : { status }),
        // Nobody may have to act after all: it is tried again by itself.
        notBeforeAt: clock.now() + refusedAgainMs,
      });
      await bar.raise(error, await vault.version(account));
      return error;
    },

    watchForSignIn: (signal) => bar.watch(throwIfClosed, signal),

    state() {
      const { error } = bar.waiting() ?? {};
      if (error) return { state: "waiting-for-sign-in", error, ...(held ? { expiresAt: held.expiresAt } : {}) };
      return held ? { state: "ready", expiresAt: held.expiresAt } : { state: "unknown" };
    },

    adopt(record) {
      unsaved = undefined;
      const token = heldToken(record, clock);
      if (token) take(++sequence, token);
      bar.lift();
    },

    forget({ signedOut = false } = {}) {
      held = undefined;
      if (!signedOut) return;
      unsaved = undefined;
      taken = ++sequence;
    },

    throwIfBarred: () => bar.throwIfTooEarly(),
    bar: (error) => bar.remember(error),

    async close() {
      closed = new MailError("LIFECYCLE_STOPPED", `The tokens of ${account} are not in use any more.`);
      flightStop?.abort(closed);
      bar.wake();
      await flight?.catch(() => undefined);
      if (unsaved) await saved(unsaved);
    },
  };
}

function partOf({ cache, refreshedAt, expiresAt, scopes }: Grant) {
  return { cache, refreshedAt, expiresAt, scopes: [...scopes] };
}
