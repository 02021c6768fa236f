/**
 * The face of this floor for the daemon: one object that knows the account of each queue, hands out its tokens, signs it
 * in and out, and tells what happens.
 *
 * Invariants: several queues may share one account, which then has one token source, and asks for the scopes that all
 * of them need; every event names each queue it is about. It must not know how mail is fetched.
 */

import type { Clock } from "../base/clock.js";
import type { Cloud } from "../base/cloud.js";
import { ConfigError, MailError } from "../base/errors.js";
import type { TokenRequest, TokenSource } from "../graph/token.js";
import type { Store } from "../state/store.js";
import type { AccountTokens, TokenState } from "./account-tokens.js";
import { adviceOf } from "./advice.js";
import { alarmOf, endingOf } from "./alarm.js";
import { createApplicationBar } from "./application-bar.js";
import type { Entra } from "./entra.js";
import { createEntraPause, type EntraPause } from "./entra-pause.js";
import type { EmitAuthEvent } from "./events.js";
import type { Identity } from "./identity.js";
import { createKeepAlive } from "./keep-alive.js";
import type { RefreshLease } from "./refresh-lease.js";
import { signInAgain } from "./renewal.js";
import { graphScopes } from "./scopes.js";
import { accountKey } from "./sealed-store.js";
import { type AskWith, createSignIn, type Replaced } from "./sign-in.js";
import { checkedMethod, type SignInMethod } from "./sign-in-method.js";
import { createTokenSource } from "./token-source.js";
import type { RotateResult, Vault } from "./vault.js";

/** What one queue sees of its account's tokens: a token source, and its sign-in. */
export interface QueueTokens extends TokenSource {
  /** See `AccountTokens.watchForSignIn`. */
  watchForSignIn(signal?: AbortSignal): Promise<void>;
  state(): TokenState;
  /** Forgets the token in memory where another process has signed the account out, or in anew. @throws MailError `STORE_…` */
  followRecord(): Promise<void>;
}

/** What a sign-in did. */
export interface SignInResult extends Identity {
  readonly queue: string;
  readonly account: string;
  readonly method: SignInMethod["method"];
  readonly replaced: Replaced;
  /** Epoch milliseconds at which the first access token ends; it is renewed before. */
  readonly expiresAt: number;
}

export interface Accounts {
  /** Makes a queue known; `account` is the sign-in name when the mailbox is shared. */
  add(queue: { readonly address: string; readonly account?: string | undefined }): QueueTokens;
  /** Lets go of a queue, and of its account when no other queue uses it. The vault keeps its record. */
  remove(address: string): Promise<void>;
  /** @throws MailError `LIFECYCLE_UNKNOWN_QUEUE` */
  tokens(address: string): QueueTokens;
  /**
   * Signs the queue's account in. Nothing is stored unless all of it went well.
   * @throws MailError `AUTH_…`, `GRAPH_…`, `STORE_…`, `LIFECYCLE_UNKNOWN_QUEUE`
   */
  signIn(address: string, method: SignInMethod, options?: { readonly signal?: AbortSignal | undefined }): Promise<SignInResult>;
  /** Removes the account's record, for all queues that share it; false when there was none. */
  signOut(address: string): Promise<boolean>;
  /** Seals everything in the vault with the first key of the ring, asked anew. */
  rotateKeys(): Promise<RotateResult>;
  /** Keeps all sign-ins alive from now on, and tells ahead of their ends. */
  keepAlive(): void;
  /** Ends all waits and flights. */
  close(): Promise<void>;
}

export interface AccountsOptions {
  readonly entra: Entra;
  readonly vault: Vault;
  /** Must be open while tokens are asked for. */
  readonly store: Store;
  readonly clock: Clock;
  readonly cloud: Cloud;
  /** Asks Graph who has just signed in. */
  readonly ask: AskWith;
  readonly emit: EmitAuthEvent;
  /** Where several processes share the vault. */
  readonly lease?: RefreshLease | undefined;
}

interface Known {
  readonly name: string;
  readonly pause: EntraPause;
  /** When each queue's mailbox was last refused although its token was new, epoch milliseconds. */
  readonly refusedAt: Map<string, number>;
  /** What the queues need together; changed only when they do. */
  scopes: readonly string[];
  /** Queue address as configured, and whether its mailbox is another's; never empty. */
  readonly queues: Map<string, boolean>;
  readonly source: AccountTokens;
}

/** How long a shared mailbox's refusal counts towards one of the whole account. */
const sharedRefusalMs = 3_600_000;

export function createAccounts({ entra, vault, store, clock, cloud, ask, emit, lease }: AccountsOptions): Accounts {
  const signIn = createSignIn({ entra, vault, ask, clock, host: cloud.authorityHost });
  const application = createApplicationBar({
    clock,
    onRefused: (account, error) =>
      emit("app:refused", { account, ...alarmOf(error, "Compare the app registration with the set-up guide.") }),
    onAccepted: () => emit("app:accepted", {}),
  });
  /** By account, lower case. */
  const accounts = new Map<string, Known>();
  /** By queue address, lower case. */
  const byQueue = new Map<string, Known>();

  const keepAlive = createKeepAlive({
    clock,
    accounts: () => accounts.values(),
    onEnding: ({ name, queues }, end, hindrance) => {
      for (const queue of queues.keys()) emit("token:expiring", { queue, account: name, ...endingOf(name, end, hindrance) });
    },
  });

  function create(name: string): Known {
    const queues = new Map<string, boolean>();
    const each = (tell: (of: { queue: string; account: string }) => void) => {
      for (const queue of queues.keys()) tell({ queue, account: name });
    };
    const pause = createEntraPause({ account: name, store, clock });
    const source = createTokenSource({
      account: name,
      entra,
      vault,
      clock,
      application,
      pause,
      lease,
      scopes: () => account.scopes,
      onRefreshed: (expiresAt) => each((of) => emit("token:refreshed", { ...of, expiresAt })),
      onExpiring: (expiresAt, error) =>
        each((of) =>
          emit("token:expiring", { ...of, token: "access", expiresAt, code: error.code, reason: error.message, ...adviceOf(error) }),
        ),
      onSignedInElsewhere: (method) => each((of) => emit("queue:signed-in", { ...of, method })),
      onSignInRequired: (error) => each((of) => emit("queue:sign-in-required", { ...of, ...alarmOf(error, signInAgain(name).remedy) })),
    });
    const account: Known = { name, queues, source, pause, scopes: [], refusedAt: new Map() };
    return account;
  }

  function scopesOf(queues: ReadonlyMap<string, boolean>): readonly string[] {
    return graphScopes(cloud, [...queues.values()].includes(true));
  }

  function known(address: string): Known {
    const account = byQueue.get(address.toLowerCase());
    if (account) return account;
    throw new MailError("LIFECYCLE_UNKNOWN_QUEUE", `${address} is not one of the daemon's queues.`);
  }

  return {
    add({ address, account: name = address }) {
      const key = accountKey(name);
      const account = accounts.get(key) ?? create(name);
      account.queues.set(address, key !== address.toLowerCase());
      account.scopes = scopesOf(account.queues);
      accounts.set(key, account);
      byQueue.set(address.toLowerCase(), account);
      const { error } = account.source.state();
      if (error) emit("queue:sign-in-required", { queue: address, account: name, ...alarmOf(error, signInAgain(name).remedy) });
      return new TokensOfQueue(account, { address, clock, vault });
    },

    async remove(address) {
      const account = known(address);
      byQueue.delete(address.toLowerCase());
      for (const queue of account.queues.keys()) {
        if (queue.toLowerCase() === address.toLowerCase()) account.queues.delete(queue);
      }
      account.scopes = scopesOf(account.queues);
      if (account.queues.size > 0) return;
      accounts.delete(accountKey(account.name));
      await account.source.close();
    },

    tokens(address) {
      const account = known(address);
      const queue = [...account.queues.keys()].find((one) => one.toLowerCase() === address.toLowerCase()) ?? address;
      return new TokensOfQueue(account, { address: queue, clock, vault });
    },

    async signIn(address, method, { signal } = {}) {
      const { name, queues, source, scopes, pause, refusedAt } = known(address);
      const checked = checkedMethod(method);
      const { openClaims: claims } = source;
      const onUnanswered = (met: string) => {
        source.openClaims = met;
      };
      const done = await signIn.run({ account: name, method: checked, scopes, claims, onUnanswered, pause, signal }).catch((error) => {
        throw ofQueue(error, address);
      });
      source.adopt(done.record, done.version);
      refusedAt.clear();
      for (const queue of queues.keys()) emit("queue:signed-in", { queue, account: name, method: done.method });
      const { objectId, userPrincipalName, replaced, record } = done;
      return { queue: address, account: name, method: done.method, objectId, userPrincipalName, replaced, expiresAt: record.expiresAt };
    },

    async signOut(address) {
      const { name, source } = known(address);
      const removed = await vault.remove(name);
      source.forget({ signedOut: true });
      return removed;
    },

    rotateKeys: () => vault.rotate((account, versions) => accounts.get(account)?.source.renumber(versions)),
    keepAlive: keepAlive.start,

    async close() {
      vault.close();
      await keepAlive.stop();
      const closing = [...accounts.values()].map(({ source }) => source.close());
      accounts.clear();
      byQueue.clear();
      // All of them, before the first failure is told: the store is closed next.
      const failed = (await Promise.allSettled(closing)).find((result) => result.status === "rejected");
      if (failed) throw failed.reason;
    },
  };
}

/**
 * What one queue sees of its account. Graph may refuse a mailbox that is not the account's own for that mailbox's sake:
 * such a refusal stops that queue alone, unless every queue of the account has met one within the hour.
 */
class TokensOfQueue implements QueueTokens {
  readonly #account: Known;
  readonly #address: string;
  readonly #clock: Clock;
  readonly #vault: Vault;

  constructor(account: Known, { address, clock, vault }: { readonly address: string; readonly clock: Clock; readonly vault: Vault }) {
    this.#account = account;
    this.#address = address;
    this.#clock = clock;
    this.#vault = vault;
  }

  get(request?: TokenRequest): Promise<string> {
    return this.#account.source.get(request);
  }

  watchForSignIn(signal?: AbortSignal): Promise<void> {
    return this.#account.source.watchForSignIn(signal);
  }

  state(): TokenState {
    return this.#account.source.state();
  }

  async followRecord(): Promise<void> {
    const { name, source } = this.#account;
    const { version } = source;
    if (version === undefined) return;
    const there = await this.#vault.version(name);
    // A sign-in here may have come meanwhile.
    if (there !== version && source.version === version) source.forget({ signedOut: there === null });
  }

  async refusedAgain(refusal: Parameters<TokenSource["refusedAgain"]>[0]): Promise<MailError> {
    return this.#isOfAccount(refusal.claims) ? this.#account.source.refusedAgain(refusal) : refusal.error;
  }

  get owner(): string | undefined {
    return this.#isOwn ? this.#account.source.owner : undefined;
  }

  get ownerName(): string | undefined {
    return this.#isOwn ? this.#account.source.ownerName : undefined;
  }

  get #isOwn(): boolean {
    return this.#account.queues.get(this.#address) === false;
  }

  #isOfAccount(claims: string | undefined): boolean {
    const { queues, refusedAt } = this.#account;
    const now = this.#clock.now();
    refusedAt.set(this.#address, now);
    const recent = [...queues.keys()].filter((queue) => now - (refusedAt.get(queue) ?? Number.NEGATIVE_INFINITY) < sharedRefusalMs);
    return this.#isOwn || claims !== undefined || recent.length === queues.size;
  }
}

/** The error as the queue's own, whatever name it was met by: also the address is the host's to see. */
function ofQueue(error: unknown, queue: string): unknown {
  if (!(error instanceof MailError) || error instanceof ConfigError || error.queue === queue) return error;
  return new MailError(error.code, error.message, { ...error, cause: error.cause, queue });
}
