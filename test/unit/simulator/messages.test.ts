import { expect, test } from "vitest";
import { createCaller, immutable } from "./caller.js";

const prefer = immutable;

test("a message without $select has Graph's default properties, and some come only when selected", async () => {
  const { ask, user } = await createCaller();
  const id = user.mailbox.deliver({ subject: "Hello", receivedAt: Date.UTC(2026, 0, 2, 3, 4, 5), headers: [{ name: "X-A", value: "b" }] });
  const { body } = await ask(`/me/messages/${id}`, { prefer });
  expect(Object.keys(body)).toEqual([
    "@odata.context",
    "@odata.etag",
    "id",
    "createdDateTime",
    "lastModifiedDateTime",
    "changeKey",
    "categories",
    "receivedDateTime",
    "sentDateTime",
    "hasAttachments",
    "internetMessageId",
    "subject",
    "bodyPreview",
    "importance",
    "parentFolderId",
    "conversationId",
    "conversationIndex",
    "isDeliveryReceiptRequested",
    "isReadReceiptRequested",
    "isRead",
    "isDraft",
    "webLink",
    "inferenceClassification",
    "body",
    "sender",
    "from",
    "toRecipients",
    "ccRecipients",
    "bccRecipients",
    "replyTo",
    "flag",
  ]);
  expect(body).toMatchObject({
    id,
    subject: "Hello",
    receivedDateTime: "2026-01-02T03:04:05Z",
    isRead: false,
    hasAttachments: false,
    flag: { flagStatus: "notFlagged" },
  });
  expect(body["@odata.etag"]).toBe(`W/"${body.changeKey}"`);
  const selected = await ask(`/me/messages/${id}?$select=internetMessageHeaders,uniqueBody`, { prefer });
  expect(selected.body.internetMessageHeaders).toEqual([{ name: "X-A", value: "b" }]);
  expect(selected.body).toHaveProperty("uniqueBody.contentType", "html");
  expect(selected.body).not.toHaveProperty("subject");
});

test("mail in Sent Items has no internet headers", async () => {
  const { ask, user } = await createCaller();
  const sent = user.mailbox.deliver({}, "sentitems");
  const received = user.mailbox.deliver();
  expect((await ask(`/me/messages/${sent}?$select=internetMessageHeaders`)).body).not.toHaveProperty("internetMessageHeaders");
  expect((await ask(`/me/messages/${received}?$select=internetMessageHeaders`)).body.internetMessageHeaders.length).toBeGreaterThan(0);
});

test("a body is HTML unless text is preferred, and its preview has 255 characters at most", async () => {
  const { ask, user } = await createCaller();
  const text = user.mailbox.deliver({ body: { contentType: "text", content: `a < b\n${"long ".repeat(100)}` } });
  const html = user.mailbox.deliver({ body: { contentType: "html", content: "<p>a &lt; b</p>" } });
  const bodyOf = async (id: string, preference?: string) =>
    (await ask(`/me/messages/${id}?$select=body`, preference === undefined ? {} : { prefer: preference })).body.body;
  expect(await bodyOf(text)).toMatchObject({ contentType: "html", content: expect.stringContaining("a &lt; b<br>") });
  expect(await bodyOf(html, 'outlook.body-content-type="text"')).toMatchObject({ contentType: "text", content: "a < b\r\n" });
  expect((await ask(`/me/messages/${text}`)).body.bodyPreview).toHaveLength(255);
});

test("HTML is given without what could do harm, unless the client asks for it as it was sent", async () => {
  const { ask, user } = await createCaller();
  const content = '<p onclick="x()">a<script>evil()</script></p><a href="javascript:x">b</a><form action=x>c</form>';
  const id = user.mailbox.deliver({ body: { contentType: "html", content } });
  const bodyOf = async (header: object) => (await ask(`/me/messages/${id}?$select=body`, header)).body.body.content;
  expect(await bodyOf({})).toBe('<p>a</p><a href="x">b</a>');
  expect(await bodyOf({ prefer: "outlook.allow-unsafe-html" })).toBe(content);
  expect(await bodyOf({})).toBe('<p>a</p><a href="x">b</a>');
});

test("what a mail says beside its quotes comes by id and in lists, and in no delta page", async () => {
  const { ask, user } = await createCaller();
  const id = user.mailbox.deliver({ body: { contentType: "html", content: "<p>new</p><p>quoted</p>" }, uniqueBody: "<p>new</p>" });
  expect((await ask(`/me/messages/${id}?$select=uniqueBody`)).body.uniqueBody).toEqual({ contentType: "html", content: "<p>new</p>" });
  const prefer = 'outlook.body-content-type="text"';
  const listed = await ask("/me/mailFolders/inbox/messages?$select=uniqueBody", { prefer });
  expect(listed.body.value[0].uniqueBody).toEqual({ contentType: "text", content: "new\r\n" });
  const delta = await ask("/me/mailFolders/inbox/messages/delta?$select=subject, uniqueBody,body");
  expect(Object.keys(delta.body.value[0])).toEqual(["@odata.type", "@odata.etag", "id", "subject", "body"]);
});

test("ids of both kinds open a message, whatever the header says; the answer's kind is the header's", async () => {
  const { ask, user } = await createCaller();
  const id = user.mailbox.deliver();
  const { defaultId } = user.mailbox.message(id)!;
  expect(id.length).toBeGreaterThanOrEqual(72);
  expect(defaultId.length).toBeGreaterThanOrEqual(140);
  expect((await ask(`/me/messages/${encodeURIComponent(defaultId)}`, { prefer })).body.id).toBe(id);
  expect((await ask(`/me/messages/${encodeURIComponent(id)}`)).body.id).toBe(defaultId);
});

test("ids are case-sensitive, and what cannot be an id is malformed", async () => {
  const { ask, user } = await createCaller();
  const id = user.mailbox.deliver();
  const flipped =
    id.slice(0, -8) +
    id.slice(-8).replace(/[a-z]/i, (letter) => (letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase()));
  expect((await ask(`/me/messages/${flipped}`)).body.error.code).toBe("ErrorItemNotFound");
  expect((await ask("/me/messages/short")).body.error.code).toBe("ErrorInvalidIdMalformed");
  expect((await ask(`/me/messages/${id.slice(0, -1)}`)).body.error.code).toBe("ErrorInvalidIdMalformed");
});

test("default ids hold characters of plain base64, and an unencoded slash breaks them", async () => {
  const { ask, user } = await createCaller();
  const ids = user.mailbox.deliverMany(Array.from({ length: 50 }, () => ({}))).map((id) => user.mailbox.message(id)!.defaultId);
  const slashed = ids.find((id) => id.includes("/"))!;
  expect(ids.join("")).toMatch(/\+/);
  expect((await ask(`/me/messages/${slashed}`)).status).toBeGreaterThanOrEqual(400);
  expect((await ask(`/me/messages/${encodeURIComponent(slashed)}`)).status).toBe(200);
});

test("a PATCH changes what may change, replaces categories and answers with the message", async () => {
  const { ask, user } = await createCaller();
  const id = user.mailbox.deliver({ categories: ["Old"] });
  const before = (await ask(`/me/messages/${id}`)).body.changeKey;
  const { status, body } = await ask(`/me/messages/${id}`, {
    method: "PATCH",
    prefer,
    body: { isRead: true, categories: ["New"], flag: { flagStatus: "flagged" } },
  });
  expect(status).toBe(200);
  expect(body).toMatchObject({ id, isRead: true, categories: ["New"], flag: { flagStatus: "flagged" } });
  expect(body.changeKey).not.toBe(before);
  expect(user.mailbox.message(id)).toMatchObject({ isRead: true, categories: ["New"], flagged: true });
});

test("toggling the read state leaves lastModifiedDateTime alone; other changes do not", async () => {
  let now = Date.UTC(2026, 0, 5);
  const { ask, user } = await createCaller({ now: () => now });
  const id = user.mailbox.deliver();
  now += 10_000;
  const patch = async (body: object) => (await ask(`/me/messages/${id}`, { method: "PATCH", body })).body.lastModifiedDateTime;
  expect(await patch({ isRead: true })).toBe("2026-01-05T00:00:00Z");
  expect(await patch({ categories: ["A"] })).toBe("2026-01-05T00:00:10Z");
});

test.each([
  ["a property that is fixed", { subject: "x" }, 400, "ErrorInvalidPropertySet"],
  ["a value of the wrong type", { isRead: "true" }, 400, "RequestBodyRead"],
  ["an unknown property", { colour: "red" }, 501, "SimulatorUnknownParameter"],
])("a PATCH of %s is refused and changes nothing", async (_, body, status, code) => {
  const { ask, user } = await createCaller();
  const id = user.mailbox.deliver();
  const before = user.mailbox.message(id);
  const reply = await ask(`/me/messages/${id}`, { method: "PATCH", body: { categories: ["A"], ...body } });
  expect(reply.status).toBe(status);
  expect(reply.body.error.code).toBe(code);
  expect(user.mailbox.message(id)).toEqual(before);
});

test("a PATCH with an old etag is 412, with the current one it passes", async () => {
  const { ask, user } = await createCaller();
  const id = user.mailbox.deliver();
  const etag = (await ask(`/me/messages/${id}`)).body["@odata.etag"];
  const patch = () => ask(`/me/messages/${id}`, { method: "PATCH", body: { isRead: true }, headers: { "if-match": etag } });
  expect((await patch()).status).toBe(200);
  expect((await patch()).body.error.code).toBe("ErrorIrresolvableConflict");
});

test("a body needs its content type", async () => {
  const { ask, user } = await createCaller();
  const id = user.mailbox.deliver();
  expect((await ask(`/me/messages/${id}`, { method: "PATCH", body: {}, headers: { "content-type": "text/plain" } })).status).toBe(415);
});

test("a move answers 201, gives a new default id, keeps the immutable one, and the old default id is gone", async () => {
  const { ask, user } = await createCaller();
  const id = user.mailbox.deliver();
  const { defaultId } = user.mailbox.message(id)!;
  const moved = await ask(`/me/messages/${encodeURIComponent(defaultId)}/move`, { method: "POST", body: { destinationId: "Archive" } });
  expect(moved.status).toBe(201);
  expect(moved.body.id).not.toBe(defaultId);
  expect(user.mailbox.message(id)).toMatchObject({ folder: "Archive", defaultId: moved.body.id });
  expect((await ask(`/me/messages/${encodeURIComponent(defaultId)}`)).body.error.code).toBe("ErrorItemNotFound");
  expect(
    (await ask(`/me/messages/${id}/microsoft.graph.move`, { method: "POST", body: { destinationId: "nowhere" } })).body.error.code,
  ).toBe("ErrorInvalidIdMalformed");
});

test("a DELETE moves to Deleted Items, a second one removes, a third depends on the kind of id", async () => {
  const { ask, user } = await createCaller();
  const id = user.mailbox.deliver();
  expect((await ask(`/me/messages/${id}`, { method: "DELETE" })).status).toBe(204);
  const { folder, defaultId } = user.mailbox.message(id)!;
  expect(folder).toBe("Deleted Items");
  expect((await ask(`/me/messages/${id}`, { method: "DELETE" })).status).toBe(204);
  expect(user.mailbox.message(id)).toBeUndefined();
  const byImmutable = await ask(`/me/messages/${id}`, { method: "DELETE" });
  expect([byImmutable.status, byImmutable.body.error.code]).toEqual([403, "ErrorCannotDeleteObject"]);
  expect((await ask(`/me/messages/${encodeURIComponent(defaultId)}`, { method: "DELETE" })).status).toBe(404);
});

test("a message is found through its own folder only", async () => {
  const { ask, user } = await createCaller();
  const id = user.mailbox.deliver();
  expect((await ask(`/me/mailFolders/inbox/messages/${id}`)).status).toBe(200);
  expect((await ask(`/me/mailFolders('Archive')/messages('${id}')`)).status).toBe(404);
});
