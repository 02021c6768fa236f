import { readdirSync, readFileSync } from "node:fs";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { asMailError, ConfigError, isMailErrorCode, MailError, type MailErrorCode } from "../../../src/base/errors.js";

const scopes = ["call", "message", "queue", "daemon"];

/** The codes as the table in the source lists them: types are gone at run time. */
const source = readFileSync(new URL("../../../src/base/errors.ts", import.meta.url), "utf8");
const codes = [...source.matchAll(/^ {2}([A-Z]+(?:_[A-Z]+)+): \{/gm)].map(([, code]) => code as MailErrorCode);

/** What may pass without anybody acting; everything else does not. */
const passing = (
  "STORE_UNAVAILABLE AUTH_UNAVAILABLE AUTH_UNREACHABLE AUTH_TIMEOUT AUTH_BAD_RESPONSE GRAPH_BAD_RESPONSE GRAPH_UNREACHABLE GRAPH_TIMEOUT " +
  "GRAPH_THROTTLED GRAPH_UNAVAILABLE GRAPH_CONFLICT GRAPH_FORBIDDEN GRAPH_MAILBOX_UNAVAILABLE SYNC_CURSOR_LOST SYNC_FOLDER_NOT_FOUND " +
  "SYNC_ROUND_LOOPED DELIVERY_HANDLER_FAILED DELIVERY_TIMED_OUT DELIVERY_CONTENT_UNREAD LIFECYCLE_CONTROL_UNAVAILABLE " +
  "DELIVERY_WEBHOOK_UNREACHABLE DELIVERY_WEBHOOK_TIMEOUT DELIVERY_WEBHOOK_BAD_RESPONSE DELIVERY_WEBHOOK_REFUSED"
).split(" ");
const ofDaemon = (
  "CONFIG_INVALID CONFIG_NO_HANDLER CONFIG_KEY_INVALID CONFIG_PACKAGE_MISSING STORE_UNAVAILABLE STORE_NOT_WRITABLE STORE_NEWER_FORMAT STORE_NOT_OPEN " +
  "AUTH_APP_REFUSED LIFECYCLE_STORE_IN_USE LIFECYCLE_LOST_STORE"
).split(" ");
const ofCall = (
  "STORE_INVALID_ARGUMENT GRAPH_CONFLICT GRAPH_NOT_FOUND GRAPH_REFUSED LIFECYCLE_NOT_STARTED LIFECYCLE_STOPPED LIFECYCLE_PAUSED " +
  "LIFECYCLE_UNKNOWN_QUEUE AUTH_REDIRECT_UNAVAILABLE DELIVERY_UNKNOWN_MESSAGE " +
  "GRAPH_ATTACHMENT_REFUSED GRAPH_CONTENT_TOO_LARGE GRAPH_MIME_REFUSED DELIVERY_CONTENT_OVER_LIMIT DELIVERY_CONTENT_UNREAD " +
  "LIFECYCLE_CONTROL_UNAVAILABLE DELIVERY_WEBHOOK_UNREACHABLE DELIVERY_WEBHOOK_TIMEOUT DELIVERY_WEBHOOK_BAD_RESPONSE " +
  "DELIVERY_WEBHOOK_REFUSED"
).split(" ");
const ofMessage = "DELIVERY_HANDLER_FAILED DELIVERY_TIMED_OUT DELIVERY_REJECTED".split(" ");

describe("the table of codes", () => {
  it("was read from the source", () => {
    expect(codes.length).toBeGreaterThan(40);
    expect(codes).toContain("GRAPH_THROTTLED");
    expect(new Set(codes).size).toBe(codes.length);
  });

  it.each(codes)("says of %s whether it may pass and how far it reaches", (code) => {
    const error = new MailError(code, "x");
    expect(typeof error.retryable).toBe("boolean");
    expect(scopes).toContain(error.scope);
    expect(code).toMatch(/^(CONFIG|STORE|AUTH|GRAPH|SYNC|DELIVERY|LIFECYCLE)_[A-Z_]+$/);
  });

  it("keeps the meaning that each code was published with", () => {
    const having = (trait: (error: MailError) => boolean) => codes.filter((code) => trait(new MailError(code, "x"))).toSorted();
    expect(having(({ retryable }) => retryable)).toEqual(passing.toSorted());
    expect(having(({ scope }) => scope === "daemon")).toEqual(ofDaemon.toSorted());
    expect(having(({ scope }) => scope === "call")).toEqual(ofCall.toSorted());
    expect(having(({ scope }) => scope === "message")).toEqual(ofMessage.toSorted());
  });
});

it("a code is known from any other text", () => {
  expect(codes.every(isMailErrorCode)).toBe(true);
  for (const other of ["", "toString", "AUTH_OF_TOMORROW", undefined, 5]) expect(isMailErrorCode(other)).toBe(false);
});

describe("a MailError", () => {
  it("carries what it was given", () => {
    const cause = new Error("why");
    const details = { queue: "a@b.example", messageId: "m", remedy: "act", notBeforeAt: 5, status: 429, serviceCode: "TooManyRequests" };
    const error = new MailError("GRAPH_THROTTLED", "words", { cause, ...details });
    expect(error).toMatchObject({ name: "MailError", code: "GRAPH_THROTTLED", message: "words", cause, ...details });
    expect(error).toBeInstanceOf(Error);
    expect(String(error)).toBe("MailError: words");
    expect(error.stack).toContain("errors.test.ts");
  });

  it("has no property that it was not given, so that a log shows no empty ones", () => {
    const error = new MailError("GRAPH_THROTTLED", "words");
    expect("cause" in error).toBe(false);
    expect(Object.keys(error).toSorted()).toEqual(["code", "name"]);
    expect(inspect(error)).not.toContain("undefined");
  });

  it("of the options is a ConfigError and a MailError", () => {
    const error = new ConfigError("CONFIG_INVALID", "words");
    expect(error).toBeInstanceOf(MailError);
    expect(String(error)).toBe("ConfigError: words");
  });
});

describe("an error made ours", () => {
  it("is the same one when it is ours already", () => {
    const error = new ConfigError("CONFIG_INVALID", "words");
    expect(asMailError(error, "GRAPH_UNREACHABLE", "other words")).toBe(error);
  });

  it.each([[new TypeError("broken")], ["a text"], [null], [undefined]])("has the original %s as its cause", (original) => {
    const error = asMailError(original, "STORE_UNAVAILABLE", "words", { queue: "a@b.example" });
    expect(error).toMatchObject({ code: "STORE_UNAVAILABLE", message: "words", queue: "a@b.example" });
    expect(error.cause).toBe(original);
  });
});

it("no class of error beside these two is made in the sources", () => {
  const folder = new URL("../../../src/", import.meta.url);
  const made = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .flatMap((name) =>
      [...readFileSync(new URL(name.replaceAll("\\", "/"), folder), "utf8").matchAll(/class (\w+) extends \w*Error\b/g)].map(
        ([, found]) => found,
      ),
    );
  expect(made.toSorted()).toEqual(["ConfigError", "MailError"]);
});
