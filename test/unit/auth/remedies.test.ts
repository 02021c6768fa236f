import { describe, expect, it } from "vitest";
import { refusalOf } from "../../../src/auth/entra-refusal.js";
import { knownRefusals, remedyFor } from "../../../src/auth/remedies.js";
import { retryAfterAt } from "../../../src/base/retry-after.js";

const now = Date.parse("2026-03-01T08:00:00Z");
const answer = (status: number, json: Record<string, unknown> | undefined, headers: Record<string, string> = {}) => ({
  status,
  headers: new Headers(headers),
  json,
  askedAt: now,
});
const refused = (status: number, json: Record<string, unknown> | undefined, headers?: Record<string, string>) =>
  refusalOf(answer(status, json, headers), { host: "login.microsoftonline.com", now });

describe("Entra's refusals", () => {
  it("have a cause, somebody who acts, a step and a sentence, every one", () => {
    expect(knownRefusals().size).toBeGreaterThan(70);
    for (const row of knownRefusals().values()) {
      expect(row.cause).toMatch(/^[a-z].*[^.]$/);
      expect(row.remedy).toMatch(/\.$/);
      expect(row.step).toMatch(/^[a-z]+(-[a-z]+)*$/);
    }
  });

  it.each([
    ["a wrong password", 400, { error: "invalid_grant", error_codes: [50126] }, "AUTH_SIGN_IN_REQUIRED", "AADSTS50126"],
    [
      "a second factor",
      400,
      { error: "invalid_grant", suberror: "basic_action", error_codes: [50076] },
      "AUTH_SIGN_IN_REQUIRED",
      "AADSTS50076",
    ],
    ["public client flows off", 401, { error: "invalid_client", error_codes: [7000218] }, "AUTH_APP_REFUSED", "AADSTS7000218"],
    ["an app unknown to the tenant", 400, { error: "unauthorized_client", error_codes: [700016] }, "AUTH_APP_REFUSED", "AADSTS700016"],
    ["a busy directory behind a 400", 400, { error: "invalid_grant", error_codes: [90033] }, "AUTH_UNAVAILABLE", "AADSTS90033"],
    [
      "an unknown number, by its OAuth error",
      400,
      { error: "invalid_grant", error_codes: [123456] },
      "AUTH_SIGN_IN_REQUIRED",
      "AADSTS123456",
    ],
    [
      "a number that only the description tells",
      400,
      { error: "invalid_grant", error_description: "AADSTS50173: gone" },
      "AUTH_SIGN_IN_REQUIRED",
      "AADSTS50173",
    ],
    ["no number at all", 400, { error: "invalid_scope" }, "AUTH_APP_REFUSED", undefined],
    ["an error that nobody knows", 400, { error: "who_knows" }, "AUTH_BAD_RESPONSE", undefined],
    ["an inherited property's name", 400, { error: "constructor" }, "AUTH_BAD_RESPONSE", undefined],
    ["a page of a proxy", 403, undefined, "AUTH_BAD_RESPONSE", undefined],
    ["server trouble, whatever its body", 503, { error: "invalid_grant" }, "AUTH_UNAVAILABLE", undefined],
    ["throttling", 429, undefined, "AUTH_UNAVAILABLE", undefined],
  ] as const)("sort %s", (_, status, json, code, serviceCode) => {
    const error = refused(status, json);
    expect({ code: error.code, serviceCode: error.serviceCode, status: error.status }).toEqual({ code, serviceCode, status });
    if (code === "AUTH_SIGN_IN_REQUIRED" || code === "AUTH_APP_REFUSED") expect(error.remedy).toMatch(/set-up guide, step "/);
  });

  it("blame one account's token, not the application, when it is malformed", () => {
    expect(remedyFor("invalid_request", [9002313])?.class).toBe("person");
  });

  it("keep the time that Entra names, in seconds, with a fraction, or as a date", () => {
    expect(retryAfterAt("120", now)).toBe(now + 120_000);
    expect(retryAfterAt("1.5", now)).toBe(now + 1_500);
    expect(retryAfterAt("0", now)).toBe(now);
    expect(retryAfterAt("Sun, 01 Mar 2026 08:05:00 GMT", now)).toBe(now + 300_000);
    expect(retryAfterAt("Sun, 01 Mar 2026 07:00:00 GMT", now)).toBe(now);
    for (const nothing of [null, "", "soon", "-5", "NaN"]) expect(retryAfterAt(nothing, now)).toBeUndefined();
    expect(refused(429, {}, { "retry-after": "3600" }).notBeforeAt).toBe(now + 3_600_000);
  });

  it("are paused for, when Entra sees a loop", () => {
    expect(refused(400, { error: "invalid_grant", error_codes: [50196] })).toMatchObject({
      code: "AUTH_UNAVAILABLE",
      notBeforeAt: now + 300_000,
    });
  });
});
