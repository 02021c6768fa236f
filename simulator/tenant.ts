/**
 * The users of the tenant, made and found by address.
 * Invariant: a user found again is the same object. Knows no request.
 */
import type { Account, Directory } from "./directory.js";
import type { TokenIssuer } from "./entra/token-issuer.js";
import { issuedSecret } from "./issued-secret.js";
import { createMailbox } from "./mailbox/mailbox.js";
import { type SimulatedMailbox, showMailbox } from "./mailbox/simulated-mailbox.js";
import type { Random } from "./random.js";
import type { Settings } from "./settings.js";
import type { NewUser, SimulatedUser } from "./simulated-user.js";

/** What a tenant stands on. */
export interface TenantWorld {
  readonly settings: Settings;
  readonly directory: Directory;
  readonly issuer: TokenIssuer;
  readonly random: Random;
}

/** The users. */
export interface Tenant {
  addUser(options: NewUser): SimulatedUser;
  user(address: string): SimulatedUser;
  mailbox(address: string): SimulatedMailbox;
}

/** Makes a tenant without users. */
export function createTenant({ settings, directory, issuer, random }: TenantWorld): Tenant {
  /** By address, lower case. */
  const users = new Map<string, SimulatedUser>();

  function user(address: string): SimulatedUser {
    const found = users.get(address.toLowerCase());
    if (!found) throw new Error(`The simulator has no user ${address}.`);
    return found;
  }

  return {
    user,
    mailbox: (address) => user(address).mailbox,
    addUser(options) {
      const address = options.address.toLowerCase();
      const displayName = options.displayName ?? options.address.split("@")[0] ?? options.address;
      const mailbox = options.mailbox === false ? undefined : createMailbox({ address, displayName }, settings.now, random.fork(address));
      const account: Account = {
        objectId: (options.objectId ?? random.fork(`id of ${address}`).guid()).toLowerCase(),
        address,
        displayName,
        aliases: (options.aliases ?? []).map((alias) => alias.toLowerCase()),
        mailbox,
        consented: options.consented ?? true,
        mfaRequired: options.mfaRequired ?? false,
        disabled: options.disabled ?? false,
        password: options.password,
        refreshEpoch: 0,
        accessEpoch: 0,
      };
      directory.add(account);
      if (account.password !== undefined) issuedSecret("password", account.password);
      const made = showUser(account, mailbox && showMailbox(mailbox), issuer);
      users.set(address, made);
      return made;
    },
  };
}

function showUser(account: Account, mailbox: SimulatedMailbox | undefined, issuer: TokenIssuer): SimulatedUser {
  return {
    address: account.address,
    objectId: account.objectId,
    get mailbox() {
      if (!mailbox) throw new Error(`The simulated user ${account.address} has no mailbox.`);
      return mailbox;
    },
    issueRefreshToken: () => issuer.refresh(account),
    revokeSessions() {
      account.refreshEpoch += 1;
      account.accessEpoch += 1;
    },
    setPassword(password) {
      account.password = issuedSecret("password", password);
      // Source: entra-docs refresh-tokens: a password-based token ends with the password; access tokens run out by themselves.
      account.refreshEpoch += 1;
    },
  };
}
