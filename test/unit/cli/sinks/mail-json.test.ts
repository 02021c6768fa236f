/** The JSON form of a delivery: what is documented, and no more. */
import { expect, it } from "vitest";
import { mailJson, nameOfKey } from "../../../../src/cli/mail-json.js";
import { given } from "./given-delivery.js";

it("holds the mail's properties with ISO dates, its key, queue and attempt", () => {
  const { delivery } = given({ attempt: 3 });
  expect(JSON.parse(JSON.stringify(mailJson(delivery)))).toEqual({
    key: "support@contoso.com/AAMkAGI1/A+b==",
    queue: "Support@contoso.com",
    attempt: 3,
    message: {
      id: "AAMkAGI1/A+b==",
      references: [],
      subject: "Secret words\nin two lines",
      from: { name: "Ada", address: "ada@example.com" },
      to: [{ name: "", address: "support@contoso.com" }],
      cc: [],
      bcc: [],
      replyTo: [],
      receivedAt: "2026-03-01T08:00:00.000Z",
      sentAt: "2026-03-01T07:59:58.000Z",
      body: { contentType: "html", content: "<p>Where is my parcel?</p>" },
      preview: "Where is my parcel?",
      headers: [],
      categories: [],
      importance: "normal",
      isRead: false,
      hasAttachments: false,
      folder: "inbox",
    },
  });
});

it("has no date of sending where the mail has none", () => {
  const { delivery } = given({ item: {} });
  expect("sentAt" in mailJson(delivery).message).toBe(false);
});

it("names a key by 32 hexadecimal digits, each key by its own", () => {
  const names = ["a@b.c/1", "a@b.c/2", "../../etc/passwd", ""].map(nameOfKey);
  for (const name of names) expect(name).toMatch(/^[0-9a-f]{32}$/);
  expect(new Set(names).size).toBe(4);
  expect(nameOfKey("a@b.c/1")).toBe(names[0]);
});
