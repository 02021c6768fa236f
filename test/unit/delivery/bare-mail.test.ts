/** Mail without headers: they come from its MIME before the handler sees it, and what is in the way of that. */
import { expect, it } from "vitest";
import { MailError, type MailErrorCode } from "../../../src/base/errors.js";
import type { JsonObject } from "../../../src/graph/wire.js";
import type { MailHeader } from "../../../src/mailbox/mail-header.js";
import { createScene } from "./dispatcher-scene.js";
import { item } from "./set-up.js";

const reply: MailHeader = { name: "Auto-Submitted", value: "auto-replied" };

/** Graph gives no headers of messages whose id begins with `bare`; their MIME answers when the test says so. */
async function withBareMail(options: Parameters<typeof createScene>[0] = {}) {
  const asked: { readonly id: string; resolve(headers: readonly MailHeader[]): void; reject(error: MailError): void }[] = [];
  const scene = await createScene({
    readHeaders: (id, signal) =>
      new Promise((resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        asked.push({ id, resolve, reject });
      }),
    ...options,
  });
  const contentOf = (id: string): JsonObject => ({
    ...item(id, { conversationId: id }),
    ...(id.startsWith("bare") ? {} : { internetMessageHeaders: [] }),
  });
  scene.answer = (id) => ({ found: true, item: contentOf(id) });
  const arrive = (...ids: readonly string[]) => scene.arrive(ids, { full: false });
  return Object.assign(scene, { asked, arriveBare: arrive, ids: () => scene.handed.map(({ id }) => id) });
}

const failure = (code: MailErrorCode, more: { notBeforeAt?: number; status?: number } = {}) => new MailError(code, "no", more);

it("it waits for its headers, by which it is known as a program's; others do not wait with it", async () => {
  const { arriveBare, asked, clock, ids, of } = await withBareMail();
  await arriveBare("bare", "m1");
  expect(ids()).toEqual(["m1"]);
  expect(asked.map(({ id }) => id)).toEqual(["bare"]);
  asked[0]!.resolve([reply]);
  await clock.advance(10);
  expect(of("bare")[0]!.delivery.message).toMatchObject({ headers: [reply], automatic: { reason: "auto-reply" } });
});

it("its headers are not asked for again at the next attempt of a message that is kept", async () => {
  const { arriveBare, asked, clock, done, of } = await withBareMail();
  await arriveBare("bare");
  asked[0]!.resolve([reply]);
  await clock.advance(10);
  await done(of("bare")[0]!.delivery.retry({ afterMs: 1_000 }));
  await clock.advance(1_100);
  expect(of("bare")[1]!.delivery.message.headers).toEqual([reply]);
  expect(asked).toHaveLength(1);
});

it("an attempt counts only once its headers are there", async () => {
  const { arriveBare, asked, clock, of, stored } = await withBareMail();
  await arriveBare("bare");
  expect(await stored()).toMatchObject([{ state: "pending", attempts: 0 }]);
  asked[0]!.resolve([]);
  await clock.advance(10);
  expect(of("bare")[0]!.delivery.attempt).toBe(1);
});

it.each(["GRAPH_MIME_REFUSED", "GRAPH_NOT_FOUND", "GRAPH_UNREACHABLE", "GRAPH_CONTENT_TOO_LARGE"] as const)(
  "where its MIME cannot be had (%s), it comes without headers, and says so",
  async (code) => {
    const { arriveBare, asked, clock, of, told } = await withBareMail();
    await arriveBare("bare");
    asked[0]!.reject(failure(code));
    await clock.advance(10);
    expect(of("bare")[0]!.delivery.message).toMatchObject({ headers: [], reduced: { code, missing: ["headers"] } });
    expect(told.filter(({ name }) => name === "message:reduced")).toMatchObject([{ id: "bare", code, missing: ["headers"] }]);
  },
);

it.each([
  ["a pause that Graph asks for", "GRAPH_THROTTLED"],
  ["a missing sign-in", "AUTH_SIGN_IN_REQUIRED"],
] as const)("%s is waited for: it says nothing of the message", async (_, code) => {
  const { arriveBare, asked, clock, ids, of } = await withBareMail();
  await arriveBare("bare");
  asked[0]!.reject(failure(code, { notBeforeAt: clock.now() + 90_000 }));
  await clock.advance(60_000);
  if (code === "GRAPH_THROTTLED") expect(asked).toHaveLength(1);
  await clock.advance(30_000);
  expect(ids()).toEqual([]);
  asked.at(-1)!.resolve([reply]);
  await clock.advance(10);
  expect(of("bare")[0]!.delivery.message.headers).toEqual([reply]);
});

it("a message whose MIME only ever asks for pauses comes in the end", async () => {
  const { arriveBare, asked, clock, of } = await withBareMail();
  await arriveBare("bare");
  for (let count = 1; of("bare").length === 0; count += 1) {
    expect(count).toBeLessThan(20);
    asked.at(-1)!.reject(failure("GRAPH_UNAVAILABLE", { notBeforeAt: clock.now() + 1_000 }));
    await clock.advance(120_000);
  }
  expect(of("bare")[0]!.delivery.message.reduced).toMatchObject({ missing: ["headers"] });
});

it("a stop does not wait for headers, and the message is there at the next start", async () => {
  const { arriveBare, asked, dispatcher, done, failures, ids, stored } = await withBareMail();
  await arriveBare("bare");
  expect(asked).toHaveLength(1);
  await done(dispatcher.stop(60_000));
  expect(ids()).toEqual([]);
  expect(failures).toEqual([]);
  expect(await stored()).toMatchObject([{ id: "bare", state: "pending", attempts: 0 }]);
});

it("a pause of the queue that comes meanwhile holds it back without an attempt", async () => {
  const { arriveBare, asked, clock, dispatcher, ids, of } = await withBareMail();
  await arriveBare("bare");
  dispatcher.pause();
  asked[0]!.resolve([reply]);
  await clock.advance(10);
  expect(ids()).toEqual([]);
  dispatcher.resume();
  await clock.advance(10);
  expect(of("bare")[0]!.delivery).toMatchObject({ attempt: 1, message: { headers: [reply] } });
});

it("a queue that wants no headers asks for none", async () => {
  const { arriveBare, asked, of } = await withBareMail({ readHeaders: undefined });
  await arriveBare("bare");
  expect(of("bare")[0]!.delivery.message.headers).toEqual([]);
  expect(asked).toEqual([]);
});

it("a suspect of a crash has its headers before its turn begins, so that nobody else waits for them", async () => {
  const { arriveBare, asked, clock, dispatcher, dispatcherOver, handed, ids, open, told } = await withBareMail();
  await arriveBare("bare");
  asked[0]!.resolve([]);
  await clock.advance(10);
  expect(ids()).toEqual(["bare"]);
  // The process dies with the message in flight; the next one suspects it.
  dispatcher.abandon(failure("LIFECYCLE_LOST_STORE"));
  handed.length = 0;
  const ledger = await open();
  const next = dispatcherOver(ledger);
  next.add([...ledger.open.values()]);
  await clock.advance(10);
  expect(asked).toHaveLength(2);
  const fresh = await ledger.record([{ id: "m1", folder: "inbox", receivedAt: clock.now(), becomes: "pending" }], {
    key: ["support@contoso.com", "cursor", "inbox"],
    value: { link: "another" },
  });
  next.add(fresh);
  await clock.advance(10);
  expect(ids()).toEqual(["m1"]);
  handed[0]!.finish();
  asked[1]!.resolve([reply]);
  await clock.advance(10);
  expect(ids()).toEqual(["m1", "bare"]);
  expect(handed[1]!.delivery.message.headers).toEqual([reply]);
  expect(told.some(({ name }) => name === "message:reduced")).toBe(false);
});
