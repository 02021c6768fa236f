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

it.each(["GRAPH_MIME_REFUSED", "GRAPH_NOT_FOUND", "GRAPH_CONTENT_TOO_LARGE"] as const)(
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

it.each([
  ["the network is away", "GRAPH_UNREACHABLE"],
  ["the mailbox is away", "GRAPH_MAILBOX_UNAVAILABLE"],
  ["its token is refused", "GRAPH_UNAUTHORIZED"],
  ["the store is away", "STORE_UNAVAILABLE"],
  ["the answer breaks off", "GRAPH_BAD_RESPONSE"],
] as const)("that %s says nothing of the message either: it is asked for again", async (_, code) => {
  const { arriveBare, asked, clock, ids, of } = await withBareMail();
  await arriveBare("bare");
  asked[0]!.reject(failure(code));
  await clock.advance(1_500);
  expect(ids()).toEqual([]);
  expect(asked).toHaveLength(2);
  asked[1]!.resolve([reply]);
  await clock.advance(10);
  expect(of("bare")[0]!.delivery.message.headers).toEqual([reply]);
});

it("a message whose MIME alone is not answered in time comes in the end, as it is read itself", async () => {
  const { arriveBare, asked, clock, of, reads } = await withBareMail();
  await arriveBare("bare");
  for (let count = 1; of("bare").length === 0; count += 1) {
    expect([count, reads.length, asked.length]).toEqual([Math.min(count, 5), count, count]);
    asked.at(-1)!.reject(failure("GRAPH_TIMEOUT"));
    await clock.advance(61_000);
  }
  expect(of("bare")[0]!.delivery.message.reduced).toMatchObject({ code: "GRAPH_TIMEOUT", missing: ["headers"] });
});

it("where nobody answers for its MIME, as in a host's test that knows of none, it comes within seconds, and is not read anew", async () => {
  const { arriveBare, asked, clock, of, reads } = await withBareMail();
  await arriveBare("bare");
  for (let time = 0; time < 3; time += 1) {
    expect(of("bare")).toEqual([]);
    asked.at(-1)!.reject(failure("GRAPH_UNREACHABLE"));
    await clock.advance(2_000);
  }
  expect([asked.length, reads.length]).toEqual([3, 1]);
  expect(of("bare")[0]!.delivery.message.reduced).toMatchObject({ code: "GRAPH_UNREACHABLE", missing: ["headers"] });
});

it("pauses of others, and a sign-in that was missing for long, are not taken for its own", async () => {
  const { arriveBare, asked, clock, of } = await withBareMail();
  await arriveBare("bare");
  const pause = () => ({ notBeforeAt: clock.now() + 120_000 });
  for (const reject of [
    ...Array.from({ length: 6 }, () => () => failure("AUTH_SIGN_IN_REQUIRED")),
    ...Array.from({ length: 6 }, () => () => failure("GRAPH_THROTTLED", pause())),
    () => failure("GRAPH_THROTTLED", { ...pause(), status: 429 }),
    () => failure("GRAPH_TIMEOUT"),
  ]) {
    const askedBefore = asked.length;
    asked.at(-1)!.reject(reject());
    await clock.advance(121_000);
    expect(asked).toHaveLength(askedBefore + 1);
  }
  expect(of("bare")).toEqual([]);
  asked.at(-1)!.resolve([reply]);
  await clock.advance(10);
  expect(of("bare")[0]!.delivery.message.headers).toEqual([reply]);
});

it("others do not wait for its place, neither while its MIME is read nor while that cannot be asked for", async () => {
  const { arriveBare, asked, clock, dispatcher, handed, ids } = await withBareMail({ maxInFlight: 1 });
  await arriveBare("bare", "m1");
  expect(ids()).toEqual(["m1"]);
  asked[0]!.reject(failure("GRAPH_THROTTLED", { notBeforeAt: clock.now() + 90_000 }));
  await arriveBare("m2");
  handed[0]!.finish();
  await clock.advance(10);
  expect(ids()).toEqual(["m1", "m2"]);
  handed[1]!.finish();
  await clock.advance(10);
  expect(dispatcher.inFlightCount).toBe(0);
});

it("it is none in flight for others' suspects before its headers are there", async () => {
  let inFlight = 0;
  const presence = {
    mayBegin: true,
    enter(count: number) {
      inFlight += count;
    },
    leave(count: number) {
      inFlight -= count;
    },
    ask: () => undefined,
    withdraw: () => undefined,
    close: () => undefined,
  };
  const { arriveBare, asked, clock } = await withBareMail({ solitude: { join: () => presence } });
  await arriveBare("bare");
  expect(inFlight).toBe(0);
  asked[0]!.resolve([]);
  await clock.advance(10);
  expect(inFlight).toBe(1);
});

it("what others do to it meanwhile is looked at before it is handed over", async () => {
  const scene = await withBareMail();
  const { arriveBare, asked, clock, dispatcher, of } = scene;
  await arriveBare("bare");
  scene.answer = (id) => ({ found: true, item: { ...item(id), subject: "changed" } });
  dispatcher.refresh("bare");
  asked[0]!.resolve([reply]);
  await clock.advance(10);
  expect(of("bare")).toEqual([]);
  asked[1]!.resolve([reply]);
  await clock.advance(10);
  expect(of("bare")[0]!.delivery.message).toMatchObject({ subject: "changed", headers: [reply] });
});

it("it meets the breaker of storms once, however often it is asked for", async () => {
  const met: string[] = [];
  const { arriveBare, asked, clock, of } = await withBareMail({ meet: ({ id }) => void met.push(id) });
  await arriveBare("bare");
  for (let time = 0; time < 3; time += 1) {
    asked.at(-1)!.reject(failure("GRAPH_TIMEOUT"));
    await clock.advance(10_000);
  }
  asked.at(-1)!.resolve([]);
  await clock.advance(10);
  expect(of("bare")).toHaveLength(1);
  expect(met).toEqual(["bare"]);
});

it("few are read at once, and all come in the end", async () => {
  const { arriveBare, asked, clock, ids } = await withBareMail({ maxInFlight: 100 });
  await arriveBare(...Array.from({ length: 60 }, (_, index) => `bare${index}`));
  expect(asked.length).toBeLessThanOrEqual(16);
  for (let at = 0; at < asked.length; at += 1) {
    asked[at]!.resolve([]);
    await clock.advance(10);
  }
  expect(ids()).toHaveLength(60);
});

it("while as many are read as may be, and none is answered, all others are handed over", async () => {
  const { arriveBare, asked, clock, handed, ids } = await withBareMail();
  const names = (name: string, count: number) => Array.from({ length: count }, (_, index) => `${name}${index}`);
  await arriveBare(...names("bare", 40));
  const others = names("m", 40);
  await arriveBare(...others);
  for (let at = 0; at < handed.length; at += 1) {
    handed[at]!.finish();
    await clock.advance(10);
  }
  expect(ids().toSorted()).toEqual(others.toSorted());
  expect(asked).toHaveLength(16);
  for (let at = 0; at < asked.length; at += 1) {
    asked[at]!.resolve([]);
    await clock.advance(10);
    handed.at(-1)!.finish();
    await clock.advance(10);
  }
  expect(ids().slice(40)).toEqual(names("bare", 40));
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

it("nobody is kept waiting for a suspect while its headers are read, whatever is in flight", async () => {
  const { arriveBare, asked, clock, dispatcher, dispatcherOver, handed, ids, open } = await withBareMail();
  await arriveBare("bare");
  asked[0]!.resolve([]);
  await clock.advance(10);
  dispatcher.abandon(failure("LIFECYCLE_LOST_STORE"));
  handed.length = 0;
  const ledger = await open();
  const next = dispatcherOver(ledger);
  const found = async (id: string) =>
    next.add(
      await ledger.record([{ id, folder: "inbox", receivedAt: clock.now(), becomes: "pending" }], {
        key: ["support@contoso.com", "cursor", "inbox"],
        value: { link: id },
      }),
    );
  await found("m0");
  await clock.advance(10);
  next.add([...ledger.open.values()].filter(({ id }) => id === "bare"));
  await clock.advance(10);
  await found("m1");
  await clock.advance(10);
  expect(ids()).toEqual(["m0", "m1"]);
  for (const one of handed) one.finish();
  asked[1]!.resolve([reply]);
  await clock.advance(10);
  expect(ids()).toEqual(["m0", "m1", "bare"]);
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
