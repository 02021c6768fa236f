/**
 * Which passwords have been tried in vain, so that none is tried twice: ten bad tries lock an account, and with
 * pass-through authentication repeating one and the same password counts too (entra/identity, smart lockout).
 *
 * Invariants: a try is recorded before it is made, so that a process that starts over and over does not try over and
 * over; a password is kept only as a salted hash, and that only sealed. It must not know how a password is tried.
 */
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { MailError } from "../base/errors.js";
import { neverByPassword } from "./remedies.js";
import type { SealedStore } from "./sealed-store.js";

export interface SpentPasswords {
  /**
   * Records that the password is about to be tried. `tryAgain` lets it be tried once more.
   * @throws MailError `AUTH_SIGN_IN_REQUIRED` when it was tried in vain before, or when no password can pass
   */
  begin(attempt: {
    readonly account: string;
    readonly username: string;
    readonly password: string;
    readonly tryAgain: boolean;
  }): Promise<Try>;
}

/** One try, to be ended in one of three ways. */
export interface Try {
  /** Entra refused it: never again, unless asked for. */
  refused(refusal: MailError): Promise<void>;
  /** It says nothing about the password: nobody answered, or nobody knows it was tried. */
  undecided(): Promise<void>;
  /** It worked: all that was refused before is forgotten. */
  worked(): Promise<void>;
}

const spentSchema = z.array(
  z.object({
    username: z.string(),
    /** base64. */
    salt: z.string(),
    hash: z.string(),
    /** Why it was refused; absent while it is being tried. */
    refusal: z
      .object({
        message: z.string(),
        remedy: z.string().optional(),
        who: z.enum(["user", "administrator", "developer"]).optional(),
        step: z.string().optional(),
        serviceCode: z.string().optional(),
      })
      .optional(),
  }),
);
type Spent = z.infer<typeof spentSchema>[number];

const again = "If what hindered it has been mended since, sign in with `tryAgain: true`.";
/** Kept per account; the oldest goes. */
const keptCount = 10;
/** More conflicts in a row than this are no race but a fault. */
const mostConflicts = 50;

export function createSpentPasswords(store: SealedStore): SpentPasswords {
  /** A record that does not open holds nobody up: only a sign-in can mend that, and this is one. */
  async function read(account: string): Promise<{ readonly spent: readonly Spent[]; readonly version: number | null }> {
    try {
      const sealed = await store.read(account);
      return { spent: sealed ? parsed(sealed.text) : [], version: sealed?.version ?? null };
    } catch (error) {
      if (!(error instanceof MailError) || error.scope !== "queue") throw error;
      return { spent: [], version: await store.version(account) };
    }
  }

  async function change(account: string, to: (spent: readonly Spent[]) => readonly Spent[]): Promise<void> {
    for (let conflicts = 0; conflicts < mostConflicts; conflicts += 1) {
      const { spent, version } = await read(account);
      const next = to(spent).slice(0, keptCount);
      if (next.length === 0 && version === null) return;
      if ((await store.write(account, JSON.stringify(next), version)).ok) return;
    }
    throw new MailError("STORE_UNAVAILABLE", `The refused passwords of ${account} changed ${mostConflicts} times while they were written.`);
  }

  return {
    async begin({ account, username, password, tryAgain }) {
      const name = username.toLowerCase();
      const { spent } = await read(account);
      for (const one of spent) {
        if (tryAgain || one.username !== name) continue;
        if (one.refusal?.serviceCode && neverByPassword(one.refusal.serviceCode)) throw neverPasses(one.refusal, username);
        if (await isOf(one, password)) throw triedBefore(one.refusal, username);
      }
      const salt = randomBytes(16);
      const mine: Spent = { username: name, salt: salt.toString("base64"), hash: (await hashed(password, salt)).toString("base64") };
      const others = (all: readonly Spent[]) => all.filter(({ hash }) => hash !== mine.hash);
      await change(account, (all) => [mine, ...all]);
      return {
        refused: ({ message, remedy, who, step, serviceCode }) =>
          change(account, (all) => [{ ...mine, refusal: { message, remedy, who, step, serviceCode } }, ...others(all)]),
        undecided: () => change(account, others),
        worked: () => change(account, (all) => all.filter(({ username }) => username !== name)),
      };
    },
  };
}

function triedBefore(refusal: Spent["refusal"], username: string): MailError {
  if (refusal) return refusedAsBefore(`This password of ${username} was refused before, so it was not tried again.`, refusal);
  const message = `This password of ${username} was being tried when the process ended, and how that went is not known; it was not tried again.`;
  return refusedAsBefore(message, { message: "", remedy: "Look at the user's sign-in log before it is tried again." });
}

/** A second factor, a federated account, a policy that wants a device: another password changes nothing. */
function neverPasses(refusal: NonNullable<Spent["refusal"]>, username: string): MailError {
  return refusedAsBefore(`No password of ${username} can pass, so none was tried again.`, refusal);
}

function refusedAsBefore(words: string, { message, remedy, who, step, serviceCode }: NonNullable<Spent["refusal"]>): MailError {
  return new MailError("AUTH_SIGN_IN_REQUIRED", `${words} ${message}`.trim(), {
    remedy: remedy ? `${remedy} ${again}` : again,
    ...(who ? { who } : {}),
    ...(step ? { step } : {}),
    ...(serviceCode ? { serviceCode } : {}),
  });
}

async function isOf({ salt, hash }: Spent, password: string): Promise<boolean> {
  const known = Buffer.from(hash, "base64");
  const given = await hashed(password, Buffer.from(salt, "base64"));
  return known.length === given.length && timingSafeEqual(given, known);
}

function hashed(password: string, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, 32, (error, hash) => (error ? reject(error) : resolve(hash)));
  });
}

/** What is of another form than ours tells nothing. */
function parsed(text: string): readonly Spent[] {
  try {
    return spentSchema.safeParse(JSON.parse(text)).data ?? [];
  } catch {
    return [];
  }
}
