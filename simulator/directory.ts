/**
 * The accounts of the one tenant, as Entra and Graph see them.
 * Invariant: addresses and object ids are unique and compared without case. Knows no request and no token.
 */
import type { Mailbox } from "./mailbox/mailbox.js";

/** One account. */
export interface Account {
  readonly objectId: string;
  /** Lower case. */
  readonly address: string;
  readonly displayName: string;
  readonly aliases: readonly string[];
  readonly mailbox: Mailbox | undefined;
  readonly consented: boolean;
  readonly mfaRequired: boolean;
  readonly disabled: boolean;
  /** Undefined: no password ever fits. */
  password: string | undefined;
  /** Refresh tokens of an earlier epoch are revoked. */
  refreshEpoch: number;
  /** Access tokens of an earlier epoch are dead. */
  accessEpoch: number;
}

/** The accounts. */
export interface Directory {
  add(account: Account): void;
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
    find: (key) => accounts.get(key.toLowerCase()),
    hasDomain: (domain) => [...accounts.keys()].some((key) => key.endsWith(`@${domain.toLowerCase()}`)),
  };
}
