import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { asKeyRing, generateKey, keyRing } from "../../../src/auth/key-ring.js";
import { ConfigError, type MailError } from "../../../src/base/errors.js";

const thrownBy = (run: () => unknown): unknown => {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error("Expected an error.");
};
const rejectedBy = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => {
      throw new Error("Expected a rejection.");
    },
    (error: unknown) => error,
  );

describe("key ring", () => {
  it("takes keys as bytes, base64 and base64url, and keeps their order", async () => {
    const key = randomBytes(32);
    const ring = keyRing([
      { id: "a", key },
      { id: "b", key: key.toString("base64") },
      { id: "c.1_2-3", key: key.toString("base64url") },
    ]);
    const keys = await ring.load();
    expect(keys.map(({ id }) => id)).toEqual(["a", "b", "c.1_2-3"]);
    for (const { key: bytes } of keys) expect(Buffer.from(bytes)).toEqual(key);
  });

  it("keeps its own copy of the bytes", async () => {
    const key = new Uint8Array(32).fill(7);
    const ring = keyRing([{ id: "a", key }]);
    key.fill(0);
    expect((await ring.load())[0]?.key).toEqual(new Uint8Array(32).fill(7));
  });

  it("makes keys that it takes, each another", async () => {
    const [first, second] = [generateKey(), generateKey()];
    expect(first).not.toBe(second);
    expect(await keyRing([{ id: "a", key: first }]).load()).toHaveLength(1);
  });

  const good = generateKey();
  const faults: readonly (readonly [string, readonly { id: string; key: string | Uint8Array }[], RegExp])[] = [
    ["no key at all", [], /at least one key/],
    ["a short key", [{ id: "a", key: new Uint8Array(31) }], /key 1 of keyRing \("a"\) to be 32 bytes long, got 31/],
    ["a long base64 key", [{ id: "a", key: Buffer.alloc(33, 9).toString("base64") }], /32 bytes long, got 33/],
    ["a text that is no base64", [{ id: "a", key: `!${good.slice(1)}` }], /\("a"\) to be base64/],
    ["an empty key", [{ id: "a", key: "" }], /\("a"\) to be 32 bytes, or their base64 text/],
    ["an id with odd characters", [{ id: "a b", key: good }], /the id of key 1 of keyRing to be 1 to 64/],
    ["an empty id", [{ id: "", key: good }], /the id of key 1/],
    [
      "two keys of one id",
      [
        { id: "a", key: good },
        { id: "a", key: good },
      ],
      /key 2 of keyRing \("a"\) to have an id of its own/,
    ],
  ];
  it.each(faults)("refuses %s, naming the key and not its content", (_, keys, message) => {
    const error = thrownBy(() => keyRing(keys));
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).code).toBe("CONFIG_KEY_INVALID");
    expect((error as ConfigError).message).toMatch(message);
    for (const { key } of keys) if (typeof key === "string" && key) expect(inspect(error, { depth: 9 })).not.toContain(key);
  });

  it.each([
    ["base64", generateKey()],
    ["base64url, whose letters an id may have too", Buffer.from(generateKey(), "base64").toString("base64url")],
  ])("refuses a key that was put in the place of the id, as %s, without printing it", (_, key) => {
    const error = thrownBy(() => keyRing([{ id: key, key: good }]));
    expect((error as ConfigError).message).toMatch(/the id of key 1 of keyRing to be/);
    expect(inspect(error, { depth: 9 })).not.toContain(key.slice(0, 20));
  });

  it("takes a function of the host, and checks what it gives at each load", async () => {
    let keys = [{ id: "a", key: new Uint8Array(32) as Uint8Array | string }];
    const ring = asKeyRing(() => Promise.resolve(keys));
    expect(await ring.load()).toHaveLength(1);
    keys = [{ id: "a", key: "short" }];
    expect(((await rejectedBy(ring.load())) as MailError).code).toBe("CONFIG_KEY_INVALID");
  });

  it.each([
    ["function", (fail: () => Promise<never>) => asKeyRing(fail)],
    ["key ring", (fail: () => Promise<never>) => asKeyRing({ load: fail })],
  ])("does not repeat what a failing %s of the host says", async (what, ringOf) => {
    const error = await rejectedBy(ringOf(() => Promise.reject(new TypeError(`could not unwrap ${good}`))).load());
    expect(error).toMatchObject({ code: "AUTH_VAULT_KEY_MISSING", who: "developer", message: expect.stringContaining(`The ${what} `) });
    expect(inspect(error, { depth: 9 })).not.toContain(good);
  });
});
