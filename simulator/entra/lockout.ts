/**
 * Smart lockout: wrong passwords add up and lock the account for a while.
 * Invariant: one of the last three wrong passwords tried again does not count; each lock lasts longer than the one before.
 * Source: entra-docs howto-password-smart-lockout (10 failures, 3 in US Government, one minute, then longer). Knows no request.
 */

/** Counts wrong passwords per account. */
export interface Lockout {
  locked(account: string, now: number): boolean;
  /** Notes a wrong password. */
  failed(account: string, password: string, threshold: number, now: number): void;
  /** Notes a right one: the count begins anew. */
  passed(account: string): void;
}

/** Makes a lockout with nothing counted. */
export function createLockout(): Lockout {
  /** By account; an entry vanishes with the next right password. */
  const records = new Map<string, { failures: number; recent: string[]; until: number; locks: number }>();
  return {
    locked: (account, now) => (records.get(account)?.until ?? 0) > now,
    failed(account, password, threshold, now) {
      const record = records.get(account) ?? { failures: 0, recent: [], until: 0, locks: 0 };
      records.set(account, record);
      if (record.recent.includes(password)) return;
      record.recent = [...record.recent.slice(-2), password];
      record.failures += 1;
      if (record.failures < threshold) return;
      record.failures = 0;
      record.until = now + 60_000 * 2 ** record.locks;
      record.locks += 1;
    },
    passed: (account) => void records.delete(account),
  };
}
