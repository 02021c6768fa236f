/** Claims challenges in every spelling that RFC 9110 allows, among challenges of other schemes, and junk. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { challengedClaims } from "../../../src/graph/challenge.js";

/** A challenge in any of the spellings that RFC 9110 allows, and what is in it. */
const legal = (() => {
  const token = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}$/);
  const space = fc.stringMatching(/^[ \t]{0,2}$/);
  const comma = fc.tuple(space, fc.constantFrom(",", ",,", ", ,"), space).map((parts) => parts.join(""));
  const anyCase = (text: string) =>
    fc.array(fc.boolean(), { minLength: text.length, maxLength: text.length }).map((upper) => {
      return [...text].map((letter, index) => (upper[index] ? letter.toUpperCase() : letter.toLowerCase())).join("");
    });
  const quotedText = (text: string) =>
    fc.array(fc.integer({ min: 0, max: 3 }), { minLength: text.length, maxLength: text.length }).map((dice) => {
      return `"${[...text].map((letter, index) => (letter === '"' || letter === "\\" || dice[index] === 0 ? `\\${letter}` : letter)).join("")}"`;
    });
  const freeText = fc.oneof(
    fc.stringMatching(/^[ -~]{0,40}$/),
    fc.constantFrom('claims="e30="', "x, Bearer claims=e30=, error=insufficient_claims", "code: Y\\"),
  );
  const parameter = (name: fc.Arbitrary<string>, value: fc.Arbitrary<string>) =>
    fc.tuple(name, space, space, value).map(([key, before, after, text]) => `${key}${before}=${after}${text}`);
  const written = (text: string) => fc.oneof(fc.constant(text), quotedText(text));
  const named = (name: string, value: fc.Arbitrary<string>) => parameter(anyCase(name), value);
  const stranger = parameter(
    token.filter((name) => !["claims", "error"].includes(name.toLowerCase())),
    fc.oneof(token, freeText.chain(quotedText)),
  );
  const address = named("authorization_uri", fc.constant("https://login.microsoftonline.com/common/oauth2/authorize?a=b"));
  const description = named("errorDescription", freeText.chain(quotedText));
  const encodings = (json: string) => {
    const padded = Buffer.from(json).toString("base64");
    const url = padded.replaceAll("+", "-").replaceAll("/", "_");
    return fc.constantFrom(padded, url, padded.replace(/=+$/, ""), url.replace(/=+$/, ""));
  };
  const joined = (parts: readonly string[]) =>
    fc.array(comma, { minLength: parts.length, maxLength: parts.length }).map((commas) => {
      return parts.map((part, index) => (index === 0 ? part : `${commas[index]}${part}`)).join("");
    });
  const bearer = (json: string) =>
    fc
      .tuple(
        named("claims", encodings(json).chain(written)),
        fc.array(stranger, { maxLength: 3 }),
        fc.subarray([address, description, named("error", written("insufficient_claims"))]).chain((some) => fc.tuple(...some)),
      )
      .chain(([claim, strangers, known]) =>
        fc.shuffledSubarray([claim, ...strangers, ...known], { minLength: 1 + strangers.length + known.length }),
      )
      .chain((parameters) => fc.tuple(anyCase("Bearer"), fc.stringMatching(/^ {1,3}$/), joined(parameters)))
      .map((parts) => parts.join(""));
  const other = fc
    .tuple(
      token.filter((scheme) => scheme.toLowerCase() !== "bearer"),
      fc.oneof(
        fc.constant(""),
        fc.stringMatching(/^[A-Za-z0-9._~+/-]{1,20}={0,2}$/).map((token68) => ` ${token68}`),
        fc
          .array(fc.oneof(stranger, named("claims", fc.constant('"e30="'))), { minLength: 1, maxLength: 3 })
          .chain(joined)
          .map((text) => ` ${text}`),
      ),
    )
    .map((parts) => parts.join(""));
  return fc
    .dictionary(fc.string({ unit: "grapheme" }), fc.jsonValue())
    .map((object) => JSON.stringify(object))
    .chain((json) =>
      fc
        .tuple(fc.array(other, { maxLength: 2 }), bearer(json), fc.array(other, { maxLength: 2 }))
        .chain(([before, challenge, after]) => joined([...before, challenge, ...after]))
        .map((header) => ({ json, header })),
    );
})();

it("a challenge in any legal spelling is read back", () => {
  fc.assert(
    fc.property(legal, ({ json, header }) => {
      if (header.length <= 16_384) expect(challengedClaims(header)).toBe(json);
    }),
    { numRuns: 1_000 },
  );
});

/** What challenges are made of. */
const piece = fc.constantFrom(
  "Bearer ",
  "claims",
  "error",
  "=",
  '"',
  "\\",
  ",",
  " ",
  Buffer.from('{"a":1}').toString("base64"),
  "e30=",
  "insufficient_claims",
  "\n",
  "\u{1f600}",
);
const junk = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join("")),
);
it("junk never throws; whatever is read is a JSON object", () => {
  fc.assert(
    fc.property(junk, (header) => {
      const read = challengedClaims(header);
      if (read !== undefined) expect(JSON.parse(read)).toBeTypeOf("object");
    }),
    { numRuns: 2_000 },
  );
});
