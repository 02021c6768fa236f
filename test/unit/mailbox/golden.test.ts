/** Every message that Microsoft published becomes a mail, and the output says which fields each of them filled. */
import { afterAll, describe, expect, it } from "vitest";
import type { JsonObject } from "../../../src/graph/wire.js";
import { type MailMessage, toMailMessage } from "../../../src/mailbox/message.js";
import { goldenExamples, goldenIsThere, goldenItems } from "../../support/golden.js";

/** By our field, Graph's property that fills it. */
const sources: Readonly<Record<string, string>> = {
  receivedAt: "receivedDateTime",
  importance: "importance",
  isRead: "isRead",
  hasAttachments: "hasAttachments",
};

function filled(mail: MailMessage, item: JsonObject): string[] {
  return Object.entries(mail)
    .filter(([name, value]) => {
      const source = sources[name];
      if (source !== undefined) return source in item && (name !== "receivedAt" || mail.receivedAt.getTime() !== 0);
      return name !== "folder" && value !== "" && !(Array.isArray(value) && value.length === 0);
    })
    .map(([name]) => name);
}

const messages = goldenExamples(/^(delta-messages|message-delta|message-get|message-move|message-update|user-list-messages)-/)
  .filter(([name]) => !/-update-02$|-move-02$/.test(name))
  .flatMap(([name, body]) => goldenItems(body).map((item, index): [string, JsonObject] => [`${name} ${index + 1}`, item]));

describe.skipIf(!goldenIsThere)("a published message", () => {
  const rows: string[] = [];
  const seen = new Set<string>();

  it.each(messages)("%s becomes a mail of all that it says", (name, item) => {
    const mail = toMailMessage(String(item.id ?? name), item, { folder: "inbox", receivedAt: 0 });
    const fields = filled(mail, item);
    rows.push(`| ${name} | ${fields.join(", ")} |`);
    for (const field of fields) seen.add(field);
    expect(JSON.stringify(mail).isWellFormed()).toBe(true);
    for (const [property, field] of Object.entries(fieldOf)) {
      const said = item[property];
      const isEmpty = said === undefined || said === null || said === "" || (Array.isArray(said) && said.length === 0);
      if (!isEmpty && !String(said).endsWith("-value")) expect([property, fields.includes(field)]).toEqual([property, true]);
    }
  });

  /** By Graph's property, our field. */
  const fieldOf: Readonly<Record<string, keyof MailMessage>> = {
    internetMessageId: "internetMessageId",
    conversationId: "conversationId",
    subject: "subject",
    from: "from",
    sender: "sender",
    toRecipients: "to",
    ccRecipients: "cc",
    bccRecipients: "bcc",
    replyTo: "replyTo",
    receivedDateTime: "receivedAt",
    sentDateTime: "sentAt",
    body: "body",
    uniqueBody: "uniqueBody",
    bodyPreview: "preview",
    internetMessageHeaders: "headers",
    categories: "categories",
    importance: "importance",
    isRead: "isRead",
    hasAttachments: "hasAttachments",
  };

  it("of all of them together fills every field that such messages have", () => {
    expect([...seen].toSorted()).toEqual(expect.arrayContaining(["body", "from", "headers", "preview", "sentAt", "to", "uniqueBody"]));
  });

  afterAll(() => {
    if (rows.length > 0) console.log(["| published message | fields it fills |", "|---|---|", ...rows].join("\n"));
  });
});
