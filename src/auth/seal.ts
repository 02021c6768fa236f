/**
 * Sealing and opening: JWE compact (RFC 7516), `dir` with A256GCM, the key id and the account in the protected header,
 * which is the authenticated data.
 *
 * Invariants: what opens was sealed by one of the ring's keys, for this very account, and is the same text to the last
 * bit. Nothing here falls back to clear text. It must not know what is sealed, nor where it lies.
 */
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from "jose";
import { MailError } from "../base/errors.js";
import type { VaultKey } from "./key-ring.js";

/** What a text is sealed for: it opens nowhere else. */
export interface Purpose {
  readonly account: string;
  /** The space of the store that it lies in. */
  readonly space: string;
  readonly key: VaultKey;
}

const typeOf = (space: string) => `m365-mail-daemon.${space}`;
const allowed = { keyManagementAlgorithms: ["dir"], contentEncryptionAlgorithms: ["A256GCM"] };

/** Seals a text for one account. */
export function seal(text: string, { account, space, key }: Purpose): Promise<string> {
  return new CompactEncrypt(new TextEncoder().encode(text))
    .setProtectedHeader({ alg: "dir", enc: "A256GCM", typ: typeOf(space), kid: key.id, sub: account })
    .encrypt(key.key);
}

/**
 * The id of the key that a sealed text names; not yet proven.
 * @throws MailError `AUTH_VAULT_TAMPERED`
 */
export function keyIdOf(jwe: string, account: string): string {
  let kid: unknown;
  try {
    kid = decodeProtectedHeader(jwe).kid;
  } catch {
    throw tampered(account);
  }
  if (typeof kid !== "string") throw tampered(account);
  return kid;
}

/**
 * Opens what `seal` made for this account and space.
 * @throws MailError `AUTH_VAULT_TAMPERED`
 */
export async function unseal(jwe: string, { account, space, key }: Purpose): Promise<string> {
  if (!isCanonical(jwe)) throw tampered(account);
  try {
    const { plaintext, protectedHeader } = await compactDecrypt(jwe, key.key, allowed);
    if (protectedHeader.typ !== typeOf(space) || protectedHeader.sub !== account) throw tampered(account);
    return new TextDecoder("utf-8", { fatal: true }).decode(plaintext);
  } catch (error) {
    throw error instanceof MailError ? error : tampered(account, error);
  }
}

/**
 * The last character of a base64url part may have spare bits that decoding ignores: a flip there would still open.
 * (Measured with jose 6.2.)
 */
function isCanonical(jwe: string): boolean {
  return jwe.split(".").every((part) => Buffer.from(part, "base64url").toString("base64url") === part);
}

/** The one error for a record that is not what was written. */
export function tampered(account: string, cause?: unknown): MailError {
  return new MailError(
    "AUTH_VAULT_TAMPERED",
    `The vault record of ${account} is not what was sealed for it: changed, copied from another account, or sealed by another key of the same id.`,
    { cause, who: "developer", remedy: "Restore the store from a backup, or sign the account in again: that replaces the record." },
  );
}
