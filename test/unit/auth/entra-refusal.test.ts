import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { refusalOf } from "../../../src/auth/entra-refusal.js";
import { knownRefusals, remedyText } from "../../../src/auth/remedies.js";
import { retryAfterAt } from "../../../src/base/retry-after.js";

const now = Date.parse("2026-03-01T08:00:00Z");
const hourMs = 3_600_000;
const answer = (status: number, json: Record<string, unknown> | undefined, headers: Record<string, string> = {}) => ({
  status,
  headers: new Headers(headers),
  json,
  askedAt: now,
});
const refused = (status: number, json: Record<string, unknown> | undefined, headers?: Record<string, string>) =>
  refusalOf(answer(status, json, headers), { host: "login.microsoftonline.com", now });

describe("Entra's refusals", () => {
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
    ["a device code not yet answered", 400, { error: "authorization_pending", error_codes: [70016] }, "AUTH_UNAVAILABLE", "AADSTS70016"],
    [
      "an unknown number, by its OAuth error",
      400,
      { error: "invalid_grant", error_codes: [123456] },
      "AUTH_SIGN_IN_REQUIRED",
      "AADSTS123456",
    ],
    [
      "a known number behind an unknown one",
      400,
      { error: "invalid_grant", error_codes: [123456, 50173] },
      "AUTH_SIGN_IN_REQUIRED",
      "AADSTS50173",
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
    expect(error.remedy).toMatch(/\. \((user|administrator|developer); docs\/setup-entra\.md#[a-z-]+\)$/);
    expect(error.remedy).toContain(`(${error.who}; docs/setup-entra.md#${error.step})`);
  });

  it("carry the remedy, who acts and the step of their number, every one", () => {
    for (const [number, row] of knownRefusals()) {
      expect(refused(400, { error: "invalid_grant", error_codes: [number] })).toMatchObject({
        message: `Entra refused: ${row.cause} (AADSTS${number}).`,
        remedy: remedyText(row),
        who: row.who,
        step: row.step,
      });
    }
  });

  it("keep the time that Entra names, in seconds, with a fraction, or as a date", () => {
    expect(retryAfterAt("120", now)).toBe(now + 120_000);
    expect(retryAfterAt("1.5", now)).toBe(now + 1_500);
    expect(retryAfterAt("0", now)).toBe(now);
    expect(retryAfterAt("Sun, 01 Mar 2026 08:05:00 GMT", now)).toBe(now + 300_000);
    expect(retryAfterAt("Sun, 01 Mar 2026 07:00:00 GMT", now)).toBe(now);
    for (const nothing of [null, "", "soon", "-5", "NaN"]) expect(retryAfterAt(nothing, now)).toBeUndefined();
    expect(refused(429, {}, { "retry-after": "3600" }).notBeforeAt).toBe(now + hourMs);
  });

  it("are paused for, when Entra sees a loop", () => {
    expect(refused(400, { error: "invalid_grant", error_codes: [50196] })).toMatchObject({
      code: "AUTH_UNAVAILABLE",
      notBeforeAt: now + 300_000,
    });
  });

  it.each([
    ["an unknown number", { error: "invalid_grant", error_codes: [123456] }],
    ["no number", { error: "interaction_required" }],
    ["an unknown number and a suberror", { error: "invalid_grant", suberror: "message_only", error_codes: [123456] }],
  ])("that ask for a person with %s are tried again after an hour", (_, json) => {
    expect(refused(400, json)).toMatchObject({ code: "AUTH_SIGN_IN_REQUIRED", notBeforeAt: now + hourMs });
  });

  it("that ask for a person with an unknown number wait longer when Entra says so", () => {
    const headers = { "retry-after": "7200" };
    expect(refused(400, { error: "invalid_grant", error_codes: [123456] }, headers).notBeforeAt).toBe(now + 2 * hourMs);
  });

  it.each([
    ["a known number", { error: "invalid_grant", error_codes: [50173] }],
    ["a declined device code", { error: "authorization_declined" }],
    ["an unknown number of the application", { error: "invalid_client", error_codes: [123456] }],
  ])("with %s name no time of their own", (_, json) => {
    expect(refused(400, json)).not.toHaveProperty("notBeforeAt");
  });

  it("repeat nothing that Entra wrote but numbers, ids of the right form and OAuth names", () => {
    const secret = "hunter2-as-typed";
    const error = refused(400, {
      error: "invalid_grant",
      error_codes: [50126],
      error_description: `AADSTS50126: ${secret}`,
      suberror: `basic_action ${secret}`,
      trace_id: secret,
      correlation_id: "0f0f0f0f-1111-2222-3333-444444444444",
      claims: `{"access_token":"${secret}"}`,
    });
    const shown = inspect(error, { depth: null });
    expect(shown).not.toContain(secret);
    expect(shown).toContain("correlation_id 0f0f0f0f-1111-2222-3333-444444444444");
  });
});
