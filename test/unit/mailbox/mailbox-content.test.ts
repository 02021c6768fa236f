/** Attachments and MIME of a mailbox over the simulator: what is listed, what is asked for, and every way it can fail. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import PostalMime from "postal-mime";
import { describe, expect, it } from "vitest";
import type { NewMessage, SimulatorOptions } from "../../../simulator/index.js";
import { MailError } from "../../../src/base/errors.js";
import { isObject, type JsonObject } from "../../../src/graph/wire.js";
import { attachedItem } from "../../../src/mailbox/attached-item.js";
import type { MailAttachment } from "../../../src/mailbox/mail-content.js";
import { createMailboxContent } from "../../../src/mailbox/mailbox-content.js";
import { toMailMessage } from "../../../src/mailbox/message.js";
import { settle } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";
import { queue, setUp } from "../graph/set-up.js";

async function withMail(message: NewMessage, options: SimulatorOptions = {}) {
  const scene = await setUp(options);
  const content = createMailboxContent(scene.client, scene.mailbox);
  const id = scene.mail.deliver(message);
  const mail = toMailMessage(id, { subject: "x" }, { folder: "inbox", receivedAt: 0 }, content);
  const first = async () => {
    const [attachment] = await scene.inTime(mail.attachments());
    if (!attachment) throw new Error("There is no attachment.");
    return attachment;
  };
  return { ...scene, content, id, message: mail, first };
}

const bytesOf = async (stream: ReadableStream<Uint8Array>) => new Uint8Array(await new Response(stream).arrayBuffer());
const textOf = async (stream: ReadableStream<Uint8Array>) => new TextDecoder().decode(await bytesOf(stream));
const sha = (pieces: Iterable<Uint8Array>) => {
  const hash = createHash("sha256");
  for (const piece of pieces) hash.update(piece);
  return hash.digest("hex");
};

describe("the attachments of a message", () => {
  it("are typed, named and told apart, inline ones among them, without their content", async () => {
    const { message, sent, inTime } = await withMail({
      attachments: [
        { name: "../../logo.png", contentType: "image/png", isInline: true, contentId: "logo@1", content: "png" },
        { kind: "item", name: "Re: parcel", item: { type: "message", message: {} } },
        { kind: "reference", name: "report.docx" },
        { name: null, contentType: null },
        { name: "REPORT.docx" },
      ],
    });
    const listed = await inTime(message.attachments());
    expect(listed).toMatchObject([
      { kind: "file", name: "../../logo.png", safeName: "_.._logo.png", contentType: "image/png", isInline: true, contentId: "logo@1" },
      { kind: "item", name: "Re: parcel", safeName: "Re_ parcel", contentType: "", isInline: false },
      { kind: "reference", name: "report.docx", safeName: "report.docx" },
      { kind: "file", name: "", safeName: "attachment", contentType: "" },
      { kind: "file", name: "REPORT.docx", safeName: "REPORT (2).docx" },
    ]);
    expect(listed[1]).not.toHaveProperty("contentId");
    expect(listed.every(({ size }) => size > 0)).toBe(true);
    const [request, ...more] = sent;
    expect(more).toEqual([]);
    expect(request?.url).toContain("$select=id,name,contentType,size,isInline,");
    expect(request?.url).not.toContain("contentBytes");
    expect(request?.headers.get("prefer")).toBe('IdType="ImmutableId"');
  });

  it("are listed without content ids where a server does not know to select them", async () => {
    const { message, sim, sent, inTime } = await withMail({ attachments: [{ contentId: "x", isInline: true }] });
    sim.faults.add({ name: "old server", route: "attachments", status: 400, graphCode: "RequestBroker--ParseUri", count: 1 });
    const listed = await inTime(message.attachments());
    expect(listed).toHaveLength(1);
    expect(listed[0]).not.toHaveProperty("contentId");
    expect(sent[1]?.url).not.toContain("contentId");
  });

  it("may be a thousand, and none", async () => {
    const many = await withMail({ attachments: Array.from({ length: 1_000 }, () => ({ name: "same.bin", content: 1 })) });
    const listed = await many.inTime(many.message.attachments());
    expect(new Set(listed.map(({ safeName }) => safeName)).size).toBe(1_000);
    expect(many.sent).toHaveLength(1);
    const none = await withMail({});
    expect(await none.inTime(none.message.attachments())).toEqual([]);
  });

  it("are followed over pages where a server gives them in some, to an end", async () => {
    const { message, network, sim, sent, inTime } = await withMail({});
    const page = (at: number) => ({
      "@odata.nextLink": `https://graph.microsoft.com/v1.0/me/messages/x/attachments?$skip=${at}`,
      value: [{ id: `a${at % 3}`, "@odata.type": "microsoft.graph.fileAttachment", name: 7, size: -1, isInline: "True" }],
    });
    network.fetch = async (input, init) =>
      String(input).includes("/attachments") ? Response.json(page(sent.length)) : sim.fetch(input, init);
    const listed = await inTime(message.attachments());
    expect(listed).toHaveLength(3);
    expect(listed[0]).toMatchObject({ kind: "file", name: "", size: 0, isInline: true });
    expect(sent.length).toBeLessThanOrEqual(100);
  });

  it.each([
    ["cut", '{"value":[{"id":"a","contentBytes":"AAAA'],
    ["no list", "{}"],
    ["an item without an id", '{"value":[{"name":"x"}]}'],
  ])("that come as %s are an error, and only ours", async (_, text) => {
    const { message, network, inTime } = await withMail({});
    network.fetch = async () => new Response(text);
    expect((await rejected(inTime(message.attachments()))).code).toBe("GRAPH_BAD_RESPONSE");
  });

  it("are a list whatever Graph sends, or one of our errors", async () => {
    const { message, network, inTime } = await withMail({});
    const item = fc.oneof(
      fc.jsonValue(),
      fc.record(
        {
          id: fc.oneof(fc.string({ minLength: 1 }), fc.jsonValue()),
          "@odata.type": fc.oneof(fc.constantFrom("#microsoft.graph.fileAttachment", "microsoft.graph.itemAttachment"), fc.jsonValue()),
          name: fc.oneof(fc.string({ unit: "binary" }), fc.jsonValue()),
          contentType: fc.jsonValue(),
          contentId: fc.jsonValue(),
          size: fc.oneof(fc.double(), fc.jsonValue()),
          isInline: fc.jsonValue(),
        },
        { requiredKeys: [] },
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(item, { maxLength: 5 }), async (value) => {
        network.fetch = async () => Response.json({ value });
        const outcome = await inTime(message.attachments()).catch((error: unknown) => error);
        if (outcome instanceof MailError) expect(outcome.code).toBe("GRAPH_BAD_RESPONSE");
        for (const one of outcome instanceof MailError ? [] : (outcome as readonly MailAttachment[])) {
          expect(["file", "item", "reference"]).toContain(one.kind);
          expect([one.id, one.name, one.safeName, one.contentType].map((text) => typeof text)).toEqual(Array(4).fill("string"));
          expect(one.size).toBeGreaterThanOrEqual(0);
          expect(typeof one.isInline).toBe("boolean");
        }
      }),
      { numRuns: 60 },
    );
  });

  it("of a message that was deleted are not there", async () => {
    const { message, mail, id, inTime } = await withMail({});
    mail.remove(id);
    expect(await rejected(inTime(message.attachments()))).toMatchObject({ code: "GRAPH_NOT_FOUND", queue, messageId: id });
  });

  it("are no property of the message: what is printed, copied or stored of it has none", async () => {
    const { message } = await withMail({});
    expect(Object.keys(message)).not.toContain("attachments");
    expect(JSON.parse(JSON.stringify(message))).not.toHaveProperty("attachments");
    expect(structuredClone(message)).toMatchObject({ subject: "x" });
    const other = await withMail({});
    expect(message.attachments).toBe(other.message.attachments);
  });
});

describe("the bytes of an attachment", () => {
  it("are the file's, asked for as they are and never as JSON", async () => {
    const { first, mail, id, sim, inTime } = await withMail({ attachments: [{ content: 1_000_000 }] });
    const attachment = await first();
    const bytes = await bytesOf(await inTime(attachment.stream()));
    expect(sha([bytes])).toBe(sha(mail.attachments(id)[0]?.pieces() ?? []));
    expect(sim.log.entries().map(({ route }) => route)).toEqual(["attachments", "attachmentValue"]);
  });

  it("of an item are MIME, iCalendar or vCard", async () => {
    const { message, inTime } = await withMail({
      attachments: [
        { kind: "item", item: { type: "message", message: { subject: "Nested" } } },
        { kind: "item", item: { type: "event" } },
        { kind: "item", item: { type: "contact" } },
      ],
    });
    const texts: string[] = [];
    for (const one of await inTime(message.attachments())) texts.push(await textOf(await inTime(one.stream())));
    expect(texts[0]).toContain("Subject: Nested");
    expect(texts.slice(1).map((text) => text.slice(0, 11))).toEqual(["BEGIN:VCALE", "BEGIN:VCARD"]);
  });

  it("of a link are refused without a request", async () => {
    const { first, sent, inTime } = await withMail({ attachments: [{ kind: "reference" }] });
    const attachment = await first();
    expect((await rejected(inTime(attachment.stream()))).code).toBe("GRAPH_ATTACHMENT_REFUSED");
    expect(sent).toHaveLength(1);
  });

  it("are found again when a scan has given all attachments other ids: the same one among equals", async () => {
    const same = (content: string) => ({ name: "page.png", contentType: "image/png", content });
    const { message, mail, id, sim, inTime } = await withMail({ attachments: [same("one"), { name: "other" }, same("two")] });
    const third = (await inTime(message.attachments()))[2];
    const before = third?.id;
    mail.rescan(id);
    expect(third && (await textOf(await inTime(third.stream())))).toBe("two");
    expect(third?.id).not.toBe(before);
    sim.log.clear();
    expect(third && (await textOf(await inTime(third.stream())))).toBe("two");
    expect(sim.log.count()).toBe(1);
  });

  it("of one that is there no more are not found, after one new list", async () => {
    const { first, network, sim, sent, inTime } = await withMail({ attachments: [{}] });
    const attachment = await first();
    network.fetch = async (input, init) =>
      String(input).includes("$value")
        ? Response.json({ error: { code: "ErrorItemNotFound", message: "" } }, { status: 404 })
        : String(input).includes("/attachments?")
          ? Response.json({ value: [] })
          : sim.fetch(input, init);
    expect((await rejected(inTime(attachment.stream()))).code).toBe("GRAPH_NOT_FOUND");
    expect(sent).toHaveLength(3);
  });

  it.each([
    [{ code: "ErrorVirusDetected" }, "GRAPH_ATTACHMENT_REFUSED"],
    [{ code: "ErrorCannotOpenFileAttachment" }, "GRAPH_ATTACHMENT_REFUSED"],
    [{ code: "ErrorInvalidRequest", status: 405 }, "GRAPH_ATTACHMENT_REFUSED"],
  ])("that Graph refuses for good (%j) are asked for once, and its neighbours come", async (damage, code) => {
    const { message, sim, id, inTime } = await withMail({ attachments: [{ name: "secret name", damage }, { content: "good" }] });
    const [bad, good] = await inTime(message.attachments());
    const error = bad && (await rejected(inTime(bad.stream()), { secrets: ["secret name"] }));
    expect(error).toMatchObject({ code, serviceCode: damage.code, queue, messageId: id, retryable: false });
    expect(sim.log.count({ route: "attachmentValue" })).toBe(1);
    expect(good && (await textOf(await inTime(good.stream())))).toBe("good");
  });

  it("that are too many for Graph are asked for twice; the list and the MIME are what is left", async () => {
    const { first, sim, inTime } = await withMail({ attachments: [{ content: 5_000 }] }, { largestValueBytes: 4_000 });
    const error = await rejected(inTime((await first()).stream()));
    expect(error).toMatchObject({ code: "GRAPH_CONTENT_TOO_LARGE", status: 504 });
    expect(error.message).toContain("mime()");
    expect(sim.log.count({ route: "attachmentValue" })).toBe(2);
  });

  it.each([99, 100])("of a hundred bytes come to an end at a limit of %i", async (maxBytes) => {
    const { first, inTime } = await withMail({ attachments: [{ content: 100 }] });
    const stream = await inTime((await first()).stream({ maxBytes }));
    if (maxBytes === 100) expect((await bytesOf(stream)).length).toBe(100);
    else expect((await rejected(bytesOf(stream))).code).toBe("DELIVERY_CONTENT_OVER_LIMIT");
  });

  it.each([-1, Number.NaN, "10"])("take no limit of %j", async (maxBytes) => {
    const { first } = await withMail({ attachments: [{}] });
    expect((await rejected((await first()).stream({ maxBytes: maxBytes as number }))).code).toBe("CONFIG_INVALID");
  });

  it.each([null, "now", { signal: {} }, { signal: "stop" }])("take no options like %j", async (given) => {
    const { first, message } = await withMail({ attachments: [{}] });
    const attachment = await first();
    const options = given as never;
    const calls = [attachment.stream(options), attachment.item(options), message.mime(options), message.attachments(options)];
    for (const call of calls) expect(await rejected(call)).toMatchObject({ name: "ConfigError", code: "CONFIG_INVALID" });
  });

  it("that nobody reads give their place to others, and say so when somebody does", async () => {
    const { first, clock, inTime, mailbox, client } = await withMail({ attachments: [{ content: 300_000 }] });
    const attachment = await first();
    const [one, two] = [await inTime(attachment.stream()), await inTime(attachment.stream())];
    const third = attachment.stream();
    await clock.advance(119_000);
    await client.call(mailbox, { method: "GET", target: "/me/mailFolders/inbox", what: "the inbox" });
    await clock.advance(2_000);
    expect((await bytesOf(await third)).length).toBe(300_000);
    for (const late of [one, two]) expect((await rejected(bytesOf(late))).code).toBe("DELIVERY_CONTENT_UNREAD");
  });

  it.each(["signal", "cancel"])("are ended by the host's %s in the middle, and the place is free again", async (how) => {
    const { first, sim, inTime, clock } = await withMail({ attachments: [{ content: 1_000_000 }] });
    const attachment = await first();
    for (let time = 0; time < 3; time += 1) {
      const controller = new AbortController();
      const reader = (await inTime(attachment.stream({ signal: controller.signal }))).getReader();
      await reader.read();
      if (how === "cancel") await reader.cancel();
      else {
        controller.abort("enough");
        await expect(reader.read()).rejects.toBe("enough");
      }
    }
    await settle();
    expect(clock.pending()).toBe(0);
    sim.log.clear();
    expect((await bytesOf(await inTime(attachment.stream()))).length).toBe(1_000_000);
    expect(sim.log.mostAtOnce()).toBe(1);
  });

  it("are not asked for when the host's signal was aborted before", async () => {
    const { first, sent } = await withMail({ attachments: [{}] });
    const attachment = await first();
    await expect(attachment.stream({ signal: AbortSignal.abort("before") })).rejects.toBe("before");
    expect(sent).toHaveLength(1);
  });

  it("end with the queue, and nothing is asked after that", async () => {
    const { first, content, message, sent, inTime } = await withMail({ attachments: [{ content: 1_000_000 }] });
    const attachment = await first();
    const reader = (await inTime(attachment.stream())).getReader();
    await reader.read();
    content.end(new MailError("LIFECYCLE_STOPPED", "It has stopped.", { queue }));
    for (const ended of [reader.read(), attachment.stream(), message.attachments(), message.mime()]) {
      expect((await rejected(ended)).code).toBe("LIFECYCLE_STOPPED");
    }
    expect(sent).toHaveLength(2);
  });

  it("may be wanted by a hundred readers with one signal: each in its turn, two at once", async () => {
    const { first, sim, inTime } = await withMail({ attachments: [{ content: 70_000 }] });
    const attachment = await first();
    const { signal } = new AbortController();
    sim.log.clear();
    const all = Array.from({ length: 100 }, async () => (await bytesOf(await attachment.stream({ signal }))).length);
    expect(new Set(await inTime(Promise.all(all)))).toEqual(new Set([70_000]));
    expect(sim.log.mostAtOnce()).toBe(2);
  });
});

describe("an item", () => {
  it("is a mail, an event or a contact, typed", async () => {
    const inner: NewMessage = {
      subject: "Forwarded",
      from: { name: "A", address: "a@example.org" },
      body: { contentType: "html", content: "<p>x</p>" },
      attachments: [{ content: 10 }],
    };
    const { message, inTime } = await withMail({
      attachments: [
        { kind: "item", item: { type: "message", message: inner } },
        { kind: "item", item: { type: "event", subject: "Review" } },
        { kind: "item", item: { type: "contact", displayName: "Alex" } },
        { name: "file" },
      ],
    });
    const [mail, event, contact, file] = await inTime(message.attachments());
    expect(mail && (await inTime(mail.item()))).toMatchObject({
      type: "message",
      message: {
        subject: "Forwarded",
        from: { name: "A", address: "a@example.org" },
        to: [{ address: queue }],
        body: { contentType: "html", content: "<p>x</p>" },
        hasAttachments: true,
      },
    });
    expect(event && (await inTime(event.item()))).toEqual({ type: "event", title: "Review" });
    expect(contact && (await inTime(contact.item()))).toEqual({ type: "contact", title: "Alex" });
    expect(file && (await rejected(inTime(file.item()))).code).toBe("GRAPH_ATTACHMENT_REFUSED");
  });

  it("is found again after a scan, and one that is too large is told", async () => {
    const big = { attachments: [{ content: 40_000 }] };
    const attachments: NewMessage["attachments"] = [
      { kind: "item", name: "small", item: { type: "event" } },
      { kind: "item", name: "big", item: { type: "message", message: big } },
    ];
    const { message, mail, id, inTime } = await withMail({ attachments }, { largestJsonBytes: 30_000 });
    const [small, large] = await inTime(message.attachments());
    mail.rescan(id);
    expect(small && (await inTime(small.item()))).toMatchObject({ type: "event" });
    expect(large && (await rejected(inTime(large.item()))).code).toBe("GRAPH_CONTENT_TOO_LARGE");
    expect(large && (await textOf(await inTime(large.stream()))).length).toBeGreaterThan(50_000);
  });

  it.each([
    [
      "cut in the middle of its content",
      '{"id":"a","item":{"@odata.type":"#microsoft.graph.message","attachments":[{"contentBytes":"AAAA',
      "GRAPH_BAD_RESPONSE",
    ],
    ["empty", "", "GRAPH_BAD_RESPONSE"],
  ])("that comes %s is an error, and only ours", async (_, text, code) => {
    const { first, network, inTime } = await withMail({ attachments: [{ kind: "item", item: { type: "event" } }] });
    const attachment = await first();
    network.fetch = async () => new Response(text);
    expect((await rejected(inTime(attachment.item()))).code).toBe(code);
  });

  it("of whatever shape is well-formed", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom("message", "eventMessageRequest", "event", "contact", "x"), (value, type) => {
        const json = JSON.parse(JSON.stringify({ item: value })) as JsonObject;
        const typed = { item: { ...(isObject(json.item) ? json.item : {}), "@odata.type": `#microsoft.graph.${type}` } };
        for (const given of [json, typed]) {
          const item = attachedItem(given);
          if (item.type === "message") expect([typeof item.message.subject, Array.isArray(item.message.to)]).toEqual(["string", true]);
          else expect(typeof item.title).toBe("string");
        }
      }),
    );
  });
});

describe("the MIME of a message", () => {
  it("is parsed by a parser of the host's", async () => {
    const { message, inTime } = await withMail({ subject: "Grüße", attachments: [{ name: "a.bin", content: 100_000 }] });
    const mail = await PostalMime.parse(await bytesOf(await inTime(message.mime())));
    expect(mail).toMatchObject({ subject: "Grüße", attachments: [{ filename: "a.bin", content: { byteLength: 100_000 } }] });
  });

  it("that Exchange cannot write has a code of its own, asked for once", async () => {
    const { message, mail, id, sim, inTime } = await withMail({});
    mail.damage(id, { properties: ["mime"] });
    const error = await rejected(inTime(message.mime()));
    expect(error).toMatchObject({ code: "GRAPH_MIME_REFUSED", serviceCode: "ErrorMimeContentConversionFailed", messageId: id });
    expect(error.message).toContain("JSON");
    expect(sim.log.count({ route: "mime" })).toBe(1);
  });

  it.each([
    ["a pause", { status: 429, retryAfter: 3 }],
    ["a broken connection", { dropSocket: "before" as const }],
    ["a server in trouble", { status: 503 }],
  ])("comes after %s", async (_, fault) => {
    const { message, sim, inTime } = await withMail({});
    sim.faults.add({ name: "trouble", route: "mime", count: 1, ...fault });
    expect(await textOf(await inTime(message.mime()))).toContain("MIME-Version");
  });

  it("of a message that came from nowhere is refused", async () => {
    const message = toMailMessage("x", {}, { folder: "inbox", receivedAt: 0 });
    for (const wanted of [message.mime(), message.attachments()]) expect((await rejected(wanted)).code).toBe("LIFECYCLE_STOPPED");
  });
});
