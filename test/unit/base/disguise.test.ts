/** No local part of an address is left in a text, wherever it stands; and an address can be found again. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { disguised } from "../../../src/base/disguise.js";

const hashOf = (address: string) => createHash("sha256").update(address).digest("base64url").slice(0, 16);
const support = `${hashOf("support@contoso.com")}@contoso.com`;

test("an address becomes the hash that the manual says, with its domain", () => {
  expect(disguised("support@contoso.com")).toBe("65Yv8X2GJiEtAUHg@contoso.com");
  expect(support).toBe("65Yv8X2GJiEtAUHg@contoso.com");
});

test("letter case makes no other hash", () => {
  expect(disguised("Support@Contoso.com")).toBe(`${hashOf("support@contoso.com")}@Contoso.com`);
});

test.each([
  ["A turn of support@contoso.com failed.", `A turn of ${support} failed.`],
  ["GRAPH_THROTTLED: Graph answered 429 to a page of support@contoso.com.", `GRAPH_THROTTLED: Graph answered 429 to a page of ${support}.`],
  ['Expected "support@contoso.com", got (support@contoso.com)', `Expected "${support}", got (${support})`],
  ["sales@contoso.com support@contoso.com", `${hashOf("sales@contoso.com")}@contoso.com ${support}`],
  ["support%40contoso.com", support],
  ["no address here, and a lonely @ as well", "no address here, and a lonely @ as well"],
  ["", ""],
])("of %j every address is disguised", (text, expected) => {
  expect(disguised(text)).toBe(expected);
});

test.each(["o'brien@contoso.com", "a+b@x.contoso.com", "müller@contoso.com", "#a/b=c@contoso.com", "%40odd@contoso.com"])(
  "nothing of the local part of %s is left, in a sentence, in a URL and in quotes",
  (address) => {
    const local = address.slice(0, address.indexOf("@"));
    for (const text of [`A turn of ${address} failed.`, `https://graph/users/${encodeURIComponent(address)}/messages`, `'${address}'`]) {
      expect(disguised(text)).not.toContain(local);
      expect(disguised(text)).not.toContain(encodeURIComponent(local));
    }
  },
);

test("a long text without addresses takes no time worth mentioning", () => {
  const text = "a.".repeat(20_000);
  const begunAt = performance.now();
  expect(disguised(text)).toBe(text);
  expect(performance.now() - begunAt).toBeLessThan(5_000);
});
