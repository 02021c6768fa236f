import { describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/graph/wire.js";
import { contentBytes, withinBytes } from "../../../src/mailbox/content-size.js";
import {
  fullSelect,
  isComplete,
  lightSelect,
  missingParts,
  preferences,
  receivedTime,
  roundSelect,
  toMailMessage,
  truth,
} from "../../../src/mailbox/message.js";
import { reducedItem, reductionOf } from "../../../src/mailbox/reduced.js";

const origin = { folder: "inbox", receivedAt: Date.parse("2026-01-01T00:00:00Z") };
const made = (item: JsonObject) => toMailMessage("AAkA=", item, origin);
const person = (name: string, address: string) => ({ emailAddress: { name, address } });

const whole: JsonObject = {
  id: "AAkA=",
  internetMessageId: "<1@contoso.com>",
  conversationId: "C1",
  subject: "Hello",
  from: person("Jane", "jane@contoso.com"),
  sender: person("Assistant", "assistant@contoso.com"),
  toRecipients: [person("Support", "support@contoso.com")],
  ccRecipients: [person("", "cc@contoso.com"), person("Two", "two@contoso.com")],
  bccRecipients: [],
  replyTo: [person("Reply", "reply@contoso.com")],
  receivedDateTime: "2026-02-03T04:05:06Z",
  sentDateTime: "2026-02-03T04:05:01Z",
  bodyPreview: "Hi",
  categories: ["Blue"],
  importance: "high",
  isRead: true,
  hasAttachments: true,
  parentFolderId: "F",
  body: { contentType: "html", content: "<p>Hi</p>" },
  internetMessageHeaders: [
    { name: "Received", value: "a" },
    { name: "Received", value: "b" },
  ],
};

describe("a message", () => {
  it("is made of all that Graph brings", () => {
    expect(made(whole)).toEqual({
      id: "AAkA=",
      internetMessageId: "<1@contoso.com>",
      conversationId: "C1",
      references: [],
      subject: "Hello",
      from: { name: "Jane", address: "jane@contoso.com" },
      sender: { name: "Assistant", address: "assistant@contoso.com" },
      to: [{ name: "Support", address: "support@contoso.com" }],
      cc: [
        { name: "", address: "cc@contoso.com" },
        { name: "Two", address: "two@contoso.com" },
      ],
      bcc: [],
      replyTo: [{ name: "Reply", address: "reply@contoso.com" }],
      receivedAt: new Date("2026-02-03T04:05:06Z"),
      sentAt: new Date("2026-02-03T04:05:01Z"),
      body: { contentType: "html", content: "<p>Hi</p>" },
      preview: "Hi",
      headers: [
        { name: "Received", value: "a" },
        { name: "Received", value: "b" },
      ],
      categories: ["Blue"],
      importance: "high",
      isRead: true,
      hasAttachments: true,
      folder: "inbox",
    });
    const uniqueBody = { contentType: "text", content: "Hi" };
    expect(made({ uniqueBody })).toEqual({ ...made({}), uniqueBody });
  });

  it("of nothing but an id is well-formed, and what is not known is absent", () => {
    expect(made({})).toEqual({
      id: "AAkA=",
      references: [],
      subject: "",
      to: [],
      cc: [],
      bcc: [],
      replyTo: [],
      receivedAt: new Date(origin.receivedAt),
      preview: "",
      headers: [],
      categories: [],
      importance: "normal",
      isRead: false,
      hasAttachments: false,
      folder: "inbox",
    });
  });

  it("keeps what is well-formed in lists that are partly not", () => {
    const mail = made({
      toRecipients: [null, person("A", "a@b.example"), { emailAddress: null }, "x", { emailAddress: {} }],
      categories: ["Blue", 7, null, ""],
      internetMessageHeaders: [{ name: "X" }, null, { value: 5 }],
    });
    expect(mail.to).toEqual([
      { name: "A", address: "a@b.example" },
      { name: "", address: "" },
    ]);
    expect(mail.categories).toEqual(["Blue", ""]);
    expect(mail.headers).toEqual([
      { name: "X", value: "" },
      { name: "", value: "" },
    ]);
  });

  it.each([
    ["text", "text"],
    ["html", "html"],
    ["Text", "html"],
    [undefined, "html"],
  ])("with a body of type %j has one of type %s", (contentType, expected) => {
    const body = contentType === undefined ? { content: "x" } : { contentType, content: "x" };
    expect(made({ body }).body).toEqual({ contentType: expected, content: "x" });
  });

  it.each([["low"], ["high"], ["normal"]])("has the importance %s", (importance) => {
    expect(made({ importance }).importance).toBe(importance);
  });
});

describe("a boolean", () => {
  it.each([
    [true, true],
    ["true", true],
    ["True", true],
    ["TRUE", true],
    [false, false],
    ["false", false],
    ["", false],
    ["yes", false],
    [1, false],
    [null, false],
    [undefined, false],
    [{}, false],
  ])("of Graph, %j, is read as %s", (value, expected) => {
    expect(truth(value)).toBe(expected);
    expect(made(value === undefined ? {} : { isRead: value, hasAttachments: value })).toMatchObject({
      isRead: expected,
      hasAttachments: expected,
    });
  });
});

describe("a date", () => {
  it.each([
    ["2026-02-03T04:05:06Z", "2026-02-03T04:05:06.000Z"],
    ["2026-02-03T04:05:06.1234567Z", "2026-02-03T04:05:06.123Z"],
    ["2026-02-03T04:05:06+02:00", "2026-02-03T02:05:06.000Z"],
    ["2026-02-03T04:05Z", "2026-02-03T04:05:00.000Z"],
    ["2026-02-03T04:05:06", "2026-02-03T04:05:06.000Z"],
  ])("%s is %s wherever the process lives", (text, expected) => {
    const zone = process.env.TZ;
    process.env.TZ = "America/New_York";
    try {
      expect(receivedTime({ receivedDateTime: text })).toBe(Date.parse(expected));
      expect(made({ receivedDateTime: text, sentDateTime: text })).toMatchObject({
        receivedAt: new Date(expected),
        sentAt: new Date(expected),
      });
    } finally {
      if (zone === undefined) delete process.env.TZ;
      else process.env.TZ = zone;
    }
  });

  it.each([
    ["datetime-value"],
    ["2026-13-45T00:00:00Z"],
    ["yesterday 5"],
    ["5"],
    ["Feb 3, 2026"],
    [""],
    [0],
    [1_770_000_000_000],
    [null],
    [{}],
  ])("%j is none, so that the message counts as new rather than old", (value) => {
    expect(receivedTime({ receivedDateTime: value })).toBeUndefined();
    const mail = made({ receivedDateTime: value, sentDateTime: value });
    expect(mail.receivedAt).toEqual(new Date(origin.receivedAt));
    expect("sentAt" in mail).toBe(false);
  });
});

describe("what is asked for", () => {
  it("is enough for every field of a message", () => {
    const selected = new Set(fullSelect({ uniqueBody: true }).split(","));
    const read = new Set<string>();
    const item = new Proxy(whole, {
      get(target, name) {
        if (typeof name === "string") read.add(name);
        return target[String(name)];
      },
    });
    made(item);
    expect([...read].filter((name) => !selected.has(name))).toEqual([]);
    expect(read.size).toBeGreaterThan(15);
  });

  it("names nothing twice and is a plain list", () => {
    for (const select of [fullSelect(), lightSelect]) {
      expect(select).toMatch(/^[A-Za-z]+(,[A-Za-z]+)*$/);
      expect(new Set(select.split(",")).size).toBe(select.split(",").length);
    }
  });

  it("leaves body and headers out where they are not wanted", () => {
    const has = (select: string) => ["body", "internetMessageHeaders"].filter((name) => select.split(",").includes(name));
    expect(has(fullSelect())).toEqual(["body", "internetMessageHeaders"]);
    expect(has(fullSelect({ body: "none" }))).toEqual(["internetMessageHeaders"]);
    expect(has(fullSelect({ headers: false, body: "text" }))).toEqual(["body"]);
    expect(has(lightSelect)).toEqual([]);
  });

  it("has what the mail says beside its quotes where that is wanted, but not of a round", () => {
    expect(fullSelect({ uniqueBody: true, body: "none" })).toContain(",uniqueBody,");
    expect(fullSelect()).not.toContain("uniqueBody");
    expect(roundSelect({ uniqueBody: true, body: "none" })).toBe(fullSelect({ body: "none" }));
  });

  it("prefers immutable ids always, and a page size and a form of body where they are given", () => {
    expect(preferences()).toBe('IdType="ImmutableId"');
    expect(preferences({ body: "none" })).toBe('IdType="ImmutableId"');
    expect(preferences({ body: "html" }, 50)).toBe('IdType="ImmutableId", odata.maxpagesize=50');
    expect(preferences({ body: "text" }, 1)).toBe('IdType="ImmutableId", odata.maxpagesize=1, outlook.body-content-type="text"');
  });

  it("prefers HTML as it was sent only where that is asked for and HTML is fetched", () => {
    const unsafe = 'IdType="ImmutableId", outlook.allow-unsafe-html';
    expect(preferences({ unsafeHtml: true })).toBe(unsafe);
    expect(preferences({ unsafeHtml: true, body: "none", uniqueBody: true })).toBe(unsafe);
    for (const body of ["text", "none"] as const) expect(preferences({ unsafeHtml: true, body })).not.toContain("unsafe");
  });
});

describe("an item", () => {
  it("with all that was asked for is complete", () => {
    expect(isComplete(whole)).toBe(true);
    const { body: _, ...bodiless } = whole;
    expect(isComplete(bodiless)).toBe(false);
    expect(isComplete(bodiless, { body: "none" })).toBe(true);
    expect(isComplete(whole, { uniqueBody: true })).toBe(false);
    expect(isComplete({ ...whole, uniqueBody: null }, { uniqueBody: true })).toBe(true);
  });

  it("that brings null for something is complete: absent is another thing", () => {
    expect(isComplete({ ...whole, subject: null, body: null })).toBe(true);
  });

  it("without headers, sender or ids of its own is complete: some mail has none", () => {
    const {
      internetMessageHeaders: _,
      from: _from,
      sender: _sender,
      internetMessageId: _id,
      conversationId: _conversation,
      ...rest
    } = whole;
    expect(isComplete(rest)).toBe(true);
  });

  it.each([
    ["receivedDateTime"],
    ["subject"],
    ["toRecipients"],
    ["ccRecipients"],
    ["bccRecipients"],
    ["replyTo"],
    ["bodyPreview"],
    ["categories"],
    ["importance"],
    ["isRead"],
    ["hasAttachments"],
    ["body"],
  ])("without %s is not complete: it is fetched by id", (name) => {
    const { [name]: _, ...rest } = whole;
    expect(isComplete(rest)).toBe(false);
  });

  it("of a later round with three properties is not complete", () => {
    expect(isComplete({ id: "x", isRead: true, parentFolderId: "F" })).toBe(false);
  });
});

describe("a message that is not whole", () => {
  it("says what is missing and why, and is well-formed all the same", () => {
    const lacking = { code: "ErrorItemCorrupt", missing: ["body", "preview", "headers", "envelope"] } as const;
    expect(made(reducedItem({}, lacking))).toEqual({ ...made({}), reduced: lacking });
    expect("reduced" in made(whole)).toBe(false);
    const { item } = withinBytes(whole, 1);
    const { body: _, headers, ...rest } = made(whole);
    expect(made(item)).toEqual({ ...rest, headers, oversize: { bytes: contentBytes(whole), missing: ["body"] } });
    expect(made(withinBytes(reducedItem(whole, lacking), 1).item)).toMatchObject({ reduced: lacking, oversize: { missing: ["body"] } });
  });

  it("is told apart by no property that Graph could send", () => {
    expect(Object.keys(reducedItem({ id: "1" }, { code: "x", missing: [] }))).toEqual(["id"]);
    expect(reductionOf({ reduction: "x", "Symbol(reduction)": "x" })).toBeUndefined();
  });

  it.each([
    ["envelope", {}, ["body", "preview", "headers"]],
    ["light", {}, ["body", "preview", "headers", "envelope"]],
    ["nothing", { body: "text" }, ["body", "preview", "headers", "envelope"]],
    ["envelope", { body: "none" }, ["preview", "headers"]],
    ["light", { body: "none", headers: false }, ["preview", "envelope"]],
    ["envelope", { uniqueBody: true }, ["body", "uniqueBody", "preview", "headers"]],
  ] as const)("lacks of %s with %j only what the queue asks for", (rung, content, missing) => {
    expect(missingParts(rung, content)).toEqual(missing);
  });
});
