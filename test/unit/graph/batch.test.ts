import { describe, expect, it } from "vitest";
import type { BatchCall, PartAnswer } from "../../../src/graph/batch.js";
import { sendBatch } from "../../../src/graph/batch.js";
import type { BatchPart, JsonObject } from "../../../src/graph/wire.js";
import { settle } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";
import { immutable, setUp } from "./set-up.js";

type Set = Awaited<ReturnType<typeof setUp>>;

const reading = (id: string, part: string): BatchPart => ({
  id: part,
  method: "GET",
  path: `/me/messages/${encodeURIComponent(id)}?$select=subject`,
  prefer: immutable,
});

/** Messages in the mailbox, and a part for each that reads it; the part is named after its subject. */
function withMessages({ mail }: Set, count: number) {
  const ids = mail.deliverMany(Array.from({ length: count }, (_, index) => ({ subject: `mail ${index}` })));
  return { ids, parts: ids.map((id, index) => reading(id, `mail ${index}`)) };
}

const send = ({ client, mailbox }: Set, parts: readonly BatchPart[], more: Partial<BatchCall> = {}) =>
  sendBatch(client, mailbox, { parts, what: "reading messages", ...more });

const subjects = (answers: ReadonlyMap<string, PartAnswer>) =>
  [...answers].map(([id, answer]) => [id, answer.ok ? (answer.body as JsonObject).subject : answer.error.code]);

/** The parts of each batch that was sent. */
const sentParts = ({ sent }: Set) =>
  sent.map(({ body }) => (JSON.parse(body) as { requests: { id: string }[] }).requests.map(({ id }) => id));

describe("parts", () => {
  it("get the answer of their own id, whatever the order Graph gives them in", async () => {
    const set = await setUp();
    const { parts } = withMessages(set, 20);
    const answers = await send(set, parts);
    expect(subjects(answers)).toEqual(parts.map(({ id }) => [id, id]));
    expect(set.sent).toHaveLength(1);
  });

  it("are given in another order by the simulator, so that matching by place would fail", async () => {
    const set = await setUp();
    const { parts } = withMessages(set, 20);
    let given: string[] = [];
    const { fetch } = set.network;
    set.network.fetch = async (input, init) => {
      const response = await fetch(input, init);
      given = ((await response.clone().json()) as { responses: { id: string }[] }).responses.map(({ id }) => id);
      return response;
    };
    await send(set, parts);
    expect(given.toSorted()).toEqual(parts.map(({ id }) => id).toSorted());
    expect(given).not.toEqual(parts.map(({ id }) => id));
  });

  it("leave twenty at a time", async () => {
    const set = await setUp();
    const { parts } = withMessages(set, 41);
    const answers = await send(set, parts);
    expect(sentParts(set).map((ids) => ids.length)).toEqual([20, 20, 1]);
    expect(subjects(answers)).toEqual(parts.map(({ id }) => [id, id]));
    expect(set.mailbox.counter).toEqual({ requests: 3, parts: 41 });
  });

  it("that are none send nothing", async () => {
    const set = await setUp();
    expect((await send(set, [])).size).toBe(0);
    expect(set.sent).toEqual([]);
  });

  it("carry ids with slash, plus and equals sign as one segment of their path", async () => {
    const set = await setUp();
    const defaultIds: string[] = [];
    for (let count = 0; !["/", "+", "="].every((sign) => defaultIds.some((id) => id.includes(sign))) && count < 200; count += 1) {
      defaultIds.push(set.mail.message(set.mail.deliver({ subject: `mail ${count}` }))?.defaultId ?? "");
    }
    expect(["/", "+", "="].filter((sign) => defaultIds.some((id) => id.includes(sign)))).toHaveLength(3);
    const parts = defaultIds.map((id, index) => reading(id, `mail ${index}`));
    const answers = await set.inTime(send(set, parts));
    expect(subjects(answers)).toEqual(parts.map(({ id }) => [id, id]));
  });

  it("carry the preference each by itself", async () => {
    const set = await setUp();
    const { ids, parts } = withMessages(set, 2);
    const answers = await send(set, [parts[0]!, { ...parts[1]!, prefer: 'outlook.body-content-type="text"' }]);
    const given = [...answers.values()].map((answer) => (answer.ok ? (answer.body as JsonObject).id : undefined));
    expect(given[0]).toBe(ids[0]);
    expect(given[1]).not.toBe(ids[1]);
    expect(set.sent[0]?.headers.get("prefer")).toBeNull();
  });
});

describe("a part that fails", () => {
  it("in passing is sent again by itself, and the others are not", async () => {
    const set = await setUp();
    const { ids, parts } = withMessages(set, 5);
    set.sim.faults.add({ name: "busy", route: "message", messageId: ids[3]!, count: 1, status: 503 });
    const answers = await set.inTime(send(set, parts));
    expect(sentParts(set).map((names) => names.length)).toEqual([5, 1]);
    expect(sentParts(set)[1]).toEqual(["mail 3"]);
    expect(subjects(answers)).toEqual(parts.map(({ id }) => [id, id]));
  });

  it.each([
    [404, "GRAPH_NOT_FOUND"],
    [403, "GRAPH_FORBIDDEN"],
    [400, "GRAPH_REFUSED"],
    [300, "GRAPH_REFUSED"],
  ])("for good (%i) has its refusal as its answer and is not sent again", async (status, code) => {
    const set = await setUp();
    const { ids, parts } = withMessages(set, 3);
    set.sim.faults.add({ name: "refused", route: "message", messageId: ids[1]!, status });
    const answers = await send(set, parts);
    expect(subjects(answers)).toEqual([
      ["mail 0", "mail 0"],
      ["mail 1", code],
      ["mail 2", "mail 2"],
    ]);
    expect(set.sent).toHaveLength(1);
  });

  it("with a conflict, as Exchange gives right after arrival, is sent again", async () => {
    const set = await setUp();
    const id = set.mail.deliver();
    set.sim.faults.add({ name: "conflict", route: "patch", count: 2, status: 412 });
    const part: BatchPart = {
      id: "1",
      method: "PATCH",
      path: `/me/messages/${encodeURIComponent(id)}`,
      prefer: immutable,
      body: { isRead: true },
    };
    const answers = await set.inTime(send(set, [part]));
    expect(answers.get("1")).toMatchObject({ ok: true, status: 200 });
    expect(set.mail.message(id)?.isRead).toBe(true);
    expect(set.sent).toHaveLength(3);
  });

  it("because its version is no more has that as its answer: its owner must look again", async () => {
    const set = await setUp();
    const id = set.mail.deliver();
    const path = `/me/messages/${encodeURIComponent(id)}`;
    const part: BatchPart = { id: "1", method: "PATCH", path, prefer: immutable, body: { isRead: true }, ifMatch: 'W/"old"' };
    const answers = await send(set, [part]);
    expect(answers.get("1")).toMatchObject({ ok: false, error: { code: "GRAPH_CONFLICT", status: 412 } });
    expect(set.sent).toHaveLength(1);
    expect(set.mail.message(id)?.isRead).toBe(false);
  });

  it("without end is given up after five tries with its last failure", async () => {
    const set = await setUp();
    const { parts } = withMessages(set, 1);
    set.sim.faults.add({ name: "down", route: "message", status: 500 });
    const answers = await set.inTime(send(set, parts));
    expect(subjects(answers)).toEqual([["mail 0", "GRAPH_UNAVAILABLE"]]);
    expect(set.sent).toHaveLength(5);
    expect(set.clock.pending()).toBe(0);
  });

  it("in passing again and again is sent again after waits that grow", async () => {
    const set = await setUp();
    set.clock.chance = 0;
    const begunAt = set.clock.now();
    const { parts } = withMessages(set, 1);
    set.sim.faults.add({ name: "down", route: "message", status: 500 });
    const answers = send(set, parts);
    await set.clock.advance(60_000);
    await answers;
    expect(set.sent.map(({ at }) => at - begunAt)).toEqual([0, 250, 750, 1_750, 3_750]);
  });

  it("by its absence is a bad response and is not sent again", async () => {
    const set = await setUp();
    const { parts } = withMessages(set, 2);
    set.network.fetch = async () =>
      new Response('{"responses":[{"id":"mail 1","status":200,"body":{"subject":"mail 1"}},{"id":"stranger","status":200}]}');
    const answers = await send(set, parts);
    expect(subjects(answers)).toEqual([
      ["mail 0", "GRAPH_BAD_RESPONSE"],
      ["mail 1", "mail 1"],
    ]);
    expect(set.sent).toHaveLength(1);
  });
});

describe("a pause that parts are told", () => {
  it("is waited out to its longest before any of them is sent again", async () => {
    const set = await setUp();
    const { ids, parts } = withMessages(set, 4);
    set.sim.faults.add({ name: "2 s", route: "message", messageId: ids[1]!, count: 1, status: 429, retryAfter: 2 });
    set.sim.faults.add({ name: "9 s", route: "message", messageId: ids[2]!, count: 1, status: 429, retryAfter: 9 });
    const answers = send(set, parts);
    await set.clock.advance(8_999);
    expect(set.sent).toHaveLength(1);
    await set.clock.advance(1_000);
    expect(subjects(await answers)).toEqual(parts.map(({ id }) => [id, id]));
    expect(sentParts(set)[1]).toEqual(["mail 1", "mail 2"]);
    expect(set.bars.at(-1)).toMatchObject({ code: "ApplicationThrottled" });
    expect(set.sim.log.knockedWhileBarred()).toEqual([]);
  });

  it("is waited out up to fifteen seconds", async () => {
    const set = await setUp();
    const { ids, parts } = withMessages(set, 1);
    set.sim.faults.add({ name: "15 s", route: "message", messageId: ids[0]!, count: 1, status: 429, retryAfter: 15 });
    expect(subjects(await set.inTime(send(set, parts)))).toEqual([["mail 0", "mail 0"]]);
  });

  it("that is long leaves those parts with the time for their owner, and the others answered", async () => {
    const set = await setUp();
    const { ids, parts } = withMessages(set, 2);
    set.sim.faults.add({ name: "minute", route: "message", messageId: ids[0]!, status: 429, retryAfter: 60 });
    const answers = await send(set, parts);
    expect(answers.get("mail 0")).toMatchObject({ ok: false, error: { code: "GRAPH_THROTTLED", notBeforeAt: set.clock.now() + 60_000 } });
    expect(answers.get("mail 1")).toMatchObject({ ok: true });
    expect(set.mailbox.gate.barredUntil).toBe(set.clock.now() + 60_000);
  });
});

describe("a whole batch", () => {
  it.each<[string, Parameters<Set["sim"]["faults"]["add"]>[0], string, number]>([
    ["refused for good", { name: "x", route: "batch", status: 400 }, "GRAPH_REFUSED", 1],
    ["refused in passing, without end", { name: "x", route: "batch", status: 503 }, "GRAPH_UNAVAILABLE", 4],
    ["whose connection breaks each time", { name: "x", route: "batch", dropSocket: "before" }, "GRAPH_UNREACHABLE", 4],
    ["whose answer is cut", { name: "x", route: "batch", truncate: 30 }, "GRAPH_BAD_RESPONSE", 3],
    ["whose answer is empty", { name: "x", route: "batch", status: 200, body: "" }, "GRAPH_BAD_RESPONSE", 3],
    ["whose answer has no responses", { name: "x", route: "batch", status: 200, body: {} }, "GRAPH_BAD_RESPONSE", 3],
  ])("%s ends with that error", async (_, fault, code, requests) => {
    const set = await setUp();
    const { parts } = withMessages(set, 2);
    set.sim.faults.add(fault);
    expect((await rejected(set.inTime(send(set, parts)), { secrets: set.secrets })).code).toBe(code);
    expect(set.sent).toHaveLength(requests);
    expect(set.clock.pending()).toBe(0);
  });

  it("whose answer was lost is sent again whole", async () => {
    const set = await setUp();
    const { parts } = withMessages(set, 3);
    set.sim.faults.add({ name: "lost", route: "batch", count: 1, dropSocket: "after" });
    expect(subjects(await set.inTime(send(set, parts)))).toEqual(parts.map(({ id }) => [id, id]));
    expect(sentParts(set).map((names) => names.length)).toEqual([3, 3]);
  });

  it("is alone at the mailbox, so that Graph's four at once are never exceeded", async () => {
    const set = await setUp();
    const { parts } = withMessages(set, 20);
    const single = () => set.client.call(set.mailbox, { method: "GET", target: "/me/mailFolders/inbox", what: "a folder" });
    await Promise.all([single(), single(), send(set, parts), single(), send(set, parts.slice(3)), single(), single(), single()]);
    expect(set.sim.log.mostAtOnce()).toBe(4);
    expect(set.sim.log.entries().filter(({ status }) => status === 429)).toEqual([]);
  });
});

it("an abort between two tries ends the sending with its reason", async () => {
  const set = await setUp();
  const { parts } = withMessages(set, 1);
  set.sim.faults.add({ name: "down", route: "message", status: 500 });
  const controller = new AbortController();
  const answers = send(set, parts, { signal: controller.signal });
  await settle();
  expect(set.clock.pending()).toBe(1);
  controller.abort("stop");
  await expect(answers).rejects.toBe("stop");
  expect(set.clock.pending()).toBe(0);
});
