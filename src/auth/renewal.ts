/**
 * One renewal of an account's record: what is in the vault, and what Entra gives for it.
 *
 * Invariants: a refusal counts only for the record it was given for; when a policy ends a sign-in, how long that was
 * lived is kept, so that the next one's end is known ahead. Nothing is taken into use here.
 * A class, so that ten thousand share its methods.
 */
import { backoffMs } from "../base/backoff.js";
import type { Clock } from "../base/clock.js";
import { MailError } from "../base/errors.js";
import { adviceOf } from "./advice.js";
import type { ApplicationBar } from "./application-bar.js";
import type { Bar } from "./bar.js";
import type { Entra } from "./entra.js";
import type { Grant } from "./grant.js";
import { endedByFrequency, remedyDetails, signInRemedy } from "./remedies.js";
import { policyLifeOf } from "./session-end.js";
import type { Vault, VaultEntry } from "./vault.js";
import type { VaultRecord } from "./vault-record.js";

/** A record that Entra's answer led to and that is not in the vault yet. */
export interface Unsaved {
  readonly record: VaultRecord;
  readonly expectedVersion: number;
  /** The claims that its token answers, JSON. */
  readonly claims: string | undefined;
}

export interface Renewal {
  /** The record of the account. @throws MailError why there is none, after it was announced */
  opened(): Promise<VaultEntry>;
  /** The record with what Entra gave; `undefined` when another sign-in has come in the meantime. @throws MailError of Entra */
  renewed(
    entry: VaultEntry,
    options: { readonly claims: string | undefined; readonly signal: AbortSignal },
  ): Promise<VaultRecord | undefined>;
  /** What it means that Graph refuses two tokens in a row: somebody has to sign in, unless it passes by itself. */
  refusedAgain(refusal: MailError): MailError;
}

export interface RenewalOptions {
  readonly account: string;
  readonly entra: Entra;
  readonly vault: Vault;
  readonly clock: Clock;
  readonly bar: Bar;
  readonly application: ApplicationBar;
  readonly scopes: () => readonly string[];
}

/** Until a token is asked for again after Graph refused two in a row, unless somebody signs in before. */
const refusedAgainPause = { baseMs: 60_000, capMs: 900_000 };
const forgottenAfterMs = 3_600_000;

export function createRenewal(options: RenewalOptions): Renewal {
  return new AccountRenewal(options);
}

class AccountRenewal implements Renewal {
  readonly #options: RenewalOptions;
  /** How often in a row Graph refused two tokens, and when last; empty before. */
  #times = 0;
  #refusedAt = Number.NEGATIVE_INFINITY;

  constructor(options: RenewalOptions) {
    this.#options = options;
  }

  /** The version after the life that the policy left was written into the record; the version before when that failed. */
  async #learned({ record, version }: VaultEntry): Promise<number> {
    const { account, vault, clock } = this.#options;
    const policyLifeMs = policyLifeOf(record, clock.now());
    if (policyLifeMs === record.policyLifeMs) return version;
    const written = await vault.write(account, { ...record, policyLifeMs }, version);
    return written.ok ? written.version : version;
  }

  refusedAgain(refusal: MailError): MailError {
    const { account, clock } = this.#options;
    const { serviceCode, status } = refusal;
    const now = clock.now();
    this.#times = now - this.#refusedAt < forgottenAfterMs ? this.#times + 1 : 1;
    this.#refusedAt = now;
    return new MailError("AUTH_SIGN_IN_REQUIRED", `Graph refuses ${account}'s new access token as well.`, {
      ...signInAgain(account),
      ...adviceOf(refusal),
      ...(serviceCode === undefined ? {} : { serviceCode }),
      ...(status === undefined ? {} : { status }),
      // Nobody may have to act after all: it is tried again by itself.
      notBeforeAt: now + backoffMs(clock, this.#times, refusedAgainPause),
    });
  }

  async opened(): Promise<VaultEntry> {
    const { account, vault, bar } = this.#options;
    let entry: VaultEntry | undefined;
    try {
      entry = await vault.read(account);
    } catch (error) {
      // What ends the daemon, or comes of its end, is no matter of this account.
      const ofAccount = error instanceof MailError && (error.scope === "queue" || error.code === "CONFIG_KEY_INVALID");
      if (ofAccount && !error.retryable) bar.announce(error, await vault.version(account));
      throw error;
    }
    if (entry) return entry;
    const error = new MailError("AUTH_SIGN_IN_REQUIRED", `${account} has not been signed in.`, signInAgain(account, "in"));
    await bar.raise(error, null);
    throw error;
  }

  async renewed(entry: VaultEntry, { claims, signal }: Parameters<Renewal["renewed"]>[1]): Promise<VaultRecord | undefined> {
    const { account, entra, bar, application, scopes } = this.#options;
    const { record } = entry;
    // Another process may have been told of a pause since.
    await bar.throwIfEntraBarred();
    let grant: Grant;
    try {
      grant = await entra.refresh({ scopes: scopes(), cache: record.cache, expected: record, claims, signal });
    } catch (error) {
      const { code, serviceCode = "" } = error instanceof MailError ? error : {};
      // Whoever is refused for a person's sake was not refused for the application's.
      if (code === "AUTH_SIGN_IN_REQUIRED") application.forget(account);
      const version = endedByFrequency(serviceCode) ? await this.#learned(entry) : entry.version;
      if (await bar.raise(error, version, record)) throw error;
      return undefined;
    }
    application.accepted(account);
    const { cache, refreshedAt, expiresAt, scopes: granted, refreshEndsAt } = grant;
    const { refreshEndsAt: _, policyLifeMs, ...kept } = record;
    return {
      ...kept,
      cache,
      refreshedAt,
      expiresAt,
      scopes: [...granted],
      ...(refreshEndsAt === undefined ? {} : { refreshEndsAt }),
      // A sign-in that outlives the policy's life shows that the policy is no more.
      ...(policyLifeMs !== undefined && refreshedAt < record.signedInAt + policyLifeMs * 1.5 ? { policyLifeMs } : {}),
    };
  }
}

/** What is to be done where only a sign-in helps. */
export function signInAgain(account: string, how: "in" | "in again" = "in again") {
  return remedyDetails({ ...signInRemedy, remedy: `Sign ${account} ${how}.` });
}
