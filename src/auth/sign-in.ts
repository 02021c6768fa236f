/**
 * Signing an account in: run the method, confirm whose mailbox it is, write the record; in this order, so that nothing
 * is stored unless all of it went well.
 *
 * Invariants: sign-ins of one account run one after another; a sign-in overwrites what refreshes begun before it wrote;
 * a record that does not open is overwritten by a sign-in only, and the result says so.
 * A method is a row of the table below; this file must not know how any of them works.
 */
import type { Clock } from "../base/clock.js";
import { MailError, type MailErrorCode } from "../base/errors.js";
import type { Acquire, Entra } from "./entra.js";
import type { Grant } from "./grant.js";
import { confirmIdentity, type Identity } from "./identity.js";
import { type PasswordSignIn, passwordFlow } from "./methods/password.js";
import { type RefreshTokenSignIn, refreshTokenFlow } from "./methods/refresh-token.js";
import { createSpentPasswords } from "./spent-passwords.js";
import { accountKey, type Vault } from "./vault.js";
import type { VaultRecord } from "./vault-record.js";

/** How an account can be signed in. */
export type SignInMethod = PasswordSignIn | RefreshTokenSignIn;

/** Asks Graph with a token that is not stored yet. */
export type AskWith = (
  path: string,
  options: { readonly accessToken: string; readonly signal: AbortSignal },
) => Promise<{ readonly status: number; readonly json: unknown }>;

export interface SignInRequest {
  readonly account: string;
  readonly method: SignInMethod;
  readonly scopes: readonly string[];
  /** Ends the sign-in; nothing is stored unless it was already being written. */
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
   * @throws MailError of Entra (see `Entra.acquire`), of the identity (see `confirmIdentity`), of the vault and the store
   */
  run(request: SignInRequest): Promise<SignedIn>;
}

export interface SignInOptions {
  readonly entra: Entra;
  readonly vault: Vault;
  readonly ask: AskWith;
  readonly clock: Clock;
  /** Milliseconds for Entra and Graph together. Default 60,000. */
  readonly timeLimitMs?: number;
}

/** More conflicts in a row than this are no race but a fault. */
const mostConflicts = 50;

export function createSignIn({ entra, vault, ask, clock, timeLimitMs = 60_000 }: SignInOptions): SignIn {
  const spent = createSpentPasswords(clock);
  /** The last sign-in of each account; an account without one under way is not in it. */
  const underWay = new Map<string, Promise<unknown>>();

  const flows: {
    readonly [Name in SignInMethod["method"]]: (method: Extract<SignInMethod, { method: Name }>, account: string) => Acquire;
  } = {
    password: passwordFlow,
    refreshToken: refreshTokenFlow,
  };

  async function acquire({ account, method, scopes }: SignInRequest, signal: AbortSignal): Promise<Grant> {
    const flow = (flows[method.method] as (method: SignInMethod, account: string) => Acquire)(method, account);
    if (method.method !== "password") return entra.acquire({ scopes, signal }, flow);
    const username = method.username ?? account;
    await spent.refuse(username, method.password);
    try {
      const grant = await entra.acquire({ scopes, signal }, flow);
      spent.forget(username);
      return grant;
    } catch (error) {
      await spent.remember(username, method.password, error);
      throw error;
    }
  }

  async function run(request: SignInRequest): Promise<SignedIn> {
    const { account, method } = request;
    // Without a key nothing can be stored: better known before a password or a token is spent.
    await vault.ready();
    const { grant, identity } = await withinLimit(request.signal, async (signal) => {
      const grant = await acquire(request, signal);
      const { accessToken } = grant;
      const identity = await confirmIdentity({ ask: (path) => ask(path, { accessToken, signal }), address: account });
      if (identity.objectId.toLowerCase() !== grant.account.objectId.toLowerCase()) {
        throw new MailError("AUTH_WRONG_ACCOUNT", `Entra and Graph name different users for ${account}; nothing was stored.`);
      }
      return { grant, identity };
    });
    const { cache, account: of, refreshedAt, expiresAt, scopes } = grant;
    const record = { cache, ...of, method: method.method, signedInAt: clock.now(), refreshedAt, expiresAt, scopes: [...scopes] };
    const replaced = await replacedBy(account);
    const version = await overwrite(account, record);
    return { account, method: method.method, ...identity, replaced, record, version };
  }

  async function replacedBy(account: string): Promise<Replaced> {
    try {
      return (await vault.read(account)) ? "record" : "nothing";
    } catch (error) {
      if (error instanceof MailError && (error.code.startsWith("AUTH_VAULT_") || error.code === "STORE_RECORD_INVALID")) return error.code;
      throw error;
    }
  }

  async function overwrite(account: string, record: VaultRecord): Promise<number> {
    for (let conflicts = 0; conflicts < mostConflicts; conflicts += 1) {
      const written = await vault.write(account, record, await vault.version(account));
      if (written.ok) return written.version;
    }
    throw new MailError("STORE_UNAVAILABLE", `The vault record of ${account} changed ${mostConflicts} times while it was being written.`);
  }

  async function withinLimit<T>(outer: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    outer?.throwIfAborted();
    const own = new AbortController();
    const forward = () => own.abort(outer?.reason);
    const stopTimer = clock.startTimer(
      () => own.abort(new MailError("AUTH_TIMEOUT", `The sign-in took longer than ${timeLimitMs} ms.`)),
      timeLimitMs,
    );
    outer?.addEventListener("abort", forward, { once: true });
    try {
      return await work(own.signal);
    } finally {
      stopTimer();
      outer?.removeEventListener("abort", forward);
    }
  }

  return {
    async run(request) {
      const name = accountKey(request.account);
      const before = underWay.get(name);
      const mine = Promise.resolve(before).then(
        () => run(request),
        () => run(request),
      );
      underWay.set(name, mine);
      try {
        return await mine;
      } finally {
        if (underWay.get(name) === mine) underWay.delete(name);
      }
    },
  };
}
