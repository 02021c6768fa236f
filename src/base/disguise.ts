/**
 * Addresses as they may stand where anybody reads them, in logs and health answers: a hash in the place of the local
 * part, so that one address can be told from another and found again by whoever knows it.
 *
 * Invariant: no local part of an address is left in a text, wherever in it the address stands and however it is quoted.
 */
import { hash } from "node:crypto";

/** What the options allow as an address, and the same in a URL; of a text around it rather too much is taken than too little. */
const address = /([^\s@"(),:;<>[\]\\]{1,320}?)(?:@|%40)((?:[a-z0-9-]+\.)+[a-z0-9-]+)/gi;

/**
 * `support@contoso.com` as `65Yv8X2GJiEtAUHg@contoso.com`: the first 16 characters of the SHA-256 of the address in lower
 * case, as base64url, and the domain as it was.
 */
export function disguised(text: string): string {
  return text.replace(address, (_, local: string, domain: string) => `${hashOf(`${local}@${domain}`)}@${domain}`);
}

function hashOf(text: string): string {
  return hash("sha256", text.toLowerCase(), "base64url").slice(0, 16);
}
