/** A pause that a batch's parts are told holds for the very next request, also for one that waited behind the batch. */
import { expect, it } from "vitest";
import type { Http, HttpRequest } from "../../../src/base/http.js";
import { sendBatch } from "../../../src/graph/batch.js";
import { createGraphClient, type MailboxAccess } from "../../../src/graph/client.js";
import { createGate } from "../../../src/graph/gate.js";
import { fixedTokens } from "../../support/fixed-tokens.js";
import { wideGovernor } from "../../support/governance.js";
import { createManualClock, settle } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";

const part = { id: "1", method: "GET", path: "/me/messages/1", prefer: "" } as const;

/** A mailbox whose batches are answered when the test says so, and everything else at once. */
function setUp() {
  const clock = createManualClock();
  const asked: { readonly path: string; readonly at: number }[] = [];
  const answers: ((text: string) => void)[] = [];
  /** Of the batches themselves. */
  const outer = { status: 200 };
  const http: Http = async ({ url }: HttpRequest) => {
    const path = new URL(url).pathname;
    asked.push({ path, at: clock.now() });
    const text = path.endsWith("$batch") ? await new Promise<string>((resolve) => answers.push(resolve)) : "{}";
    return { status: path.endsWith("$batch") ? outer.status : 200, headers: new Headers(), text };
  };
  const client = createGraphClient({ http, graphHost: "graph.microsoft.com", clock });
  const queue = "support@contoso.com";
  const mailbox: MailboxAccess = {
    queue,
    root: "/me",
    tokens: fixedTokens(),
    gate: createGate({ clock, queue, width: 4, governor: wideGovernor(clock) }),
    counter: { requests: 0, parts: 0 },
  };
  const answerBatch = (responses: object[]) => answers.shift()?.(JSON.stringify({ responses }));
  return { clock, client, mailbox, asked, outer, answerBatch };
}

it("a request that waited behind a batch waits out the pause that a part of the batch was told", async () => {
  const { clock, client, mailbox, asked, answerBatch } = setUp();
  const begunAt = clock.now();
  const batch = sendBatch(client, mailbox, { parts: [part], what: "reading messages" });
  const page = client.call(mailbox, { method: "GET", target: "/me/mailFolders/inbox", what: "a page" });
  await settle();
  answerBatch([{ id: "1", status: 429, headers: { "Retry-After": "2" } }]);
  await clock.advance(1_999);
  expect(asked.map(({ path }) => path)).toEqual(["/v1.0/$batch"]);
  await clock.advance(1);
  await page;
  expect(asked.find(({ path }) => path.endsWith("inbox"))?.at).toBe(begunAt + 2_000);
  answerBatch([{ id: "1", status: 200, body: {} }]);
  await batch;
});

it("a request that waited behind a batch goes at once when no part was told to pause", async () => {
  const { clock, client, mailbox, asked, answerBatch } = setUp();
  const batch = sendBatch(client, mailbox, { parts: [part], what: "reading messages" });
  const page = client.call(mailbox, { method: "GET", target: "/me/mailFolders/inbox", what: "a page" });
  await settle();
  answerBatch([{ id: "1", status: 200, body: {} }]);
  await Promise.all([batch, page]);
  expect(asked.map(({ at }) => at)).toEqual([clock.now(), clock.now()]);
});

it("a part is sent for the last time within three minutes of the first time, however slowly Graph answers", async () => {
  const { clock, client, mailbox, asked, answerBatch } = setUp();
  const begunAt = clock.now();
  const batch = sendBatch(client, mailbox, { parts: [part], what: "marking messages" });
  for (let answered = 0; answered < asked.length || answered === 0; answered += 1) {
    await settle();
    await clock.advance(80_000);
    answerBatch([{ id: "1", status: 503 }]);
    await clock.advance(10_000);
  }
  expect((await batch).get("1")).toMatchObject({ ok: false, error: { code: "GRAPH_UNAVAILABLE" } });
  expect(asked.length).toBeGreaterThan(1);
  for (const { at } of asked) expect(at - begunAt).toBeLessThan(180_000);
});

it("a batch that is answered with 424, as older Graph does, is read like any other: a pause that a part is told holds", async () => {
  const { clock, client, mailbox, asked, outer, answerBatch } = setUp();
  outer.status = 424;
  const batch = sendBatch(client, mailbox, { parts: [part, { ...part, id: "2" }], what: "marking messages" });
  await settle();
  answerBatch([
    { id: "1", status: 429, headers: { "Retry-After": "5" } },
    { id: "2", status: 200, body: {} },
  ]);
  await clock.advance(4_999);
  expect(asked).toHaveLength(1);
  await clock.advance(1);
  expect(asked).toHaveLength(2);
  answerBatch([{ id: "1", status: 200, body: {} }]);
  expect([...(await batch).values()].map(({ ok }) => ok)).toEqual([true, true]);
});

it("a 424 that is no batch's answer is a refusal", async () => {
  const { client, mailbox, outer, answerBatch } = setUp();
  outer.status = 424;
  const batch = rejected(sendBatch(client, mailbox, { parts: [part], what: "marking messages" }));
  await settle();
  answerBatch("nothing" as never);
  expect((await batch).code).toBe("GRAPH_REFUSED");
});

it("a part that is refused with 429 and no time leaves the mailbox alone as a whole request does, longer each time", async () => {
  const { clock, client, mailbox, asked, answerBatch } = setUp();
  clock.chance = 0.5;
  const batch = sendBatch(client, mailbox, { parts: [part], what: "marking messages" });
  for (const atMs of [3_000, 9_000]) {
    await settle();
    answerBatch([{ id: "1", status: 429, body: { error: { code: "ApplicationThrottled" } } }]);
    await clock.advance(atMs - clock.ticks() - 1);
    expect(asked.at(-1)?.at).toBeLessThan(clock.now());
    await clock.advance(1);
    expect(asked.at(-1)?.at).toBe(clock.now());
  }
  answerBatch([{ id: "1", status: 200, body: {} }]);
  expect((await batch).get("1")).toMatchObject({ ok: true });
});
