/**
 * Names and addresses of a mail, read leniently: what programs that send mail get wrong is put right where it is plain.
 *
 * Invariant: nothing is invented and no recipient is left out that Graph gave as an object or a text; an address that is
 * none stays as it is, but for control characters, which could begin another header where a host writes it into one.
 */
import { isObject, type Json } from "../graph/wire.js";
import { mailList, mailText } from "./mail-text.js";

export interface MailAddress {
  /** Display name; empty when there is none. */
  readonly name: string;
  /** The bare address where one can be told, otherwise what the mail gave in its place; empty when there is none. */
  readonly address: string;
}

/** Longer ones are left as they are: the longest address has 254 characters, the longest path 256 (RFC 5321 §4.5.3.1.3). */
const longest = 2_000;
/** Plain enough to tell an address from a name; not a check of it. */
const addressLike = /^[^\s@<>"]+@[^\s@<>"]+$/;

/** Absent where Graph says nothing that could be one. */
export function readAddress(value: Json | undefined): MailAddress | undefined {
  const inner = isObject(value) ? (value.emailAddress ?? value) : value;
  if (typeof inner === "string") {
    const read = put({ name: "", address: mailText(inner) });
    return isAddressLike(read.address) ? read : undefined;
  }
  const isOne = isObject(inner) && (inner !== value || "address" in inner || "name" in inner);
  return isOne ? put({ name: mailText(inner.name), address: mailText(inner.address) }) : undefined;
}

export function readAddresses(value: Json | undefined): MailAddress[] {
  return mailList(value)
    .map(readAddress)
    .filter((found) => found !== undefined);
}

/** Whether it looks like a bare address. */
export function isAddressLike(text: string): boolean {
  return text.length <= longest && addressLike.test(text);
}

function put({ name, address }: MailAddress): MailAddress {
  if (address.length > longest || name.length > longest) return { name, address: withoutControls(address) };
  const given = bare(address);
  if (isAddressLike(given)) return { name: named(name), address: given };
  const whole = bracketed(given);
  if (whole) return { name: named(name.trim() === "" || name === address ? whole.before : name), address: bare(whole.inside) };
  const { before = "", inside: swapped = name } = bracketed(name) ?? {};
  if (isAddressLike(bare(swapped))) return { name: named(given || before), address: bare(swapped) };
  return { name: named(name), address: given };
}

/** What ends with one pair of brackets. Not by a regular expression: one that looks for the blanks takes seconds for a name of nothing else. */
function bracketed(text: string): { readonly before: string; readonly inside: string } | undefined {
  const trimmed = text.trimEnd();
  const open = trimmed.indexOf("<");
  const close = trimmed.indexOf(">");
  if (open < 0 || close < open || close !== trimmed.length - 1 || trimmed.lastIndexOf("<") !== open) return undefined;
  return { before: trimmed.slice(0, open), inside: trimmed.slice(open + 1, close).trim() };
}

/** Without quotes around it and without `mailto:`. */
function bare(text: string): string {
  const plain = withoutControls(text).trim();
  return unquoted(plain)
    .trim()
    .replace(/^mailto:/i, "");
}

function named(text: string): string {
  return unquoted(text.trim());
}

function unquoted(text: string): string {
  return /^"[^"]*"$/.test(text) || /^'[^']*'$/.test(text) ? text.slice(1, -1) : text;
}

function withoutControls(text: string): string {
  return text.replace(/\p{Cc}/gu, "");
}
