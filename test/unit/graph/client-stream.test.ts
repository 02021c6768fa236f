/** Bytes through the Graph client: their place in the gate, batches beside them, tokens and pauses as for any call. */
import { expect, test } from "vitest";
import { MailError } from "../../../src/base/errors.js";
import { sendBatch } from "../../../src/graph/batch.js";
import type { GraphCall } from "../../../src/graph/client.js";
import { rejected } from "../../support/rejection.js";
import { immutable, setUp } from "./set-up.js";

const limits = { unreadMs: 60_000, failure: (why: string) => new MailError("GRAPH_REFUSED", why) };

async function withFile(content = 300_000) {
  const scene = await setUp();
  const id = scene.mail.deliver({ attachments: [{ content }] });
  const path = `/me/messages/${id}`;
  const listing: GraphCall = { method: "GET", target: `${path}/attachments?$select=id`, prefer: immutable, what: "a listing" };
  const { text } = await scene.client.call(scene.mailbox, listing);
  const target = `${path}/attachments/${(JSON.parse(text) as { value: [{ id: string }] }).value[0].id}/$value`;
  const call: GraphCall = { method: "GET", target, prefer: immutable, what: "a file", urgency: "urgent", stream: limits };
  const open = async () => {
    const { body } = await scene.inTime(scene.client.call(scene.mailbox, call));
    if (!body) throw new Error("There is no body.");
    return body;
  };
  scene.sim.log.clear();
  return { ...scene, id, open, call };
}

const bytesOf = async (stream: ReadableStream<Uint8Array>) => (await new Response(stream).arrayBuffer()).byteLength;

test("while two streams are read, batches go in parts of two beside them, and never more than four requests at once", async () => {
  const { open, client, mailbox, mail, sim, inTime } = await withFile();
  const ids = mail.deliverMany(Array.from({ length: 20 }, () => ({})));
  const parts = ids.map((id) => ({ id, method: "PATCH" as const, path: `/me/messages/${id}`, body: { isRead: true }, prefer: immutable }));
  const streams = [await open(), await open()];
  const answers = await inTime(sendBatch(client, mailbox, { parts, what: "marks", urgency: "urgent" }));
  expect([...answers.values()].filter(({ ok }) => ok)).toHaveLength(20);
  expect(sim.log.count({ route: "batch" })).toBe(10);
  expect(sim.log.mostAtOnce()).toBe(4);
  expect(mailbox.counter.parts).toBe(20);
  for (const { stream } of streams) expect(await bytesOf(stream)).toBe(300_000);
  await inTime(sendBatch(client, mailbox, { parts, what: "marks" }));
  expect(sim.log.count({ route: "batch" })).toBe(11);
});

test("a batch that fails in the middle beside a stream sends none of its parts twice", async () => {
  const { open, client, mailbox, mail, sim, inTime } = await withFile();
  const ids = mail.deliverMany(Array.from({ length: 6 }, () => ({})));
  const parts = ids.map((id) => ({ id, method: "PATCH" as const, path: `/me/messages/${id}`, body: { isRead: true }, prefer: immutable }));
  const { stream } = await open();
  sim.faults.add({ name: "big", route: "batch", status: 504, after: 1, count: 4 });
  const answers = await inTime(sendBatch(client, mailbox, { parts, what: "marks" }));
  expect([...answers.values()].filter(({ ok }) => ok)).toHaveLength(6);
  expect(sim.log.count({ route: "patch" })).toBe(6);
  await stream.cancel();
});

test("a token that is refused is renewed before the bytes begin, a pause is waited out", async () => {
  const { open, sim, tokens, clock } = await withFile();
  sim.faults.add({ name: "refused", route: "attachmentValue", status: 401, count: 1 });
  sim.faults.add({ name: "busy", route: "attachmentValue", status: 429, retryAfter: 7, count: 1 });
  const before = clock.now();
  expect(await bytesOf((await open()).stream)).toBe(300_000);
  expect(tokens.given).toHaveLength(2);
  expect(clock.now() - before).toBeGreaterThanOrEqual(7_000);
  expect(sim.log.knockedWhileBarred()).toEqual([]);
});

test("bytes that break off are not asked for again: what was read cannot be taken back", async () => {
  const { open, sim } = await withFile();
  sim.faults.add({ name: "cut", route: "attachmentValue", truncate: 100_000 });
  const { stream, ended } = await open();
  expect((await rejected(bytesOf(stream))).code).toBe("GRAPH_BAD_RESPONSE");
  await ended;
  expect(sim.log.count({ route: "attachmentValue" })).toBe(1);
});

test("an error that is final is not repeated, another is", async () => {
  const { client, mailbox, call, sim, inTime } = await withFile();
  sim.faults.add({ name: "broken", route: "attachmentValue", status: 500 });
  expect((await rejected(inTime(client.call(mailbox, call)))).code).toBe("GRAPH_UNAVAILABLE");
  expect(sim.log.count({ route: "attachmentValue" })).toBe(4);
  await rejected(inTime(client.call(mailbox, { ...call, isFinal: ({ status }) => status === 500 })));
  expect(sim.log.count({ route: "attachmentValue" })).toBe(5);
});
