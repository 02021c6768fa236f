/** Whatever Graph may send as a message: what the host gets is well-formed, and nothing is thrown. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { MailError } from "../../../src/base/errors.js";
import { type Json, type JsonObject, parsePage } from "../../../src/graph/wire.js";
import { contentBytes, withinBytes } from "../../../src/mailbox/content-size.js";
import type { MailAddress } from "../../../src/mailbox/mail-address.js";
import { fullSelect, isComplete, type MailMessage, receivedTime, senderOf, toMailMessage } from "../../../src/mailbox/message.js";

/** What mail has been seen to carry, and what nobody should: control characters, half pairs, marks of direction, bad addresses and dates. */
const nasty = fc
  .array(
    fc.oneof(
      fc.constantFrom("\u0000", "\r\n", "\u001b[2J", "\ud800", "\udc00", "\u202e", "\u2066", "\ufeff", "\u0085", "😀", "é"),
      fc.constantFrom("<", ">", '"', "'", "(", ")", "@", "mailto:", ",", ";", "<a@b>", "x@y.example", "=?utf-8?Q?=", "\\", " "),
      fc.constantFrom("0000-00-00T00:00:00Z", "2026-02-30T25:61:61Z", "9999-12-31T23:59:59.9999999Z", "-1", "Invalid Date"),
      fc.string({ maxLength: 5 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(""));
const json = fc.oneof(fc.jsonValue({ maxDepth: 3 }), nasty, fc.constantFrom(null, true, 0, -1, 1e308, [], {})) as fc.Arbitrary<Json>;
/** Nearly right, so that the inner readers are reached too. */
const party = fc.record({ emailAddress: fc.record({ name: fc.oneof(json, nasty), address: fc.oneof(json, nasty) }) });
const header = fc.record({
  name: fc.oneof(
    json,
    fc.constantFrom("References", "in-reply-to", "Auto-Submitted", "Content-Type", "Return-Path", "Precedence", "List-Id"),
  ),
  value: fc.oneof(json, nasty),
});
const near: fc.Arbitrary<Json> = fc.oneof(
  json,
  fc.record({ emailAddress: json }) as fc.Arbitrary<Json>,
  party as fc.Arbitrary<Json>,
  fc.array(fc.oneof(json, party, header)) as fc.Arbitrary<Json>,
  fc.record({ contentType: json, content: fc.oneof(json, nasty) }) as fc.Arbitrary<Json>,
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
);
const item: fc.Arbitrary<JsonObject> = fc
  .array(
    fc.tuple(
      fc.oneof(
        fc.constantFrom(...fullSelect({ uniqueBody: true }).split(",")),
        fc.constantFrom("__proto__", "constructor", "toString", "x"),
      ),
      near,
    ),
  )
  .map(
    (entries) =>
      JSON.parse(`{${entries.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(",")}}`) as JsonObject,
  );

function wellFormed(mail: MailMessage): boolean {
  const isText = (value: unknown) => typeof value === "string" && value.isWellFormed();
  const isDate = (value: unknown) => value instanceof Date && !Number.isNaN(value.getTime());
  const isAddress = (value: MailAddress) => isText(value.name) && isText(value.address) && Object.keys(value).length === 2;
  return (
    [mail.id, mail.subject, mail.preview, mail.folder].every(isText) &&
    [mail.internetMessageId, mail.conversationId].every((value) => value === undefined || isText(value)) &&
    [mail.to, mail.cc, mail.bcc, mail.replyTo].every((list) => Array.isArray(list) && list.every(isAddress)) &&
    [mail.from, mail.sender].every((value) => value === undefined || isAddress(value)) &&
    isDate(mail.receivedAt) &&
    (mail.sentAt === undefined || isDate(mail.sentAt)) &&
    [mail.body, mail.uniqueBody].every(
      (body) => body === undefined || (["html", "text"].includes(body.contentType) && isText(body.content)),
    ) &&
    mail.headers.every(({ name, value }) => isText(name) && isText(value)) &&
    mail.references.every((id) => /^<[^<>\s]+>$/.test(id)) &&
    (mail.inReplyTo === undefined || /^<[^<>\s]+>$/.test(mail.inReplyTo)) &&
    (mail.automatic === undefined || (isText(mail.automatic.reason) && isText(mail.automatic.sign))) &&
    mail.categories.every(isText) &&
    ["low", "normal", "high"].includes(mail.importance) &&
    typeof mail.isRead === "boolean" &&
    typeof mail.hasAttachments === "boolean"
  );
}

it("a message is always well-formed", () => {
  fc.assert(
    fc.property(item, fc.string({ unit: "grapheme" }), (given, id) => {
      const mail = toMailMessage(id, given, { folder: "inbox", receivedAt: 0, own: ["support@contoso.com"] });
      expect(wellFormed(mail)).toBe(true);
      expect(mail.id).toBe(id);
      expect(JSON.parse(new TextDecoder().decode(new TextEncoder().encode(JSON.stringify(mail))))).toEqual(
        JSON.parse(JSON.stringify(mail)),
      );
    }),
    { numRuns: 2_000 },
  );
});

it("the check of the form would see a field that is not", () => {
  const mail = toMailMessage("x", {}, { folder: "inbox", receivedAt: 0 });
  expect(wellFormed(mail)).toBe(true);
  for (const wrong of [
    { subject: null },
    { subject: "\ud800" },
    { references: ["no brackets"] },
    { to: [{ name: "x" }] },
    { receivedAt: new Date(Number.NaN) },
    { isRead: "true" },
    { body: { contentType: "x" } },
  ]) {
    expect(wellFormed({ ...mail, ...wrong } as MailMessage)).toBe(false);
  }
});

it("its size is a positive number and no less than its body, its time a number or absent, its completeness a boolean", () => {
  fc.assert(
    fc.property(item, (given) => {
      const bytes = contentBytes(given);
      const { body } = toMailMessage("x", given, { folder: "inbox", receivedAt: 0 });
      expect(Number.isSafeInteger(bytes) && bytes >= 2 * (body?.content.length ?? 0)).toBe(true);
      const time = receivedTime(given);
      expect(time === undefined || Number.isSafeInteger(time)).toBe(true);
      expect(isComplete(given)).toBeTypeOf("boolean");
    }),
  );
});

it("of which too much is left out is still well-formed, says so, and is no larger", () => {
  fc.assert(
    fc.property(item, fc.integer({ min: 1, max: 5_000 }), (given, limit) => {
      const { item: kept, bytes } = withinBytes(given, limit);
      const mail = toMailMessage("x", kept, { folder: "inbox", receivedAt: 0 });
      expect(wellFormed(mail)).toBe(true);
      expect(bytes).toBe(contentBytes(kept));
      expect(mail.oversize !== undefined).toBe(kept !== given);
      if (mail.oversize) expect([bytes <= mail.oversize.bytes, mail.body]).toEqual([true, undefined]);
    }),
  );
});

it("whatever a page holds, only a MailError comes of it, and no part of the mail stands in that", () => {
  const page = fc.oneof(
    fc
      .array(
        fc.oneof(
          json,
          item,
          fc.tuple(item, fc.oneof(nasty, json)).map(([one, id]) => ({ ...one, id })),
        ),
      )
      .map((value) => ({ value })),
    fc.array(fc.tuple(item, fc.string({ minLength: 1 })).map(([one, id]) => ({ ...one, id }))).map((value) => ({ value })),
    fc.record({ value: json, "@odata.deltaLink": json }),
    json,
  );
  const text = fc.oneof(
    page.map((one) => JSON.stringify(one)),
    fc.tuple(page, fc.nat()).map(([one, cut]) => JSON.stringify(one).slice(0, cut % 200)),
  );
  let parsed = 0;
  fc.assert(
    fc.property(text, (answer) => {
      try {
        const { items } = parsePage(answer, { graphHost: "graph.microsoft.com", delta: false });
        for (const { id, properties } of items) {
          parsed += 1;
          expect(encodeURIComponent(id)).toBeTypeOf("string");
          expect(wellFormed(toMailMessage(id, properties, { folder: "inbox", receivedAt: 0 }))).toBe(true);
          expect(["string", "undefined"]).toContain(typeof senderOf(properties));
        }
      } catch (error) {
        if (!(error instanceof MailError)) throw error;
        expect(error.code).toBe("GRAPH_BAD_RESPONSE");
      }
    }),
    { numRuns: 1_000 },
  );
  expect(parsed).toBeGreaterThan(50);
});

it("a megabyte in every text, and five thousand recipients, cost no more than a moment", () => {
  const long = '\ud800<a@b>("\u202e '.repeat(80_000);
  const party = { emailAddress: { name: long, address: long } };
  const crowd = Array.from({ length: 5_000 }, (_, index) => ({ emailAddress: { name: `"N ${index}"`, address: `n${index}@contoso.com` } }));
  const names = ["References", "In-Reply-To", "Auto-Submitted", "Content-Type", "Return-Path", "X-Auto-Response-Suppress", long];
  const given: JsonObject = {
    subject: long,
    internetMessageId: long,
    conversationId: long,
    bodyPreview: long,
    from: party,
    sender: party,
    toRecipients: crowd,
    ccRecipients: [party],
    body: { contentType: "html", content: long },
    categories: [long],
    receivedDateTime: long,
    importance: long,
    internetMessageHeaders: names.map((name) => ({ name, value: long })),
  };
  const startedAt = performance.now();
  const mail = toMailMessage("x", given, { folder: "inbox", receivedAt: 0 });
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  expect(wellFormed(mail)).toBe(true);
  expect([mail.to.length, mail.subject.length]).toEqual([5_000, long.length]);
});
