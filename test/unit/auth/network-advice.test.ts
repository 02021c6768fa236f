/** A renewal that the network hinders says what an operator looks at. */
import { describe, expect, it } from "vitest";
import { adviceOf } from "../../../src/auth/advice.js";
import type { MailErrorCode } from "../../../src/base/errors.js";
import { until } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";
import { type Intercept, jsonAnswer, neverAnswers } from "./set-up.js";
import { signedIn } from "./signed-in.js";

/** The error of a renewal over such a network. */
async function hindered(intercept: Intercept) {
  const { clock, network, tokens } = await signedIn();
  await clock.advance(3_600_000);
  let asked = false;
  network.intercept = (...given) => {
    asked = true;
    return intercept(...given);
  };
  const failing = rejected(tokens.get(), network);
  await until(() => asked);
  await clock.advance(30_000);
  return failing;
}

describe("the advice for a renewal", () => {
  it.each<readonly [MailErrorCode, string, Intercept]>([
    ["AUTH_UNREACHABLE", "nobody is reached", () => Promise.reject(new TypeError("fetch failed"))],
    ["AUTH_TIMEOUT", "nobody answers", neverAnswers],
    ["AUTH_BAD_RESPONSE", "another answers", () => Promise.resolve(jsonAnswer(200, "<html>Welcome to the hotel's network</html>"))],
    [
      "AUTH_BAD_RESPONSE",
      "half of it comes",
      () => Promise.resolve(jsonAnswer(200, { access_token: "a-made-up-token", expires_in: 3600 })),
    ],
    ["AUTH_BAD_RESPONSE", "another refuses", () => Promise.resolve(jsonAnswer(403, "<html>Blocked</html>"))],
  ])("that ends with %s as %s names the proxy or firewall, for the developer", async (code, _, intercept) => {
    const error = await hindered(intercept);
    expect(error.code).toBe(code);
    expect(adviceOf(error)).toEqual({
      remedy: expect.stringMatching(/(proxy|firewall).*\(developer; docs\/setup-entra\.md#troubleshooting\)$/),
      who: "developer",
      step: "troubleshooting",
    });
  });

  it("that is refused keeps the refusal's own", async () => {
    const error = await hindered(() => Promise.resolve(jsonAnswer(400, { error: "invalid_grant", error_codes: [50173] })));
    expect(adviceOf(error)).toEqual({ remedy: error.remedy, who: error.who, step: error.step });
    expect(error.remedy).not.toMatch(/proxy|firewall/);
  });
});
