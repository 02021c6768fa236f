import { describe, expect, it } from "vitest";
import type { ContentOptions } from "../../../src/mailbox/content-options.js";
import { fullSelect, isComplete } from "../../../src/mailbox/message.js";
import { mailboxAnswers, type Reading, readMessages } from "../../../src/mailbox/reader.js";
import { settle } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";
import { queue, setUp } from "../graph/set-up.js";

type Set = Awaited<ReturnType<typeof setUp>>;

const read = (set: Set, ids: readonly string[], content: ContentOptions = {}) =>
  set.inTime(readMessages(set.client, set.mailbox, { ids, content }));

const shown = (readings: readonly Reading[]) => readings.map((reading) => (reading.found ? reading.item.subject : reading.error.code));

describe("reading by id", () => {
  it("gives one reading for each id, in the order of the ids, twenty to a batch", async () => {
    const set = await setUp();
    const ids = set.mail.deliverMany(Array.from({ length: 45 }, (_, index) => ({ subject: `mail ${index}` })));
    const wanted = ids.toReversed();
    const readings = await read(set, wanted);
    expect(shown(readings)).toEqual(wanted.map((id) => set.mail.message(id)?.subject));
    expect(readings.map((reading) => reading.found && reading.item.id)).toEqual(wanted);
    expect(set.mailbox.counter).toEqual({ requests: 3, parts: 45 });
  });

  it("brings everything that a message is made of", async () => {
    const set = await setUp();
    const id = set.mail.deliver({
      subject: "Hello",
      headers: [{ name: "X-Ticket", value: "7" }],
      body: { contentType: "html", content: "<p>x</p>" },
    });
    const [reading] = await read(set, [id]);
    expect(reading?.found && isComplete(reading.item)).toBe(true);
    expect(reading).toMatchObject({ found: true, item: { subject: "Hello", body: { contentType: "html" } } });
    expect(reading?.found && reading.item.internetMessageHeaders).toContainEqual({ name: "X-Ticket", value: "7" });
  });

  it.each<[ContentOptions, string]>([
    [{}, 'IdType="ImmutableId"'],
    [{ body: "none", headers: false }, 'IdType="ImmutableId"'],
    [{ body: "text" }, 'IdType="ImmutableId", outlook.body-content-type="text"'],
  ])("asks for the content wanted: %j", async (content, prefer) => {
    const set = await setUp();
    const id = set.mail.deliver({ body: { contentType: "html", content: "<p>x</p>" } });
    const [reading] = await read(set, [id], content);
    const [request] = (JSON.parse(set.sent[0]!.body) as { requests: { url: string; headers: { Prefer: string } }[] }).requests;
    expect(request?.url).toBe(`/me/messages/${encodeURIComponent(id)}?$select=${fullSelect(content)}`);
    expect(request?.headers.Prefer).toBe(prefer);
    expect(reading?.found && isComplete(reading.item, content)).toBe(true);
  });

  it("finds messages by ids with slash, plus and equals sign", async () => {
    const set = await setUp();
    const messages = Array.from({ length: 60 }, (_, index) => set.mail.message(set.mail.deliver({ subject: `mail ${index}` }))!);
    const ids = messages.map(({ defaultId }) => defaultId);
    expect(["/", "+", "="].every((sign) => ids.some((id) => id.includes(sign)))).toBe(true);
    expect(shown(await read(set, ids))).toEqual(messages.map(({ subject }) => subject));
  });

  it("gives one id asked for twice two readings", async () => {
    const set = await setUp();
    const id = set.mail.deliver({ subject: "once" });
    expect(shown(await read(set, [id, id]))).toEqual(["once", "once"]);
  });

  it("of nothing asks nothing", async () => {
    const set = await setUp();
    expect(await read(set, [])).toEqual([]);
    expect(set.sent).toEqual([]);
  });
});

describe("a message that cannot be read", () => {
  it("because it is gone has GRAPH_NOT_FOUND, and the others are read", async () => {
    const set = await setUp();
    const ids = set.mail.deliverMany([{ subject: "a" }, { subject: "b" }, { subject: "c" }]);
    set.mail.remove(ids[1]!);
    expect(shown(await read(set, ids))).toEqual(["a", "GRAPH_NOT_FOUND", "c"]);
  });

  it.each([
    [500, "GRAPH_UNAVAILABLE"],
    [400, "GRAPH_REFUSED"],
    [403, "GRAPH_FORBIDDEN"],
  ])("because Graph refuses it (%i) has that error, and the others are read", async (status, code) => {
    const set = await setUp();
    const ids = set.mail.deliverMany([{ subject: "a" }, { subject: "broken" }]);
    set.sim.faults.add({ name: "broken", route: "message", messageId: ids[1]!, status });
    expect(shown(await read(set, ids))).toEqual(["a", code]);
  });

  it.each([
    ["nothing", undefined],
    ["a text", "base64"],
    ["a list", []],
    ["null", null],
  ])("because Graph gave %s for it has GRAPH_BAD_RESPONSE with its id", async (_, body) => {
    const set = await setUp();
    set.network.fetch = async () => Response.json({ responses: [{ id: "1", status: 200, body }] });
    const [reading] = await read(set, ["AAkA="]);
    expect(reading).toMatchObject({ found: false, error: { code: "GRAPH_BAD_RESPONSE", messageId: "AAkA=", queue } });
  });

  it("because Graph left it out has GRAPH_BAD_RESPONSE", async () => {
    const set = await setUp();
    set.network.fetch = async () => Response.json({ responses: [] });
    expect(shown(await read(set, ["AAkA="]))).toEqual(["GRAPH_BAD_RESPONSE"]);
  });
});

it("a batch that fails whole is thrown", async () => {
  const set = await setUp();
  set.sim.faults.add({ name: "down", route: "batch", status: 503 });
  expect((await rejected(read(set, [set.mail.deliver()]))).code).toBe("GRAPH_UNAVAILABLE");
});

it("an abort ends the reading with its reason", async () => {
  const set = await setUp();
  set.network.fetch = () => new Promise(() => undefined);
  const controller = new AbortController();
  const reading = readMessages(set.client, set.mailbox, { ids: ["AAkA="], content: {}, signal: controller.signal });
  await settle();
  controller.abort("stop");
  await expect(reading).rejects.toBe("stop");
});

describe("whether the mailbox answers", () => {
  const asked = (set: Set, { signal } = new AbortController()) => set.inTime(mailboxAnswers(set.client, set.mailbox, signal));

  it("is seen from its inbox, which is asked for nothing but its id", async () => {
    const set = await setUp();
    expect(await asked(set)).toBe(true);
    expect(set.sent.map(({ url }) => url)).toEqual(["https://graph.microsoft.com/v1.0/me/mailFolders/inbox?$select=id"]);
  });

  it.each([[404], [403], [401], [503], [410]])("is not when Graph refuses the inbox (%i)", async (status) => {
    const set = await setUp();
    set.sim.faults.add({ name: "refused", route: "folder", status });
    expect(await asked(set)).toBe(false);
  });

  it("is left open by an abort, whose reason is thrown", async () => {
    const set = await setUp();
    set.network.fetch = () => new Promise(() => undefined);
    const controller = new AbortController();
    const answer = asked(set, controller);
    controller.abort("stop");
    await expect(answer).rejects.toBe("stop");
  });
});
