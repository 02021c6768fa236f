import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/graph/wire.js";
import { contentBytes, oversizeOf, withinBytes } from "../../../src/mailbox/content-size.js";

const long = "x".repeat(10_000);
const person = (name: string, address = "a@contoso.com") => ({ emailAddress: { name, address } });

describe("the bytes of content", () => {
  it.each<[what: string, item: JsonObject]>([
    ["body", { body: { content: long } }],
    ["unique body", { uniqueBody: { content: long } }],
    ["subject", { subject: long }],
    ["preview", { bodyPreview: long }],
    ["header's value", { internetMessageHeaders: [{ name: "X", value: long }] }],
    ["header's name", { internetMessageHeaders: [{ name: long, value: "x" }] }],
    ["recipient's name", { toRecipients: [person(long)] }],
    ["copy's address", { ccRecipients: [person("", long)] }],
    ["blind copy's name", { bccRecipients: [person(long)] }],
    ["reply address's name", { replyTo: [person(long)] }],
  ])("grow by two with each character of a %s", (_, item) => {
    const more = contentBytes(item) - contentBytes({});
    expect(more).toBeGreaterThanOrEqual(20_000);
    expect(more).toBeLessThan(20_500);
  });

  it("grow with every recipient and header, whatever it holds", () => {
    const base = contentBytes({});
    for (const [name, each] of [
      ["toRecipients", null],
      ["ccRecipients", 5],
      ["internetMessageHeaders", {}],
    ] as const) {
      expect(contentBytes({ [name]: Array.from({ length: 5_000 }, () => each) }) - base).toBe(1_000_000);
    }
  });

  it.each([{ body: null }, { body: "x" }, { toRecipients: "x" }, { subject: 5 }, { internetMessageHeaders: { a: 1 } }])(
    "of %j are the least",
    (item) => {
      expect(contentBytes(item as JsonObject)).toBe(contentBytes({}));
    },
  );
});

describe("a message that is larger than the limit", () => {
  const item: JsonObject = {
    id: "1",
    subject: "Hello",
    from: person("Jane"),
    body: { contentType: "html", content: long },
    uniqueBody: { contentType: "html", content: long },
    internetMessageHeaders: [
      { name: "Auto-Submitted", value: "no" },
      { name: "X-Long", value: long },
    ],
  };
  const bytes = contentBytes(item);

  it("is kept without its bodies, and says so", () => {
    const { body: _, uniqueBody: _unique, ...envelope } = item;
    const kept = withinBytes(item, bytes - 1);
    expect(JSON.parse(JSON.stringify(kept))).toEqual({ item: envelope, bytes: contentBytes(envelope) });
    expect(oversizeOf(kept.item)).toEqual({ bytes, missing: ["body", "uniqueBody"] });
    expect(item.body).toBeDefined();
  });

  it("without them too is kept without its long headers, and with the short ones", () => {
    const kept = withinBytes(item, 10_000);
    expect(kept.item.internetMessageHeaders).toEqual([{ name: "Auto-Submitted", value: "no" }]);
    expect(oversizeOf(kept.item)).toEqual({ bytes, missing: ["body", "uniqueBody", "headers"] });
    expect(kept.bytes).toBeLessThan(10_000);
  });

  it("for nothing that could be left out is kept whole and says nothing", () => {
    const crowd: JsonObject = { id: "1", toRecipients: Array.from({ length: 5_000 }, () => person("Jane")), body: null };
    const kept = withinBytes(crowd, 1);
    expect(oversizeOf(kept.item)).toBeUndefined();
    expect(kept.item.toRecipients).toHaveLength(5_000);
  });

  it("is one from the first byte above the limit on, and never without a limit", () => {
    expect(withinBytes(item, bytes).item).toBe(item);
    expect(withinBytes(item, 0).item).toBe(item);
    expect(oversizeOf(item)).toBeUndefined();
  });

  it("is told by no property that Graph could send", () => {
    expect(oversizeOf({ oversize: { bytes: 1, missing: [] } })).toBeUndefined();
    expect(Object.keys(withinBytes(item, 1).item)).toEqual(["id", "subject", "from", "internetMessageHeaders"]);
  });
});
