/** Keys as text: what is read, what is refused, and that no refusal repeats it. */
import { afterEach, describe, expect, it } from "vitest";
import { environmentKeys } from "../../../src/auth/environment-keys.js";
import { keyFile } from "../../../src/auth/key-file.js";
import { generateKey, keyRing } from "../../../src/auth/key-ring.js";
import { formatKeyText, parseKeyText } from "../../../src/auth/key-text.js";
import { keychainKeys } from "../../../src/auth/keychain-keys.js";
import { ConfigError } from "../../../src/base/errors.js";
import { leaks, rejected } from "../../support/rejection.js";

const [first, second] = [generateKey(), generateKey()];
const secrets = [first, second].flatMap((key) => [key, key.slice(4, 24)]);

function refused(run: () => unknown): ConfigError {
  let error: unknown;
  try {
    run();
  } catch (reason) {
    error = reason;
  }
  expect(error).toBeInstanceOf(ConfigError);
  expect(leaks(error, secrets)).toEqual([]);
  return error as ConfigError;
}

describe("the text of a key ring", () => {
  it.each([
    ["commas", `new:${first},old:${second}`],
    ["commas and blanks", ` new : ${first} , old:${second} `],
    ["lines", `new:${first}\nold:${second}\n`],
    ["lines of Windows, with its mark at the start", `\uFEFFnew:${first}\r\nold:${second}\r\n`],
    ["lines with comments and blank ones", `# since May\nnew:${first}\n\n  # until it is gone\nold:${second}`],
  ])("is divided by %s, and keeps its order", (_, text) => {
    expect(parseKeyText(text, "the text").map(({ id, key }) => [id, Buffer.from(key).toString("base64")])).toEqual([
      ["new", first],
      ["old", second],
    ]);
  });

  it("holds no key when there are only blanks and comments", () => {
    expect(parseKeyText(" \n# new:\n\n", "the text")).toEqual([]);
  });

  it.each([
    ["a key without an id", first, /key 1 of the text to read `id:base64key`/],
    ["an empty part", `new:${first},,old:${second}`, /key 2 of the text to read/],
    ["a short key", `new:${first}\nold:${second.slice(0, 40)}`, /key 2 of the text \("old"\) to be 32 bytes long, got 30/],
    ["a long key", `new:${Buffer.alloc(33, 7).toString("base64")}`, /\("new"\) to be 32 bytes long, got 33/],
    ["two keys of one id", `new:${first}\nnew:${second}`, /key 2 of the text \("new"\) to have an id of its own/],
    ["id and key changed about", `${first}:new`, /the id of key 1 of the text/],
    ["a comment behind a key", `new:${first} # since May`, /\("new"\) to be base64/],
  ])("is refused with %s, and not repeated", (_, text, message) => {
    const error = refused(() => parseKeyText(text, "the text"));
    expect(error.code).toBe("CONFIG_KEY_INVALID");
    expect(error.message).toMatch(message);
    expect(error.remedy).toContain("generateKey()");
  });

  it("is written as it is read", async () => {
    const keys = await keyRing([
      { id: "a", key: first },
      { id: "b", key: second },
    ]).load();
    expect(parseKeyText(formatKeyText(keys), "the text")).toEqual(keys);
  });
});

describe("the name of a place", () => {
  const places: readonly (readonly [string, (text: string) => unknown])[] = [
    ["environmentKeys", environmentKeys],
    ["keyFile", keyFile],
    ["keychainKeys, as service", (service) => keychainKeys({ service })],
    ["keychainKeys, as account", (account) => keychainKeys({ account })],
    ["keychainKeys, as path", (path) => keychainKeys({ path })],
  ];

  it.each(places)("that is a key itself is refused by %s, and not printed", (_, make) => {
    const base64url = Buffer.from(first, "base64").toString("base64url");
    for (const text of [`key1:${first}`, first, `key1:${base64url}`, `key1:${first},key2:${second}`]) {
      const error = refused(() => make(text));
      expect(error.code).toBe("CONFIG_KEY_INVALID");
      expect(error.message).toContain("got a key itself");
      expect(leaks(error, [base64url])).toEqual([]);
    }
  });

  it.each(places)("that is empty, or no text, is refused by %s", (_, make) => {
    for (const text of ["", "a\0b", 5]) expect(refused(() => make(text as string)).message).toMatch(/^Expected /);
  });
});

describe("the environment", () => {
  const name = "TEST_KEY_RING";
  afterEach(() => {
    delete process.env[name];
  });

  it("is read when the ring is loaded, not before", async () => {
    const ring = environmentKeys(name);
    const missing = await rejected(ring.load());
    expect(missing).toMatchObject({ code: "AUTH_VAULT_KEY_MISSING", who: "developer", message: expect.stringContaining(name) });
    expect(missing.remedy).toContain("generateKey()");
    process.env[name] = `new:${first}, old:${second}`;
    expect((await ring.load()).map(({ id }) => id)).toEqual(["new", "old"]);
  });

  it("is named in the refusal of a bad key, with the key's place", async () => {
    process.env[name] = `new:${first},${first}`;
    const error = await rejected(environmentKeys(name).load(), { secrets });
    expect(error.code).toBe("CONFIG_KEY_INVALID");
    expect(error.message).toContain(`key 2 of environmentKeys("${name}")`);
  });
});
