/** The ledger's writes: whole or not at all, by the owner of the queue alone, and in memory only when they are durable. */
import { expect, test } from "vitest";
import { finalKey, openKey } from "../../../src/delivery/ledger-record.js";
import { away } from "../../support/troubled-store.js";
import { createDesk, cursor, queue, queueKey, sighting, startAt } from "./set-up.js";

test("a page's entries and its cursor are one commit", async () => {
  const { store, open } = await createDesk();
  const ledger = await open();
  const before = store.commits.length;
  await ledger.record([sighting("a"), sighting("b"), sighting("old", { becomes: "baseline" })], cursor());
  expect(store.commits.length - before).toBe(1);
  expect(store.commits.at(-1)?.puts?.map(({ key }) => key)).toEqual([
    cursor().key,
    openKey(queueKey, 1),
    openKey(queueKey, 2),
    finalKey(queueKey, "old"),
  ]);
});

test("a store that refuses a page leaves neither its entries nor its cursor, on disk or in memory", async () => {
  const { store, open } = await createDesk();
  const ledger = await open();
  await ledger.record([sighting("a")], cursor("link 1"));
  store.refuse = away;
  await expect(ledger.record([sighting("b"), sighting("old", { becomes: "baseline" })], cursor("link 2"))).rejects.toMatchObject({
    code: "STORE_UNAVAILABLE",
  });
  store.refuse = undefined;
  expect([...ledger.open.keys()]).toEqual(["a"]);
  expect((await store.get(cursor().key))?.value).toEqual({ link: "link 1" });
  expect([...(await open()).open.keys()]).toEqual(["a"]);
  expect([...(await ledger.look(["b", "old"])).keys()]).toEqual([]);
});

test("a page that a store refused can be recorded again", async () => {
  const { store, open } = await createDesk();
  const ledger = await open();
  store.refuse = away;
  await expect(ledger.record([sighting("a")], cursor())).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  store.refuse = undefined;
  expect((await ledger.record([sighting("a")], cursor())).map(({ id }) => id)).toEqual(["a"]);
  expect([...(await open()).open.keys()]).toEqual(["a"]);
});

test("an id that is known in any way is not recorded again, but for one that was believed to be gone", async () => {
  const { open, done } = await createDesk();
  const ledger = await open();
  const ids = ["pending", "delivering", "retrying", "marking", "settled", "quarantined", "gone", "marked"];
  const entries = await ledger.record([...ids.map((id) => sighting(id)), sighting("baseline", { becomes: "baseline" })], cursor());
  const [, delivering, retrying, marking, settled, quarantined, gone, marked] = entries as [never, ...typeof entries];
  const mark = { markRead: true };
  await done(ledger.begin([{ entry: delivering! }]));
  await done(ledger.retry(retrying!, { notBeforeAt: 0, error: "no" }));
  await done(ledger.settle(marking!, { outcome: "settled", mark }));
  await done(ledger.settle(settled!, { outcome: "settled", mark: undefined }));
  await done(ledger.settle(quarantined!, { outcome: "quarantined", mark: undefined, error: "no" }));
  await done(ledger.close(gone!, "gone"));
  const waiting = await done(ledger.settle(marked!, { outcome: "settled", mark }));
  await done(ledger.marked([{ entry: waiting! }]));
  const again = [...ids, "baseline", "new"];
  expect([...(await ledger.look(again)).keys()].sort()).toEqual([...ids, "baseline"].sort());
  // What was believed to be gone and is seen again is delivered after all.
  const fresh = await ledger.record(
    again.map((id) => sighting(id)),
    cursor("link 2"),
  );
  expect(fresh.map(({ id }) => id)).toEqual(["gone", "new"]);
  expect((await ledger.look(again)).get("gone")?.open).toMatchObject({ state: "pending" });
});

test("an id that a page shows twice is recorded once, as the page showed it last", async () => {
  const { open } = await createDesk();
  const ledger = await open();
  const fresh = await ledger.record([sighting("a", { receivedAt: 1 }), sighting("b"), sighting("a", { receivedAt: 2 })], cursor());
  expect(fresh.map(({ id, receivedAt }) => [id, receivedAt])).toEqual([
    ["a", 2],
    ["b", startAt - 60_000],
  ]);
  expect((await open()).open.size).toBe(2);
});

test("a message that becomes final while a page is being recorded is not recorded again", async () => {
  const { open, store, done } = await createDesk();
  const ledger = await open();
  const [entry] = await ledger.record([sighting("a")], cursor());
  store.hold();
  const settled = ledger.settle(entry!, { outcome: "settled", mark: undefined });
  const recorded = ledger.record([sighting("a"), sighting("b")], cursor("link 2"));
  store.release();
  await done(settled);
  expect((await done(recorded)).map(({ id }) => id)).toEqual(["b"]);
  expect([...(await open()).open.keys()]).toEqual(["b"]);
});

test("a message that does not say when it was received counts from when it was found", async () => {
  const { open, clock } = await createDesk();
  const ledger = await open();
  const [entry] = await ledger.record([sighting("a", { receivedAt: undefined })], cursor());
  expect(entry).toMatchObject({ receivedAt: clock.now(), foundAt: clock.now(), state: "pending", attempts: 0, crashes: 0 });
});

test("an attempt is counted and its conversation known before it is handed over", async () => {
  const { open, store, done } = await createDesk();
  const ledger = await open();
  const [entry] = await ledger.record([sighting("a")], cursor());
  await done(ledger.begin([{ entry: entry!, conversationId: "c" }]));
  expect((await store.get(openKey(queueKey, 1)))?.value).toMatchObject({ state: "delivering", attempts: 1, conversationId: "c" });
});

test("the newest five failures of a message are kept, each cut to 500 characters", async () => {
  const { open, done } = await createDesk();
  const ledger = await open();
  let [entry] = await ledger.record([sighting("a")], cursor());
  for (let failure = 1; failure <= 7; failure += 1) {
    entry = await done(ledger.retry(entry!, { notBeforeAt: 0, error: `${failure}${"x".repeat(600)}` }));
  }
  expect(entry?.failures?.map(({ error }) => error[0])).toEqual(["3", "4", "5", "6", "7"]);
  expect(entry?.failures?.map(({ error }) => error.length)).toEqual([500, 500, 500, 500, 500]);
});

test("after another opened the queue, no write of the first goes through, and its memory stays as it was", async () => {
  const { open, store, done } = await createDesk();
  const first = await open();
  const [entry] = await first.record([sighting("a")], cursor());
  const second = await open();
  const before = store.commits.length;
  const memory = [...first.open.entries()];
  const mark = { markRead: true };
  const writes: readonly [string, () => Promise<unknown>][] = [
    ["record", () => first.record([sighting("b")], cursor("link 2"))],
    ["record without news", () => first.record([], cursor("link 2"))],
    ["begin", () => first.begin([{ entry: entry! }])],
    ["settle", () => first.settle(entry!, { outcome: "settled", mark: undefined })],
    ["settle with a mark", () => first.settle(entry!, { outcome: "settled", mark })],
    ["retry", () => first.retry(entry!, { notBeforeAt: 0, error: "no" })],
    ["release", () => first.release(entry!)],
    ["missing", () => first.missing(entry!, 1)],
    ["close", () => first.close(entry!, "gone")],
    ["marked", () => first.marked([{ entry: entry! }])],
    ["markFailed", () => first.markFailed(entry!)],
    ["put", () => first.write({ puts: [{ key: [queueKey, "bar"], value: { until: 1, code: "x" } }] })],
  ];
  for (const [name, write] of writes) {
    await expect(done(write()), name).rejects.toMatchObject({ code: "LIFECYCLE_LOST_QUEUE", queue, scope: "queue" });
  }
  expect([...first.open.entries()]).toEqual(memory);
  expect(store.commits.slice(before).every(({ checks }) => checks?.length === 1)).toBe(true);
  expect((await store.get(cursor().key))?.value).toEqual({ link: "link 1" });
  expect([...second.open.values()]).toEqual([entry]);
  await done(second.begin([{ entry: entry! }]));
});

test("what a refused write would have changed stays as it was in memory", async () => {
  const { open, store, done } = await createDesk();
  const ledger = await open();
  const [entry] = await ledger.record([sighting("a")], cursor());
  store.refuse = away;
  for (const write of [
    () => ledger.begin([{ entry: entry! }]),
    () => ledger.settle(entry!, { outcome: "settled", mark: undefined }),
    () => ledger.retry(entry!, { notBeforeAt: 1, error: "no" }),
    () => ledger.close(entry!, "gone"),
  ]) {
    await expect(done<unknown>(write())).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect(ledger.open.get("a")).toBe(entry);
  }
});
