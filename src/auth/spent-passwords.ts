/**
 * Which passwords have been tried and refused, so that none is tried twice: ten bad tries lock an account, and with
 * pass-through authentication repeating one and the same password counts too (entra/identity, smart lockout).
 *
 * Invariant: a password is kept only as a salted hash, and only in memory.
 */
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import type { Clock } from "../base/clock.js";
import { MailError } from "../base/errors.js";

export interface SpentPasswords {
  /**
   * @throws MailError with the code of the first refusal, when this password was refused before
   */
  refuse(username: string, password: string): Promise<void>;
  /** Remembers a refusal, when it is one that trying again cannot mend. */
  remember(username: string, password: string, refusal: unknown): Promise<void>;
  /** Forgets the account's refusals, after a sign-in that worked. */
  forget(username: string): void;
}

interface Spent {
  readonly salt: Buffer;
  readonly hash: Buffer;
  readonly refusal: MailError;
  /** Epoch milliseconds after which the password may be tried again. */
  readonly until: number;
}

/** Refusals that say the password itself is no good, or that tries are being counted. */
const untilChanged = new Set(["AADSTS50126", "AADSTS50064", "AADSTS50053", "AADSTS50055", "AADSTS50144", "AADSTS50056"]);
/** Others (a policy, a second factor, consent) can be mended without a new password. */
const otherwiseMs = 5 * 60_000;
/** Kept per account; the oldest goes. */
const keptCount = 10;

export function createSpentPasswords(clock: Clock): SpentPasswords {
  /** By sign-in name; an account without a refused password is not in it. */
  const spent = new Map<string, Spent[]>();

  return {
    async refuse(username, password) {
      for (const { salt, hash, refusal, until } of spent.get(username.toLowerCase()) ?? []) {
        if (clock.now() >= until || !timingSafeEqual(await hashed(password, salt), hash)) continue;
        throw new MailError(refusal.code, `This password was refused before, so it was not tried again. ${refusal.message}`, {
          ...(refusal.remedy ? { remedy: refusal.remedy } : {}),
          ...(refusal.serviceCode ? { serviceCode: refusal.serviceCode } : {}),
          ...(until === Number.POSITIVE_INFINITY ? {} : { notBeforeAt: until }),
        });
      }
    },

    async remember(username, password, refusal) {
      if (!(refusal instanceof MailError) || refusal.code !== "AUTH_SIGN_IN_REQUIRED") return;
      const forGood = refusal.serviceCode === undefined || untilChanged.has(refusal.serviceCode);
      const salt = randomBytes(16);
      const entry = {
        salt,
        hash: await hashed(password, salt),
        refusal,
        until: forGood ? Number.POSITIVE_INFINITY : clock.now() + otherwiseMs,
      };
      const name = username.toLowerCase();
      spent.set(name, [entry, ...(spent.get(name) ?? [])].slice(0, keptCount));
    },

    forget: (username) => void spent.delete(username.toLowerCase()),
  };
}

function hashed(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, 32, (error, hash) => (error ? reject(error) : resolve(hash)));
  });
}
