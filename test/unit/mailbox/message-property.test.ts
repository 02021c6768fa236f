/** Whatever Graph may send as a message: what the host gets is well-formed, and nothing is thrown. */
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Json, JsonObject } from "../../../src/graph/wire.js";
import { contentBytes } from "../../../src/mailbox/content-size.js";
import type { MailAddress } from "../../../src/mailbox/mail-address.js";
import { fullSelect, isComplete, type MailMessage, receivedTime, toMailMessage } from "../../../src/mailbox/message.js";

const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>;
/** Nearly right, so that the inner readers are reached too. */
const near: fc.Arbitrary<Json> = fc.oneof(
  json,
  fc.record({ emailAddress: json }) as fc.Arbitrary<Json>,
  fc.array(
    fc.oneof(json, fc.record({ emailAddress: fc.record({ name: json, address: json }) }), fc.record({ name: json, value: json })),
  ) as fc.Arbitrary<Json>,
  fc.record({ contentType: json, content: json }) as fc.Arbitrary<Json>,
  fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
);
const item: fc.Arbitrary<JsonObject> = fc
  .array(
    fc.tuple(fc.oneof(fc.constantFrom(...fullSelect().split(",")), fc.constantFrom("__proto__", "constructor", "toString", "x")), near),
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
    (mail.body === undefined || (["html", "text"].includes(mail.body.contentType) && isText(mail.body.content))) &&
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
    fc.property(item, fc.string(), (given, id) => {
      const mail = toMailMessage(id, given, { folder: "inbox", receivedAt: 0 });
      expect(wellFormed(mail)).toBe(true);
      expect(mail.id).toBe(id);
      expect(JSON.stringify(mail)).toBeTypeOf("string");
    }),
    { numRuns: 500 },
  );
});

it("the check of the form would see a field that is not", () => {
  const mail = toMailMessage("x", {}, { folder: "inbox", receivedAt: 0 });
  expect(wellFormed(mail)).toBe(true);
  for (const wrong of [
    { subject: null },
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
