/**
 * Checks who somebody is by name and password, the same at every door.
 * Invariant: a locked account is refused whatever the password; a wrong password always counts. Knows no door.
 */
import type { SimulatedCloud } from "../cloud.js";
import type { Account } from "../directory.js";
import { tellSecret } from "../secret-channel.js";
import type { EntraWorld } from "./grant.js";
import { EntraRefusal } from "./refusal.js";

/** The account of that sign-in name. Throws 50034. */
export function findPerson(username: string, { directory }: EntraWorld): Account {
  const account = username.includes("@") ? directory.find(username) : undefined;
  if (!account) throw new EntraRefusal(50034);
  return account;
}

/** Throws 50053, 50126, 50057 and 50055. */
export function checkPassword(account: Account, password: string, { lockout, settings }: EntraWorld, cloud: SimulatedCloud): void {
  const now = settings.now();
  if (lockout.locked(account.address, now)) throw new EntraRefusal(50053);
  if (account.password !== password) {
    // A mistyped password is a secret too, often one letter from the right one.
    tellSecret("password", password);
    lockout.failed(account.address, password, cloud.lockoutAfter, now);
    throw new EntraRefusal(lockout.locked(account.address, now) ? 50053 : 50126);
  }
  lockout.passed(account.address);
  checkAccount(account);
  if (account.state.passwordExpired) throw new EntraRefusal(50055);
}

/** Throws 50057. */
export function checkAccount(account: Account): void {
  if (account.state.disabled) throw new EntraRefusal(50057);
}
