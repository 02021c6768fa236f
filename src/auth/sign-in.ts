/**
 * Signing an account in: run the method, confirm whose mailbox it is, write the record; in this order, so that nothing
 * is stored unless all of it went well.
 *
 * Invariants: sign-ins of one account run one after another; a sign-in overwrites what refreshes begun before it wrote;
 * a record that does not open is overwritten by a sign-in only, and the result says so.
 * This file must not know how any of the methods works.
 */
import type { Clock } from "../base/clock.js";
import { MailError, type MailErrorCode } from "../base/errors.js";
import { sharedWait } from "../base/shared-wait.js";
import type { TokenSource } from "../graph/token.js";
import type { Entra } from "./entra.js";
import type { EntraPause } from "./entra-pause.js";
import type { Grant } from "./grant.js";
import { createGrantedTokens } from "./granted-tokens.js";
import { confirmIdentity, type Identity } from "./identity.js";
import type { Flow } from "./methods/flow.js";
import { remedyDetails, signInRemedy } from "./remedies.js";
import { accountKey, untilWritten } from "./sealed-store.js";
import { flowOf, hasPerson, type SignInMethod, timeLimitOf } from "./sign-in-method.js";
import { createSpentPasswords } from "./spent-passwords.js";
import type { Vault } from "./vault.js";
import type { VaultRecord } from "./vault-record.js";

/** Asks Graph with tokens that are not stored yet, and once more with another where Graph refuses one. */
export type AskWith = (
  path: string,
  options: { readonly tokens: TokenSource; readonly signal: AbortSignal },
) => Promise<{ readonly status: number; readonly json: unknown }>;

export interface SignInRequest {
  readonly account: string;
  readonly method: SignInMethod;
  readonly scopes: readonly string[];
  /** The times before which the account must not ask Entra. */
  readonly pause: EntraPause;
  /** Claims that wait to be answered by a person, JSON. */
  readonly claims?: string | undefined;
  /** Told the claims that this sign-in met and could not answer: for the next one that a person takes part in. */
  readonly onUnanswered: (claims: string) => void;
  /** Ends the sign-in as the method's own signal does; nothing is stored unless it was already being written. */
  readonly signal?: AbortSignal | undefined;
}

/** What a sign-in took the place of: no record, a record, or one that did not open (the code says why). */
export type Replaced = "nothing" | "record" | MailErrorCode;

export interface SignedIn extends Identity {
  readonly account: string;
  readonly method: SignInMethod["method"];
  readonly replaced: Replaced;
  readonly record: VaultRecord;
  /** The store's version of the record. */
  readonly version: number;
}

export interface SignIn {
  /**
   * @throws MailError of Entra (see `Entra.acquire`), of the identity (see `confirmIdentity`), of the vault and the store;
   * `AUTH_TIMEOUT`, `AUTH_REDIRECT_UNAVAILABLE`, or the reason of an abort
   */
  run(request: SignInRequest): Promise<SignedIn>;
}

export interface SignInOptions {
  readonly entra: Entra;
  readonly vault: Vault;
  readonly ask: AskWith;
  readonly clock: Clock;
  /** The authority's host. */
  readonly host: string;
}

export function createSignIn({ entra, vault, ask, clock, host }: SignInOptions): SignIn {
  const spent = createSpentPasswords(vault.refusedPasswords);
  /** What the next sign-in of each account waits for; an account without one under way is not in it. */
  const underWay = new Map<string, Promise<unknown>>();

  async function acquire({ account, method, scopes, claims }: SignInRequest, flow: Flow, signal: AbortSignal): Promise<Grant> {
    // Claims ask for a person; the other ways would only be refused for them. What they can answer Graph asks for itself.
    const acquisition = { scopes, signal, claims: hasPerson(method) ? claims : undefined };
    if (method.method !== "password") return entra.acquire(acquisition, flow);
    const { username = account, password, tryAgain = false } = method;
    // One that is given up while it is recorded stays recorded.
    const attempt = await sharedWait(spent.begin({ username, password, tryAgain }), signal);
    let grant: Grant;
    try {
      grant = await entra.acquire(acquisition, flow);
    } catch (error) {
      if (error instanceof MailError && error.code === "AUTH_SIGN_IN_REQUIRED") await attempt.refused(error);
      else if (error instanceof MailError && wasNotTried(error)) await attempt.untried();
      throw error;
    }
    await attempt.worked();
    return grant;
  }

  async function signIn(request: SignInRequest, signal: AbortSignal): Promise<SignedIn> {
    const { account, method, pause } = request;
    // Without a key nothing can be stored: better known before a password or a token is spent.
    await sharedWait(vault.ready(), signal);
    const early = await pause.current();
    if (early) throw early;
    const flow = flowOf(method, { account, host, clock });
    try {
      const { grant, identity } = await identified(request, flow, signal);
      const { replaced, before } = await sharedWait(replacedBy(account), signal);
      signal.throwIfAborted();
      const record = recordOf(grant, { method: method.method, signedInAt: clock.now(), before });
      const version = await overwrite(account, record);
      await flow.ended?.(undefined);
      return { account, method: method.method, ...identity, replaced, record, version };
    } catch (error) {
      await flow.ended?.(error);
      // Before the next sign-in of the account begins.
      await pause.remember(error);
      throw error;
    }
  }

  async function identified(request: SignInRequest, flow: Flow, signal: AbortSignal) {
    const { account, onUnanswered } = request;
    const tokens = createGrantedTokens(await acquire(request, flow, signal), { account, entra, onUnanswered });
    const identity = await confirmIdentity({ ask: (path) => ask(path, { tokens: tokens.source, signal }), address: account });
    const { grant } = tokens;
    if (identity.objectId.toLowerCase() === grant.account.objectId.toLowerCase()) return { grant, identity };
    const [entras, graphs] = [grant.account.username || grant.account.objectId, identity.userPrincipalName];
    const message = `Entra says that ${entras} signed in, and Graph that it was ${graphs}, for ${account}; nothing was stored.`;
    throw new MailError("AUTH_WRONG_ACCOUNT", message, remedyDetails(signInRemedy));
  }

  async function replacedBy(account: string): Promise<{ readonly replaced: Replaced; readonly before?: VaultRecord }> {
    try {
      const entry = await vault.read(account);
      return entry ? { replaced: "record", before: entry.record } : { replaced: "nothing" };
    } catch (error) {
      if (error instanceof MailError && error.scope === "queue") return { replaced: error.code };
      throw error;
    }
  }

  function overwrite(account: string, record: VaultRecord): Promise<number> {
    return untilWritten(`The vault record of ${account}`, async () => {
      const written = await vault.write(account, record, await vault.version(account));
      return written.ok ? written.version : undefined;
    });
  }

  async function withinLimit<T>({ method, signal: outer }: SignInRequest, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const own = new AbortController();
    const timeLimitMs = timeLimitOf(method);
    const stopTimer = clock.startTimer(() => own.abort(tookTooLong(method, timeLimitMs)), timeLimitMs);
    const signals = [outer, method.signal].filter((signal) => signal !== undefined);
    const forward = ({ target }: Event) => own.abort((target as AbortSignal).reason);
    try {
      for (const signal of signals) {
        signal.throwIfAborted();
        signal.addEventListener("abort", forward, { once: true });
      }
      return await work(own.signal);
    } finally {
      stopTimer();
      for (const signal of signals) signal.removeEventListener("abort", forward);
      // What the method may still be waiting for is not waited for any more.
      own.abort(new MailError("LIFECYCLE_STOPPED", "The sign-in is over."));
    }
  }

  return {
    async run(request) {
      const name = accountKey(request.account);
      const before = underWay.get(name);
      const mine = withinLimit(request, async (signal) => {
        await sharedWait(Promise.resolve(before), signal);
        return signIn(request, signal);
      });
      // One that is given up while it waits lets nobody pass it.
      const both = Promise.allSettled([before, mine]);
      underWay.set(name, both);
      try {
        return await mine;
      } finally {
        if (underWay.get(name) === both) underWay.delete(name);
      }
    },
  };
}

/** Whether no password was looked at; after a broken connection, a gateway's or an on-premises agent's trouble nobody knows. */
function wasNotTried({ code, status, unsent, serviceCode = "" }: MailError): boolean {
  if (code === "AUTH_UNREACHABLE") return unsent === true;
  if (code === "AUTH_UNAVAILABLE") return status === 429 || status === 503 || (status === 400 && !/^AADSTS800\d\d$/.test(serviceCode));
  return code === "AUTH_APP_REFUSED";
}

function tookTooLong(method: SignInMethod, timeLimitMs: number): MailError {
  const message = `The sign-in took longer than ${timeLimitMs} ms.`;
  if (!hasPerson(method)) return new MailError("AUTH_TIMEOUT", message);
  const remedy = { remedy: "Begin the sign-in again, with the new page or code, or give it a longer `timeLimitMs`.", who: "user" } as const;
  return new MailError("AUTH_TIMEOUT", message, remedyDetails({ ...remedy, step: "sign-in" }));
}

interface RecordSource {
  readonly method: SignInMethod["method"];
  readonly signedInAt: number;
  /** The record that it takes the place of, if that opens. */
  readonly before: VaultRecord | undefined;
}

function recordOf(grant: Grant, { method, signedInAt, before }: RecordSource): VaultRecord {
  const { cache, account, refreshedAt, expiresAt, scopes, refreshEndsAt } = grant;
  return {
    cache,
    ...account,
    method,
    signedInAt,
    refreshedAt,
    expiresAt,
    scopes: [...scopes],
    ...(refreshEndsAt === undefined ? {} : { refreshEndsAt }),
    // How long the tenant's policy lets a sign-in live is the tenant's, not the sign-in's.
    ...(before?.policyLifeMs === undefined ? {} : { policyLifeMs: before.policyLifeMs }),
  };
}
