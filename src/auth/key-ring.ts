/**
 * The keys that seal the vault: what a ring of them is, and what a key must be like wherever it comes from.
 *
 * Invariants: the first key seals, every key opens; each is exactly 32 bytes under a plain id. An error names the key
 * by its id or place, never by its content. This file must not know what the keys seal, nor where they are kept.
 */
import { randomBytes } from "node:crypto";
import { ConfigError, MailError } from "../base/errors.js";

export interface VaultKey {
  /** 1 to 64 of `A-Z a-z 0-9 . _ -`; stands in the clear beside each record that the key sealed. */
  readonly id: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/** A key as a host may write it: the bytes, or their base64 (or base64url) text. */
export interface VaultKeyInput {
  readonly id: string;
  readonly key: string | Uint8Array;
}

export interface KeyRing {
  /**
   * The keys, the first of which seals; asked when the vault is first used, and again when a record names an unknown key.
   * @throws ConfigError `CONFIG_KEY_INVALID`; MailError `AUTH_VAULT_KEY_MISSING`, `AUTH_VAULT_KEY_LOCKED`
   */
  load(): Promise<readonly VaultKey[]>;
}

/** A host's own source of keys, a KMS for example. */
export type KeyFunction = () => Promise<readonly VaultKeyInput[]>;

const keyBytes = 32;
const idPattern = /^[A-Za-z0-9._-]{1,64}$/;
/** 32 bytes as base64url, whose letters an id may have too. */
const keyPattern = /^[A-Za-z0-9_-]{43}$/;

/**
 * A ring of keys given outright.
 * @throws ConfigError `CONFIG_KEY_INVALID`
 */
export function keyRing(keys: readonly VaultKeyInput[]): KeyRing {
  const checked = checkedKeys(keys, "keyRing");
  return { load: () => Promise.resolve(checked) };
}

/**
 * Any of the forms in which a host may give its keys, as one ring; what a function answers is checked at each load.
 * @throws ConfigError `CONFIG_KEY_INVALID`
 */
export function asKeyRing(given: KeyRing | KeyFunction): KeyRing {
  if (typeof given === "function") {
    return { load: async () => checkedKeys(await loaded(given, "function"), "the function given as `vaultKeys`") };
  }
  if (typeof given?.load === "function") {
    return { load: async () => checkedKeys(await loaded(() => given.load(), "key ring"), "the key ring") };
  }
  throw new ConfigError("CONFIG_KEY_INVALID", "Expected `vaultKeys` to be a key ring or a function that resolves with keys.");
}

/** A new random key: 32 bytes as base64. */
export function generateKey(): string {
  return randomBytes(keyBytes).toString("base64");
}

async function loaded(source: KeyFunction, what: string): Promise<readonly VaultKeyInput[]> {
  try {
    return await source();
  } catch (error) {
    if (error instanceof MailError) throw error;
    // The host's error is not kept: whoever handles keys may have put one into it.
    const name = error instanceof Error ? error.name : typeof error;
    throw new MailError("AUTH_VAULT_KEY_MISSING", `The ${what} given as \`vaultKeys\` failed (${name}), so the vault has no key.`, {
      who: "developer",
      remedy: "Look into the key service that the function asks; the queues go on by themselves once it answers.",
    });
  }
}

/**
 * The keys as bytes, if each is one and their ids differ.
 * @param where what holds the keys, as messages name it
 * @throws ConfigError `CONFIG_KEY_INVALID`
 */
export function checkedKeys(keys: readonly VaultKeyInput[], where: string): readonly VaultKey[] {
  if (!Array.isArray(keys) || keys.length === 0) invalid(where, "to hold at least one key");
  const seen = new Set<string>();
  return keys.map((given: VaultKeyInput, index) => {
    const place = `key ${index + 1} of ${where}`;
    const id: unknown = given?.id;
    // An odd id is not repeated: a key put in the wrong place would be printed, and stand beside what it sealed.
    if (typeof id !== "string" || !idPattern.test(id)) invalid(`the id of ${place}`, "to be 1 to 64 of A-Z a-z 0-9 . _ -");
    if (keyPattern.test(id)) invalid(`the id of ${place}`, "to be no key itself");
    const named = `${place} ("${id}")`;
    if (seen.has(id)) invalid(named, "to have an id of its own");
    seen.add(id);
    return { id, key: checkedBytes(given.key, named) };
  });
}

function checkedBytes(key: unknown, named: string): Uint8Array {
  if (key instanceof Uint8Array) {
    if (key.byteLength !== keyBytes) invalid(named, `to be ${keyBytes} bytes long, got ${key.byteLength}`);
    return Uint8Array.from(key);
  }
  if (typeof key !== "string" || key === "") invalid(named, `to be ${keyBytes} bytes, or their base64 text`);
  const bytes = Buffer.from(key, "base64");
  // Node skips what is no base64; only a text that comes back the same was one.
  const plain = (text: string) => text.replace(/=+$/, "").replaceAll("-", "+").replaceAll("_", "/");
  if (plain(bytes.toString("base64")) !== plain(key)) invalid(named, "to be base64");
  if (bytes.byteLength !== keyBytes) invalid(named, `to be ${keyBytes} bytes long, got ${bytes.byteLength}`);
  return Uint8Array.from(bytes);
}

function invalid(what: string, expectation: string): never {
  throw new ConfigError("CONFIG_KEY_INVALID", `Expected ${what} ${expectation}.`, {
    who: "developer",
    remedy: "generateKey() makes a key of the right form.",
  });
}
