/**
 * Keys as bytes: the check of a key, and an encoding whose byte order is the contract's order.
 *
 * Invariant: `encodeKey(a) < encodeKey(b)` exactly when `a` comes before `b`, and the encoding of a key that extends
 * another begins with the other's encoding. What the keys mean is not known here.
 */
import { MailError } from "../base/errors.js";
import type { Key } from "./store.js";

/**
 * A key as text of one character per byte, so that JavaScript's own `<` compares bytes.
 * Each part is a tag and its content: `01` and 7 bytes, highest first, for a number; `02`, UTF-8 and a closing `00` for a string.
 */
export type KeyBytes = string;

const numberTag = "\x01";
const stringTag = "\x02";
const stringEnd = "\x00";

/** Sorts after every extension of a key when appended to its bytes. */
export const afterAllExtensions = "\xff";

const maxParts = 8;
const maxBytes = 1_000;
const highWordUnit = 2 ** 32;

/** Its UTF-8 form is itself. */
const plainText = /^\p{ASCII}*$/u;
const loneSurrogate = /\p{Surrogate}/u;

/** @throws MailError `STORE_INVALID_ARGUMENT` for a key outside the contract. */
export function encodeKey(key: Key): KeyBytes {
  // Callers in plain JavaScript hand in anything.
  const parts: unknown = key;
  if (!Array.isArray(parts)) throw invalid(parts, "a key is an array of a space and its parts");
  if (parts.length < 1 || parts.length > maxParts) throw invalid(parts, `a key has 1 to ${maxParts} parts`);
  if (typeof parts[0] !== "string") throw invalid(parts, "the first part, the space, is a string");
  let bytes = "";
  for (let at = 0; at < parts.length; at += 1) {
    const part: unknown = parts[at];
    if (typeof part === "string") bytes += stringTag + utf8(part, parts) + stringEnd;
    else if (typeof part === "number") bytes += numberTag + bigEndian(part, parts);
    else throw invalid(parts, "a part is a string or a number");
  }
  if (bytes.length > maxBytes) {
    throw invalid(parts, `a key takes at most ${maxBytes} bytes, and this one takes ${bytes.length}`);
  }
  return bytes;
}

/** The key that was encoded; a new array on every call. */
export function decodeKey(bytes: KeyBytes): Key {
  const parts: (string | number)[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (bytes[at] === numberTag) {
      parts.push(readBigEndian(bytes, at + 1));
      at += 8;
    } else {
      const end = bytes.indexOf(stringEnd, at);
      const text = bytes.slice(at + 1, end);
      parts.push(plainText.test(text) ? text : Buffer.from(text, "latin1").toString("utf8"));
      at = end + 1;
    }
  }
  // Only encoded keys come in, and those begin with a string.
  return parts as unknown as Key;
}

/** A key in words, for messages. */
export function keyText(key: unknown): string {
  const text = Array.isArray(key) ? `[${key.map(partText).join(", ")}]` : partText(key);
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function partText(part: unknown): string {
  return typeof part === "string" ? JSON.stringify(part) : typeof part === "object" && part !== null ? "an object" : String(part);
}

function utf8(text: string, key: unknown): string {
  // Refused before any work is done on it.
  if (text.length > maxBytes) throw invalid(key, `a key takes at most ${maxBytes} bytes`);
  if (text.includes("\0")) throw invalid(key, "a part holds no NUL character");
  if (plainText.test(text)) return text;
  if (loneSurrogate.test(text)) throw invalid(key, "a part holds half of a surrogate pair, which has no UTF-8 form");
  return Buffer.from(text, "utf8").toString("latin1");
}

function bigEndian(value: number, key: unknown): string {
  if (!Number.isSafeInteger(value) || value < 0) throw invalid(key, "a number in a key is a safe integer >= 0");
  const high = Math.floor(value / highWordUnit);
  const low = value % highWordUnit;
  return String.fromCharCode(
    (high >>> 16) & 0xff,
    (high >>> 8) & 0xff,
    high & 0xff,
    low >>> 24,
    (low >>> 16) & 0xff,
    (low >>> 8) & 0xff,
    low & 0xff,
  );
}

function readBigEndian(bytes: KeyBytes, from: number): number {
  let value = 0;
  for (let at = from; at < from + 7; at += 1) value = value * 256 + bytes.charCodeAt(at);
  return value;
}

function invalid(key: unknown, expectation: string): MailError {
  return new MailError("STORE_INVALID_ARGUMENT", `The store cannot take the key ${keyText(key)}: ${expectation}.`);
}
