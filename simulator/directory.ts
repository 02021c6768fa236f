/**
 * The accounts of the one tenant, as Entra and Graph see them.
 * Invariant: addresses and object ids are unique and compared without case. Knows no request and no token.
 */
import type { Mailbox } from "./mailbox/mailbox.js";
import type { RouteName } from "./traffic/route-name.js";
import type { UserState } from "./user-state.js";

/** What continuous access evaluation holds against an account's tokens. */
export interface Evaluation {
  epoch: number;
  /** Seconds since 1970 of the last event; what a challenge asks for. */
  notBefore: number;
  /** Set when a token must have been asked for with the challenge's own claims. */
  required: { readonly notBefore: string; readonly routes: readonly RouteName[] | undefined } | undefined;
}

/** One account. */
export interface Account {
  /** Another one once the user was made anew. */
  objectId: string;
  /** Lower case. */
  readonly address: string;
  readonly displayName: string;
  readonly aliases: readonly string[];
  /** Undefined while no licence carries it. */
  readonly mailbox: Mailbox | undefined;
  readonly state: UserState;
  /** Object ids of those who were let into the mailbox. */
  readonly sharedWith: Set<string>;
  /** Undefined: no password ever fits. */
  password: string | undefined;
  /** Refresh tokens of an earlier epoch are revoked. */
  refreshEpoch: number;
  /** Access tokens of an earlier epoch are dead. */
  accessEpoch: number;
  /** The last event that continuous access evaluation knows: tokens with `cp1` of an earlier epoch are challenged. */
  readonly evaluation: Evaluation;
}

/** The accounts. */
export interface Directory {
  add(account: Account): void;
  /** Calls the account by a new object id; the old one names nobody any more. */
  rename(account: Account, objectId: string): void;
  /** By object id or sign-in name; aliases do not sign in. */
  find(key: string): Account | undefined;
  /** Whether the name is a domain of the tenant. */
  hasDomain(domain: string): boolean;
}

/** Makes an empty directory. */
export function createDirectory(): Directory {
  const accounts = new Map<string, Account>();
  return {
    add(account) {
      for (const key of [account.address, account.objectId]) {
        if (accounts.has(key)) throw new Error(`The simulator already has a user ${key}.`);
      }
      accounts.set(account.address, account);
      accounts.set(account.objectId, account);
    },
    rename(account, objectId) {
      accounts.delete(account.objectId);
      account.objectId = objectId;
      accounts.set(objectId, account);
    },
    find: (key) => accounts.get(key.toLowerCase()),
    hasDomain: (domain) => [...accounts.keys()].some((key) => key.endsWith(`@${domain.toLowerCase()}`)),
  };
}
