/**
 * The keys of a ring as text, wherever text is kept: `id:base64key`, divided by commas or line ends, the first seals.
 * Blank lines and lines that begin with `#` are left out.
 *
 * Invariant: an error names a key by its place in the text and never repeats the text. It must not know where the text is kept.
 */
import { ConfigError } from "../base/errors.js";
import { checkedKeys, type VaultKey, type VaultKeyInput } from "./key-ring.js";

/** A key with its id, or as `generateKey()` and `openssl rand -base64 32` print it. */
const keyAlone = /^([A-Za-z0-9._-]{2,64}:)?[A-Za-z0-9+/_-]{43}=$/;
const keyWithId = /^[A-Za-z0-9._-]{2,64}:[A-Za-z0-9+/_-]{43}$/;

/**
 * The keys that a text holds; none when there is nothing but blanks and comments.
 * @param where what holds the text, as messages name it
 * @throws ConfigError `CONFIG_KEY_INVALID`
 */
export function parseKeyText(text: string, where: string): readonly VaultKey[] {
  const parts = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .flatMap((line) => line.split(","));
  if (parts.length === 0) return [];
  return checkedKeys(
    parts.map((part, index) => parsed(part, `key ${index + 1} of ${where}`)),
    where,
  );
}

/** The keys as a text that `parseKeyText` reads, one a line. */
export function formatKeyText(keys: readonly VaultKey[]): string {
  return keys.map(({ id, key }) => `${id}:${Buffer.from(key).toString("base64")}\n`).join("");
}

/**
 * The text, unless it is a key where the name of a place was expected: such a name is repeated in messages.
 * @param option what was given, as messages name it
 * @throws ConfigError `CONFIG_KEY_INVALID`
 */
export function checkedPlace(text: unknown, option: string, expectation: string): string {
  const isText = typeof text === "string" && text !== "" && !text.includes("\0");
  const hasKey = isText && text.split(/[\s,]+/).some((part) => keyAlone.test(part) || keyWithId.test(part));
  if (isText && !hasKey) return text;
  const got = hasKey ? "a key itself" : typeof text === "string" ? "an unusable text" : `a value of type ${typeof text}`;
  throw new ConfigError("CONFIG_KEY_INVALID", `Expected ${option} to be ${expectation}, got ${got}.`, { who: "developer" });
}

function parsed(part: string, place: string): VaultKeyInput {
  const colon = part.indexOf(":");
  if (colon >= 1) return { id: part.slice(0, colon).trim(), key: part.slice(colon + 1).trim() };
  throw new ConfigError("CONFIG_KEY_INVALID", `Expected ${place} to read \`id:base64key\`.`, {
    who: "developer",
    remedy: "Write an id of your choice, a colon and the key, for instance `key1:` and what generateKey() returns.",
  });
}
