/** One demand for claims, however it is spelled. */
import { expect, test } from "vitest";
import { sameClaims } from "../../../src/auth/same-claims.js";

const text = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}';

test.each<[string, string | undefined, string | undefined, boolean]>([
  ["the same text", text, text, true],
  ["another blank", text, `${text.replace("true,", "true, ")}  `, true],
  ["another value", text, text.replace("1604106651", "1604106652"), false],
  ["none beside some", undefined, text, false],
  ["none twice", undefined, undefined, true],
  ["what is no JSON, the same", "x", "x", true],
  ["what is no JSON, another", "x", "x ", false],
])("%s", (_, one, other, same) => {
  expect([sameClaims(one, other), sameClaims(other, one)]).toEqual([same, same]);
});
