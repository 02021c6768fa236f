import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { checked } from "../../../src/base/check.js";
import { ConfigError } from "../../../src/base/errors.js";

const schema = z.strictObject({
  name: z.string().min(2).optional(),
  count: z.number().int().min(1).max(10).optional(),
  share: z.number().optional(),
  list: z
    .array(z.strictObject({ on: z.boolean() }))
    .max(2)
    .optional(),
  kind: z.enum(["a", "b"]).optional(),
  either: z.union([z.string(), z.number()], { error: "a text or a number" }).optional(),
  key: z.custom<string>((value) => typeof value === "string", { error: "a key" }).optional(),
  vaultKeys: z.custom<object>((value) => typeof value === "object", { error: "a key ring" }).optional(),
});

function refusal(value: unknown, root?: string): ConfigError {
  try {
    checked(schema, value, root);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return error as ConfigError;
  }
  throw new Error("Expected a refusal.");
}

describe("what does not fit", () => {
  it.each([
    [{ count: 0 }, "Expected `count` to be 1 or more, got 0 (number)."],
    [{ count: 11 }, "Expected `count` to be 10 or less, got 11 (number)."],
    [{ count: 1.5 }, "Expected `count` to be a whole number, got 1.5 (number)."],
    [{ count: "3" }, 'Expected `count` to be a number, got "3" (string).'],
    [{ count: null }, "Expected `count` to be a number, got null (null)."],
    [{ share: Number.NaN }, "Expected `share` to be a number, got NaN (number)."],
    [{ share: Number.POSITIVE_INFINITY }, "Expected `share` to be a number, got Infinity (number)."],
    [{ name: "x" }, 'Expected `name` to be no shorter than 2, got "x" (string).'],
    [{ name: () => "x" }, "Expected `name` to be a string, got a value of type function."],
    [{ list: {} }, "Expected `list` to be an array, got a value of type object."],
    [{ list: [{ on: true }, { on: "yes" }] }, 'Expected `list[1].on` to be a boolean, got "yes" (string).'],
    [{ list: [{}] }, "Expected `list[0].on` to be a boolean, got nothing."],
    [{ list: [1] }, "Expected `list[0]` to be an object, got 1 (number)."],
    [{ list: [{ on: true }, { on: true }, { on: true }] }, "Expected `list` to be no longer than 2, got an array of 3."],
    [{ kind: "c" }, 'Expected `kind` to be one of "a", "b", got "c" (string).'],
    [{ either: true }, "Expected `either` to be a text or a number, got true (boolean)."],
    [{ key: 5 }, "Expected `key` to be a key, got 5 (number)."],
    [7, "Expected the options to be an object, got 7 (number)."],
    [undefined, "Expected the options to be an object, got nothing."],
    [[], "Expected the options to be an object, got an array of 0."],
    [{ nmae: "x" }, "Unknown option `nmae`: check its spelling, and that this version has it."],
    [{ a: 1, b: 2 }, "Unknown option `a`, `b`: check its spelling, and that this version has it."],
    [{ list: [{ on: true, off: 1 }] }, "Unknown option `list[0].off`: check its spelling, and that this version has it."],
  ])("%j is told with option, expectation and value", (value, message) => {
    expect(refusal(value)).toMatchObject({ name: "ConfigError", code: "CONFIG_INVALID", message, retryable: false, scope: "daemon" });
  });

  it.each([
    [{ count: 0 }, "Expected `queues[3].count` to be 1 or more, got 0 (number)."],
    [{ nmae: 1 }, "Unknown option `queues[3].nmae`: check its spelling, and that this version has it."],
    [null, "Expected `queues[3]` to be an object, got null (null)."],
  ])("%j is named under its root", (value, message) => {
    expect(refusal(value, "queues[3]").message).toBe(message);
  });

  it("is the first thing of several", () => {
    expect(refusal({ count: 0, kind: "c" }).message).toContain("`count`");
  });

  it("is cut short when it is a long text", () => {
    expect(refusal({ count: "x".repeat(60) }).message).toContain(`"${"x".repeat(60)}" (string)`);
    expect(refusal({ count: "x".repeat(61) }).message).toContain(`"${"x".repeat(60)}…" (string)`);
    const { message } = refusal({ count: "x".repeat(500) });
    expect(message).toContain(`"${"x".repeat(60)}…" (string)`);
    expect(message.length).toBeLessThan(150);
  });

  it("shows nothing of a key", () => {
    const { message } = refusal({ vaultKeys: "k1:c2VjcmV0" });
    expect(message).toBe("Expected `vaultKeys` to be a key ring, got a value of type string.");
  });

  it("shows nothing of a key under a root either", () => {
    expect(refusal({ vaultKeys: "k1:c2VjcmV0" }, "options").message).not.toContain("c2VjcmV0");
  });

  it("is one sentence of ours whatever it is", () => {
    fc.assert(
      fc.property(
        fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withSparseArray: true }),
        (value) => {
          let error: unknown;
          try {
            checked(schema, value);
          } catch (caught) {
            error = caught;
          }
          if (error !== undefined) {
            expect(error).toBeInstanceOf(ConfigError);
            expect((error as ConfigError).message).toMatch(/^(Expected .* to be .*, got .*\.|Unknown option .*\.)$/s);
          }
        },
      ),
    );
  });
});

it("what fits is given back as the schema reads it", () => {
  expect(checked(schema, { count: 3, kind: "a", either: "x" })).toEqual({ count: 3, kind: "a", either: "x" });
  expect(checked(z.object({ wait: z.number().default(5) }), {})).toEqual({ wait: 5 });
});
