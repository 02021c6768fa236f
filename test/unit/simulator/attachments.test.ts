/** Attachments and MIME as Graph gives them: JSON, bytes, refusals, and places on the gate while bytes are sent. */
import { createHash } from "node:crypto";
import PostalMime from "postal-mime";
import { expect, onTestFinished, test } from "vitest";
import { type NewMessage, type SimulatorOptions, simulatorFetch } from "../../../simulator/index.js";
import { createCaller, graphOrigin, immutable, noChance } from "./caller.js";

const base = "id,name,contentType,size,isInline,lastModifiedDateTime";
const withContentId = `${base},microsoft.graph.fileAttachment/contentId`;

async function withMail(message: NewMessage, options: SimulatorOptions = {}) {
  const caller = await createCaller({ quirks: noChance, ...options });
  const id = caller.user.mailbox.deliver(message);
  const path = `/me/messages/${id}`;
  const list = async (query = `?$select=${base}`) => (await caller.ask(`${path}/attachments${query}`, { prefer: immutable })).body.value;
  const raw = (below: string, init: RequestInit = {}) =>
    caller.sim.fetch(`${graphOrigin}/v1.0${path}${below}`, {
      headers: { authorization: `Bearer ${caller.token}`, prefer: immutable },
      ...init,
    });
  return { ...caller, mailbox: caller.user.mailbox, id, path, list, raw };
}

const pdf: NewMessage = { attachments: [{ name: "Info.pdf", contentType: "application/pdf", content: "%PDF-1.5" }] };

test("a listing without a selection has every property of the published examples, content included", async () => {
  const { list } = await withMail({
    attachments: [...(pdf.attachments ?? []), { kind: "item", item: { type: "message", message: {} } }, { kind: "reference" }],
  });
  const [file, item, reference] = await list("");
  expect(file).toEqual({
    "@odata.type": "#microsoft.graph.fileAttachment",
    "@odata.mediaContentType": "application/pdf",
    id: expect.any(String),
    lastModifiedDateTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
    name: "Info.pdf",
    contentType: "application/pdf",
    size: expect.any(Number),
    isInline: false,
    contentId: null,
    contentLocation: null,
    contentBytes: Buffer.from("%PDF-1.5").toString("base64"),
  });
  const plain = ["@odata.type", "id", "lastModifiedDateTime", "name", "contentType", "size", "isInline"];
  expect([Object.keys(item), item["@odata.type"]]).toEqual([plain, "#microsoft.graph.itemAttachment"]);
  expect([Object.keys(reference), reference["@odata.type"]]).toEqual([plain, "#microsoft.graph.referenceAttachment"]);
});

test("contentId is selected by its type alone; plainly it is refused", async () => {
  const { ask, path, list } = await withMail({ attachments: [{ isInline: true, contentId: "logo@1" }] });
  const plain = await ask(`${path}/attachments?$select=id,contentId`);
  expect([plain.status, plain.body.error.code]).toEqual([400, "RequestBroker--ParseUri"]);
  const [one] = await list(`?$select=${withContentId}`);
  expect(one).toMatchObject({ contentId: "logo@1", isInline: true });
  expect(one).not.toHaveProperty("contentBytes");
});

test("hasAttachments is false where all are inline", async () => {
  const inline = await withMail({ attachments: [{ isInline: true }] });
  expect((await inline.ask(inline.path)).body.hasAttachments).toBe(false);
  const mixed = await withMail({ attachments: [{ isInline: true }, {}] });
  expect((await mixed.ask(mixed.path)).body.hasAttachments).toBe(true);
});

test("a file's $value is its bytes, by each door and in a batch", async () => {
  const { list, raw, sim, path, token, mailbox, id, batch } = await withMail({ attachments: [{ content: 200_000 }] });
  const [{ id: attachment }] = await list();
  const below = `/attachments/${attachment}/$value`;
  const hash = createHash("sha256");
  for (const piece of mailbox.attachments(id)[0]?.pieces() ?? []) hash.update(piece);
  const expected = hash.digest("hex");
  const sha = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
  const response = await raw(below);
  expect(response.headers.get("content-type")).toBe("application/octet-stream");
  expect(sha(new Uint8Array(await response.arrayBuffer()))).toBe(expected);
  const door = await sim.listen();
  onTestFinished(() => door.close());
  const far = await simulatorFetch(door.url)(`${graphOrigin}/v1.0${path}${below}`, { headers: { authorization: `Bearer ${token}` } });
  expect(far.headers.get("content-length")).toBe("200000");
  expect(sha(new Uint8Array(await far.arrayBuffer()))).toBe(expected);
  const reply = await batch({ id: "1", method: "GET", url: `${path}${below}` });
  expect(sha(Buffer.from(reply.body.responses[0].body, "base64"))).toBe(expected);
});

test("items are MIME, iCalendar and vCard, a reference is 405", async () => {
  const { list, raw } = await withMail({
    attachments: [
      { kind: "item", item: { type: "message", message: { subject: "Nested", attachments: [{ name: "deep.txt", content: "deep" }] } } },
      { kind: "item", item: { type: "event", subject: "Review" } },
      { kind: "item", item: { type: "contact", displayName: "Alex" } },
      { kind: "reference" },
    ],
  });
  const [message, event, contact, reference] = (await list()).map(({ id }: { id: string }) => `/attachments/${id}/$value`);
  const nested = await PostalMime.parse(await (await raw(message)).arrayBuffer());
  expect([nested.subject, nested.attachments[0]?.filename]).toEqual(["Nested", "deep.txt"]);
  expect(await (await raw(event)).text()).toMatch(/^BEGIN:VCALENDAR.*SUMMARY:Review/s);
  expect(await (await raw(contact)).text()).toMatch(/^BEGIN:VCARD.*FN:Alex/s);
  expect((await raw(reference)).status).toBe(405);
});

test("an expanded item has the nested message with its attachments, to thirty levels", async () => {
  let inner: NewMessage = { subject: "deepest" };
  for (let level = 0; level < 40; level += 1) inner = { attachments: [{ kind: "item", item: { type: "message", message: inner } }] };
  const { ask, path, list } = await withMail(inner);
  const [{ id }] = await list();
  const expanded = await ask(`${path}/attachments/${id}?$expand=microsoft.graph.itemattachment/item`);
  let levels = 0;
  for (let at = expanded.body; at?.item; at = at.item.attachments?.[0]) levels += 1;
  expect(levels).toBe(30);
  expect(expanded.body.item).toMatchObject({ "@odata.type": "#microsoft.graph.message", id: "", internetMessageHeaders: [] });
});

test("a message's $value is MIME with every attachment", async () => {
  const { raw } = await withMail({
    subject: "Grüße",
    attachments: [
      { name: "ä.bin", content: 70_001 },
      { kind: "item", item: { type: "event" } },
      { isInline: true, contentId: "logo" },
    ],
  });
  const mail = await PostalMime.parse(await (await raw("/$value")).arrayBuffer());
  expect(mail.subject).toBe("Grüße");
  expect(mail.html).toContain("this is question 1");
  const [first, , third] = mail.attachments;
  expect(first).toMatchObject({ filename: "ä.bin", content: { byteLength: 70_001 } });
  expect(third?.contentId).toBe("<logo>");
});

test("ids are others after a rescan and, by default, after a move; the content stays", async () => {
  const { mailbox, id, list, raw, ask, path } = await withMail(pdf);
  const [{ id: before }] = await list();
  mailbox.rescan(id);
  const gone = await ask(`${path}/attachments/${before}`, { prefer: immutable });
  expect([gone.status, gone.body.error.code]).toEqual([404, "ErrorItemNotFound"]);
  const [{ id: after }] = await list();
  expect(after).not.toBe(before);
  mailbox.move(id, "archive");
  expect((await list())[0].id).toBe(after);
  expect(await (await raw(`/attachments/${after}/$value`)).text()).toBe("%PDF-1.5");
});

test("too much at once is an empty 504: more than 30 MB as JSON, or as bytes where a test says so", async () => {
  const { ask, path, list, raw } = await withMail({ attachments: [{ content: 24 * 2 ** 20 }] }, { largestValueBytes: 20 * 2 ** 20 });
  for (const reply of [await ask(`${path}/attachments`), await ask(`${path}/attachments/${(await list())[0].id}`)]) {
    expect([reply.status, reply.body.error]).toMatchObject([504, { code: "UnknownError", message: "" }]);
  }
  expect((await raw(`/attachments/${(await list())[0].id}/$value`)).status).toBe(504);
  expect((await raw("/$value")).status).toBe(504);
});

test("a damaged attachment can be listed and not read, a damaged message not written as MIME", async () => {
  const { list, raw, ask, path, mailbox, id } = await withMail({ attachments: [{ damage: { code: "ErrorVirusDetected" } }, {}] });
  const [bad, good] = await list();
  const refused = await ask(`${path}/attachments/${bad.id}/$value`);
  expect([refused.status, refused.body.error.code]).toEqual([500, "ErrorVirusDetected"]);
  expect((await raw(`/attachments/${good.id}/$value`)).status).toBe(200);
  expect((await ask(`${path}/attachments`)).status).toBe(500);
  mailbox.damage(id, { properties: ["mime"] });
  expect((await ask(`${path}/$value`)).body.error.code).toBe("ErrorMimeContentConversionFailed");
  expect((await ask(path)).status).toBe(200);
});

test.each<[string, (response: Response, controller: AbortController) => unknown]>([
  ["read to their end", (response) => response.arrayBuffer()],
  ["cancelled", (response) => response.body?.cancel()],
  ["aborted", (_, controller) => controller.abort()],
  ["broken off", (response) => response.arrayBuffer().catch(String)],
])("bytes hold their place on the gate until they are %s", async (how, end) => {
  const { list, raw, sim, ask, path } = await withMail({ attachments: [{ content: 300_000 }] });
  const [{ id }] = await list();
  if (how === "broken off") sim.faults.add({ name: "cut", route: "attachmentValue", truncate: 100_000 });
  const controllers = [1, 2, 3].map(() => new AbortController());
  const held = await Promise.all(controllers.map((one) => raw(`/attachments/${id}/$value`, { signal: one.signal })));
  expect(held.map(({ status }) => status)).toEqual([200, 200, 200]);
  sim.log.clear();
  await ask(path);
  expect(sim.log.mostAtOnce()).toBe(4);
  await Promise.all(held.map((response, index) => end(response, controllers[index] as AbortController)));
  sim.log.clear();
  await ask(path);
  expect(sim.log.mostAtOnce()).toBe(1);
});

test("bytes that are cut break off where they are cut, by each door", async () => {
  const { list, raw, sim, path, token } = await withMail({ attachments: [{ content: 300_000 }] });
  const below = `/attachments/${(await list())[0].id}/$value`;
  sim.faults.add({ name: "cut", route: "attachmentValue", truncate: 100_000 });
  const door = await sim.listen();
  onTestFinished(() => door.close());
  const far = simulatorFetch(door.url)(`${graphOrigin}/v1.0${path}${below}`, { headers: { authorization: `Bearer ${token}` } });
  for (const response of [await raw(below), await far]) {
    let got = 0;
    await expect(
      (async () => {
        for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) got += piece.length;
      })(),
    ).rejects.toThrow("terminated");
    expect(got).toBeLessThanOrEqual(100_000);
  }
});

test("a batch takes as many places as it has parts, four at the most", async () => {
  const { batch, sim, path } = await withMail({});
  const part = (id: string) => ({ id, method: "GET", url: `${path}?$select=id` });
  await batch(part("1"), part("2"));
  expect(sim.log.mostAtOnce()).toBe(2);
  await batch(...["1", "2", "3", "4", "5"].map(part));
  expect(sim.log.mostAtOnce()).toBe(4);
});
