import { describe, expect, it } from "vitest";
import { challengedClaims } from "../../../src/graph/challenge.js";

const claims = '{"access_token":{"nbf":{"essential":true, "value":"1604106651"}}}';
const encoded = Buffer.from(claims).toString("base64");
/** Has both letters that differ between the alphabets, and a padding. */
const odd = '{"a":"???>>>ü"}';
const oddBase64 = Buffer.from(odd).toString("base64");

describe("a claims challenge", () => {
  it.each([
    [
      "as documented",
      `Bearer authorization_uri="https://login.windows.net/common/oauth2/authorize", error="insufficient_claims", claims="${encoded}"`,
    ],
    [
      "as Graph sends it, with an unquoted address and text with a colon",
      `Bearer realm="", authorization_uri=https://login.microsoftonline.com/common/oauth2/authorize, client_id="00000003", error="insufficient_claims", claims="${encoded}", errorDescription="Challenge with result: InteractionRequired and code: X"`,
    ],
    ["with the claims first", `Bearer claims="${encoded}", error="insufficient_claims", realm=""`],
    ["with nothing but the claims", `Bearer claims="${encoded}"`],
    ["with nothing in quotes", `Bearer error=insufficient_claims, claims=${encoded}`],
    ["without commas between parameters", `Bearer realm="" error="insufficient_claims" claims="${encoded}"`],
    ["in capitals", `BEARER ERROR="insufficient_claims", CLAIMS="${encoded}"`],
    ["with space around the equals signs", `Bearer error = "insufficient_claims" , claims\t= "${encoded}"`],
    ["after empty list elements", `, ,Bearer , ,error="insufficient_claims",,claims="${encoded}",`],
    [
      "behind another scheme with parameters",
      `Digest realm="a, Bearer b", nonce="x", Bearer error="insufficient_claims", claims="${encoded}"`,
    ],
    ["behind another scheme with a token", `Negotiate YII=, NTLM, Bearer error="insufficient_claims", claims="${encoded}"`],
    ["before another scheme", `Bearer error="insufficient_claims", claims="${encoded}", Basic realm="claims"`],
    ["behind a Bearer challenge without claims", `Bearer realm="x", error="invalid_token", Bearer claims="${encoded}"`],
    ["behind another scheme's claims", `PoP claims="e30=", Bearer claims="${encoded}"`],
    ["behind text that looks like it", `Bearer errorDescription="say claims=\\"e30=\\", error=\\\\", claims="${encoded}"`],
    ["with escapes in quotes that need none", `Bearer error="insufficient\\_claims", claims="\\${encoded}"`],
    ["with further text that is cut off", `Bearer error="insufficient_claims", claims="${encoded}", errorDescription="cut of`],
    ["behind free text without quotes", `Bearer errorDescription=Code X: Bearer or not, error="insufficient_claims", claims="${encoded}"`],
    ["given twice", `Bearer claims="${encoded}", claims="e30="`],
  ])("is read %s", (_, header) => {
    expect(challengedClaims(header)).toBe(claims);
  });

  it.each([
    ["base64", oddBase64],
    ["base64 without padding", oddBase64.replace(/=+$/, "")],
    ["base64url", Buffer.from(odd).toString("base64url")],
    ["base64url with padding", oddBase64.replaceAll("+", "-").replaceAll("/", "_")],
  ])("is read from %s", (_, text) => {
    expect(challengedClaims(`Bearer error="insufficient_claims", claims="${text}"`)).toBe(odd);
    expect(challengedClaims(`Bearer claims=${text}, error=insufficient_claims`)).toBe(odd);
  });

  it("of each alphabet and padding was among those", () => {
    expect(oddBase64).toMatch(/^(?=.*\+)(?=.*\/).*=$/);
  });

  it("joined out of several headers is read", () => {
    const headers = new Headers([["WWW-Authenticate", 'Basic realm="x"']]);
    headers.append("www-authenticate", `Bearer error="insufficient_claims", claims="${encoded}"`);
    expect(challengedClaims(headers.get("Www-Authenticate"))).toBe(claims);
  });
});

describe("no claims challenge", () => {
  const of = (text: string | Buffer) => Buffer.from(text).toString("base64");
  it.each([
    ["is no header", undefined],
    ["is an absent header", null],
    ["is an empty header", ""],
    ["is a Bearer challenge without parameters", "Bearer"],
    ["is one with another error", `Bearer error="invalid_token", claims="${encoded}"`],
    ["is one whose error is written in another case", `Bearer error="Insufficient_Claims", claims="${encoded}"`],
    ["is one without claims", 'Bearer realm="", error="insufficient_claims"'],
    ["is one with empty claims", 'Bearer error="insufficient_claims", claims=""'],
    ["is one of another scheme", `Basic error="insufficient_claims", claims="${encoded}"`],
    ["is one without a scheme", `error="insufficient_claims", claims="${encoded}"`],
    ["is one whose claims are not encoded", `Bearer claims="{}"`],
    ["is one whose claims are only begun", `Bearer error="insufficient_claims", claims="${encoded}`],
    ["is one whose claims are cut", `Bearer claims="${encoded.slice(0, 40)}"`],
    ["is one whose scheme stands in the middle", `Basic realm="x" Bearer claims="${encoded}"`],
    ["is one with a space in the claims", `Bearer claims="${encoded.slice(0, 8)} ${encoded.slice(8)}"`],
    ["is one with an equals sign inside the claims", `Bearer claims="e30=e30="`],
    ["is one whose claims are a list", `Bearer claims="${of("[{}]")}"`],
    ["is one whose claims are null", `Bearer claims="${of("null")}"`],
    ["is one whose claims are a text", `Bearer claims="${of('"x"')}"`],
    ["is one whose claims are no JSON", `Bearer claims="${of("nonsense")}"`],
    ["is one whose claims are no UTF-8", `Bearer claims="${of(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]))}"`],
    ["is text in quotes", `Bearer errorDescription="x, Bearer claims=${encoded}, error=insufficient_claims"`],
    ["is text in quotes with an escaped quote", `Bearer errorDescription="x\\", claims=${encoded}"`],
    ["is text in stray quotes", `Bearer realm=x", claims=${encoded}"`],
    ["is a parameter whose name only ends like it", `Bearer xclaims="${encoded}", error="insufficient_claims"`],
    ["is a header longer than any server's", `Bearer claims="${encoded}", realm="${"x".repeat(16_384)}"`],
  ])("%s", (_, header) => {
    expect(challengedClaims(header)).toBeUndefined();
  });

  it.each(["\\", '"', '" "', '"\\', "a ", " ", ",", "=", "a=", 'a="', "a= ", 'a=",', "Bearer "])(
    "takes no longer to find than its length, in nothing but %j",
    (text) => {
      const many = text.repeat(16_384);
      const begun = process.cpuUsage();
      for (const header of [many, `Bearer x="${many}`]) challengedClaims(header.slice(0, 16_384));
      // Milliseconds of the processor; linear work takes a few.
      expect(process.cpuUsage(begun).user / 1_000).toBeLessThan(500);
    },
  );
});
