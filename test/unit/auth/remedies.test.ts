import { describe, expect, it } from "vitest";
import { refusalTable } from "../../../src/auth/refusal-table.js";
import { knownErrors, knownRefusals, neverByPassword, remedyDetails, remedyFor, remedyText } from "../../../src/auth/remedies.js";
import { type RefusalClass, setUpSteps } from "../../../src/auth/remedy.js";

const classOf = (code: number) => remedyFor("", [code])?.class;

describe("the table of refusals", () => {
  it("has a cause, somebody who acts, a step and a sentence in every row, also in those for no number", () => {
    expect(knownRefusals().size).toBeGreaterThan(140);
    for (const row of [...knownRefusals().values(), ...knownErrors().values()]) {
      expect(row.cause).toMatch(/^[a-z].*[^.]$/i);
      expect(row.remedy).toMatch(/^[A-Z].*\.$/);
      expect(["user", "administrator", "developer"]).toContain(row.who);
      expect(setUpSteps).toContain(row.step);
    }
  });

  it("names no number twice", () => {
    const numbers = refusalTable.flatMap(([, rows]) => rows.flatMap(({ codes }) => codes));
    expect(numbers.length).toBe(new Set(numbers).size);
  });

  it.each<[RefusalClass, readonly number[]]>([
    ["person", [50034, 50053, 50055, 50144, 50056, 50057, 50058, 50064, 50126, 50072, 50079, 50074, 50076, 50078, 50158]],
    ["person", [50085, 50089, 50132, 50133, 70000, 70008, 50173, 700082, 70043, 50020, 500208, 90072, 50105]],
    ["person", [53000, 53001, 53002, 53003, 530032, 53004, 53011, 50131, 530035, 65001, 65004, 90094, 90095]],
    ["person", [530036, 50097, 50199, 54005, 501481, 70018, 70019, 70020, 90013]],
    ["application", [700084, 650052, 650053, 650054, 650055, 650056, 650057, 700016, 700011, 70001, 7000112, 7000218, 700025]],
    ["application", [70011, 28002, 90002, 90038, 9001023, 90124, 50194, 50011, 500011, 500113, 50128]],
    ["transient", [50196, 50033, 50087, 50088, 90006, 90012, 90024, 90033, 90055, 90090, 80002, 80005, 80014, 70012, 70016]],
  ])("sorts as %s: %j", (refusalClass, codes) => {
    expect(codes.filter((code) => classOf(code) !== refusalClass)).toEqual([]);
  });

  it("blames one account's token, not the application, when it is malformed", () => {
    expect(remedyFor("invalid_request", [9002313])?.class).toBe("person");
  });

  it("never advises a client secret, and says where the public flows are switched on", () => {
    expect(remedyFor("invalid_client", [7000218])).toMatchObject({
      step: "public-client-flows",
      remedy: expect.stringMatching(/Authentication > Settings: set "Allow public client flows" to Enabled.*never add a client secret/),
    });
  });
});

describe("a refusal", () => {
  it("is known by the first of its numbers that stands in the table", () => {
    expect(remedyFor("invalid_grant", [123456, 50076, 50126])).toMatchObject({ known: true, number: 50076 });
  });

  it("of an unknown number is understood by its OAuth error, and is not known", () => {
    const found = remedyFor("invalid_grant", [123456]);
    expect(found).toMatchObject({ class: "person", step: "sign-in", known: false });
    expect(found).not.toHaveProperty("number");
    expect(remedyFor("consent_required", [])).toMatchObject({ class: "person", step: "grant-consent", known: false });
    expect(remedyFor("invalid_client", [])).toMatchObject({ class: "application", known: false });
    expect(remedyFor("temporarily_unavailable", [])).toMatchObject({ class: "transient" });
  });

  it.each([
    ["basic_action", "user", "browser"],
    ["additional_action", "administrator", "conditional-access"],
    ["message_only", "administrator", "troubleshooting"],
    ["consent_required", "administrator", "grant-consent"],
    ["user_password_expired", "user", "password"],
    ["bad_token", "user", "sign-in"],
    ["client_mismatch", "user", "refresh-token"],
    ["nothing_known", "user", "sign-in"],
  ])("of an unknown number with suberror %s is for the %s, at the step %s", (suberror, who, step) => {
    expect(remedyFor("invalid_grant", [123456], suberror)).toMatchObject({ class: "person", who, step, known: false });
  });

  it("of a known number is not bent by its suberror, and an application's is none of the account's", () => {
    expect(remedyFor("invalid_grant", [50057], "basic_action")).toMatchObject({ step: "the-users", known: true });
    expect(remedyFor("invalid_client", [123456], "bad_token")).toMatchObject({ class: "application" });
  });

  it.each([
    ["authorization_pending", "transient", "device-code"],
    ["slow_down", "transient", "device-code"],
    ["authorization_declined", "person", "device-code"],
    ["expired_token", "person", "device-code"],
    ["bad_verification_code", "person", "device-code"],
    ["access_denied", "person", "browser"],
  ])("in the middle of a sign-in, %s, means one thing and is known", (error, refusalClass, step) => {
    expect(remedyFor(error, [])).toMatchObject({ class: refusalClass, step, known: true });
  });

  it("that nobody knows has no remedy, also when it is called like an inherited property", () => {
    expect(remedyFor("who_knows", [123456])).toBeUndefined();
    expect(remedyFor("constructor", [])).toBeUndefined();
  });
});

describe("the password method", () => {
  it.each([
    ["a second factor", [50072, 50074, 50076, 50078, 50079, 50158, 500121]],
    ["a guest or a foreign account", [50020, 500208, 90072]],
    ["an account without a password", [50056]],
    ["security defaults", [530035]],
    ["a device that a daemon has not", [53000, 53001, 53002, 50097]],
  ])("can never pass %s", (_, codes) => {
    expect(codes.filter((code) => !neverByPassword(`AADSTS${code}`))).toEqual([]);
  });

  it("can pass, once it is mended, what is wrong with a password, a policy or a consent", () => {
    const mendable = [50126, 50053, 50055, 50057, 65001, 53003, 7000218, 123456];
    expect(mendable.filter((code) => neverByPassword(`AADSTS${code}`))).toEqual([]);
  });

  it("is told nothing by a code that is no AADSTS number", () => {
    expect(["", "50076", "AADSTS", "AADSTS50076 ", "ErrorAccessDenied"].filter(neverByPassword)).toEqual([]);
  });
});

describe("a remedy in an error", () => {
  const remedy = { remedy: "Do it.", who: "administrator", step: "grant-consent" } as const;

  it("reads as what to do, who does it and where it is described", () => {
    expect(remedyText(remedy)).toBe("Do it. (administrator; docs/setup-entra.md#grant-consent)");
    expect(remedyDetails(remedy)).toEqual({ remedy: remedyText(remedy), who: "administrator", step: "grant-consent" });
  });
});
