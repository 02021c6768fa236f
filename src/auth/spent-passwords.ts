/**
 * Which passwords have been tried in vain, so that none is tried twice: ten bad tries lock an account, and with
 * pass-through authentication repeating one and the same password counts too (entra/identity, smart lockout).
 *
 * Invariants: a try is recorded before it is made, and only over what was read, so that neither a process that starts
 * over and over nor two at once try one over and over; a password is kept only as a salted hash, and that only sealed,
 * under the name it was tried for. It must not know how a password is tried.
 */
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { MailError } from "../base/errors.js";
import { neverByPassword } from "./remedies.js";
import { type SealedStore, untilWritten } from "./sealed-store.js";

export interface SpentPasswords {
  /**
   * Records that the password is about to be tried. `tryAgain` lets it be tried once more, whatever was recorded.
   * @throws MailError `AUTH_SIGN_IN_REQUIRED` when it was tried in vain before, or when no password can pass;
   * `AUTH_VAULT_…` when what was recorded does not open
   */
  begin(attempt: { readonly username: string; readonly password: string; readonly tryAgain: boolean }): Promise<Try>;
}

/** One try. One that is not ended stays recorded: whether it reached Entra is not known. */
export interface Try {
  /** Entra refused it: never again, unless asked for. */
  refused(refusal: MailError): Promise<void>;
  /** It was not tried: Entra was not reached, or had no time. */
  untried(): Promise<void>;
  /** It worked: all that was refused before is forgotten. */
  worked(): Promise<void>;
}

const spentSchema = z.array(
  z.object({
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
type Change = (spent: readonly Spent[]) => readonly Spent[] | Promise<readonly Spent[]>;

const again = "If what hindered it has been mended since, sign in with `tryAgain: true`.";
/** Kept per name; the oldest goes. */
const keptCount = 10;

export function createSpentPasswords(store: SealedStore): SpentPasswords {
  async function read(name: string, tryAgain: boolean): Promise<{ readonly spent: readonly Spent[]; readonly version: number | null }> {
    try {
      const sealed = await store.read(name);
      return { spent: sealed ? parsed(sealed.text) : [], version: sealed?.version ?? null };
    } catch (error) {
      // What does not open may be a refusal of this very password: only whoever says so goes on, and it is replaced.
      if (!(error instanceof MailError) || error.scope !== "queue") throw error;
      if (!tryAgain || !(error.code === "AUTH_VAULT_KEY_UNKNOWN" || error.code === "AUTH_VAULT_TAMPERED")) throw unreadable(error, name);
      return { spent: [], version: await store.version(name) };
    }
  }

  async function change(name: string, tryAgain: boolean, to: Change): Promise<void> {
    await untilWritten(`The record of refused passwords of ${name}`, async () => {
      const { spent, version } = await read(name, tryAgain);
      const next = (await to(spent)).slice(0, keptCount);
      if (next.length > 0) return (await store.write(name, JSON.stringify(next), version)).ok || undefined;
      return version === null || (await store.remove(name, version)) || undefined;
    });
  }

  async function assertUntried(spent: readonly Spent[], username: string, password: string): Promise<void> {
    for (const one of spent) {
      if (one.refusal?.serviceCode && neverByPassword(one.refusal.serviceCode)) throw neverPasses(one.refusal, username);
      if (await isOf(one, password)) throw triedBefore(one.refusal, username);
    }
  }

  return {
    async begin({ username, password, tryAgain }) {
      const name = username.toLowerCase();
      const salt = randomBytes(16);
      const mine: Spent = { salt: salt.toString("base64"), hash: (await hashed(password, salt)).toString("base64") };
      const others = (all: readonly Spent[]) => all.filter(({ hash }) => hash !== mine.hash);
      await change(name, tryAgain, async (all) => {
        if (!tryAgain) await assertUntried(all, username, password);
        return [mine, ...all];
      });
      return {
        refused: ({ message, remedy, who, step, serviceCode }) =>
          change(name, tryAgain, (all) => [{ ...mine, refusal: { message, remedy, who, step, serviceCode } }, ...others(all)]),
        untried: () => change(name, tryAgain, others),
        worked: () => change(name, tryAgain, () => []),
      };
    },
  };
}

function unreadable({ code, message, who }: MailError, name: string): MailError {
  const told = `What passwords of ${name} were refused cannot be read, so none was tried. ${message}`;
  return new MailError(code, told, { remedy: `Put the key back. ${again}`, ...(who ? { who } : {}) });
}

function triedBefore(refusal: Spent["refusal"], username: string): MailError {
  if (refusal) return refusedAsBefore(`This password of ${username} was refused before, so it was not tried again.`, refusal);
  const message = `This password of ${username} was tried before, and how that went was never heard; it was not tried again.`;
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
