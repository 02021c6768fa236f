/** What a ledger finds when it is opened again: everything that was open, and what the last owner left under way. */
import { expect, test } from "vitest";
import { MailError } from "../../../src/base/errors.js";
import { type Ledger, openLedger } from "../../../src/delivery/ledger.js";
import { epochKey, openKey, openValue } from "../../../src/delivery/ledger-record.js";
import { createDesk, cursor, folder, queue, queueKey, sighting, startAt } from "./set-up.js";

test("open work is the same after a reload", async () => {
  const { open, done } = await createDesk();
  const first = await open();
  const entries = await first.record([sighting("pending"), sighting("retrying"), sighting("marking")], cursor());
  await done(first.retry(entries[1]!, { notBeforeAt: startAt + 5_000, error: "Error: no" }));
  await done(first.missing(entries[0]!, startAt));
  await done(first.settle(entries[2]!, { outcome: "quarantined", mark: { flag: true }, error: "never" }));
  const second = await open();
  expect([...second.open.values()]).toEqual([...first.open.values()]);
  expect(second.open.get("pending")).toMatchObject({ missingSince: startAt });
  expect(second.open.get("retrying")).toMatchObject({
    notBeforeAt: startAt + 5_000,
    failures: [{ at: expect.any(Number), attempt: 0, error: "Error: no" }],
  });
  expect(second.open.get("marking")).toMatchObject({ outcome: "quarantined", mark: { flag: true }, failures: [{ error: "never" }] });
});

test("a message that is there again is not missing any more, also after a reload", async () => {
  const { open, done } = await createDesk();
  const first = await open();
  const [entry] = await first.record([sighting("a")], cursor());
  const missing = await done(first.missing(entry!, startAt));
  expect(await done(first.missing(missing, undefined))).toEqual(entry);
  expect((await open()).open.get("a")).toEqual(entry);
});

test("an attempt that was under way at the end of the process is pending again and counts as a crash, not as an attempt", async () => {
  const { open, done } = await createDesk();
  const first = await open();
  const [entry] = await first.record([sighting("a")], cursor());
  await done(first.begin([{ entry: entry! }]));
  const second = await open();
  const reloaded = second.open.get("a")!;
  expect(reloaded).toMatchObject({ state: "pending", attempts: 0, crashes: 1 });
  await done(second.begin([{ entry: reloaded }]));
  const third = await open();
  expect(third.open.get("a")).toMatchObject({ state: "pending", attempts: 0, crashes: 2 });
  // Without an attempt in between, another restart is no further crash.
  expect((await open()).open.get("a")).toMatchObject({ state: "pending", attempts: 0, crashes: 2 });
});

test("an attempt that a stop cut off counts neither as an attempt nor as a crash", async () => {
  const { open, done } = await createDesk();
  const first = await open();
  const [entry] = await first.record([sighting("a")], cursor());
  const [begun] = await done(first.begin([{ entry: entry! }]));
  await done(first.release(begun!));
  expect((await open()).open.get("a")).toMatchObject({ state: "pending", attempts: 0, crashes: 0 });
});

test("the sequence goes on after a reload, so a new message never takes an open one's place", async () => {
  const { open } = await createDesk();
  await (await open()).record([sighting("a"), sighting("b")], cursor());
  const second = await open();
  const [fresh] = await second.record([sighting("c")], cursor("link 2"));
  expect(fresh?.sequence).toBe(3);
  expect([...(await open()).open.keys()]).toEqual(["a", "b", "c"]);
});

test("twenty thousand open messages are all there after a reload, in their order", async () => {
  const { open } = await createDesk();
  const ids = Array.from({ length: 20_000 }, (_, index) => `message ${index}`);
  await (await open()).record(
    ids.map((id) => sighting(id)),
    cursor(),
  );
  const reloaded = await open();
  expect([...reloaded.open.keys()]).toEqual(ids);
  const [next] = await reloaded.record([sighting("one more")], cursor("link 2"));
  expect(next?.sequence).toBe(20_001);
});

test("exactly as many open messages as one read takes are all there after a reload", async () => {
  const { open } = await createDesk();
  const ids = Array.from({ length: 10_000 }, (_, index) => `message ${index}`);
  await (await open()).record(
    ids.map((id) => sighting(id)),
    cursor(),
  );
  expect((await open()).open.size).toBe(10_000);
});

const sound = { id: "a", folder, receivedAt: 1, foundAt: 1, state: "pending", attempts: 0, crashes: 0 };
test("the record that the broken ones below are made of can be read", async () => {
  const { store, open } = await createDesk();
  await store.commit({ puts: [{ key: openKey(queueKey, 1), value: sound }] });
  expect([...(await open()).open.keys()]).toEqual(["a"]);
});

test.each([
  ["no object", "pending"],
  ["null", null],
  ["a list", []],
  ["no id", { ...sound, id: undefined }],
  ["no folder", { ...sound, folder: 1 }],
  ["no date", { ...sound, receivedAt: "yesterday" }],
  ["no finding date", { ...sound, foundAt: undefined }],
  ["an unknown state", { ...sound, state: "settled" }],
  ["no attempts", { ...sound, attempts: "1" }],
  ["no crashes", { ...sound, crashes: undefined }],
])("a record with %s stops the opening with its key and the queue", async (_, value) => {
  const { store, open } = await createDesk();
  await store.commit({ puts: [{ key: openKey(queueKey, 7), value }] });
  await expect(open()).rejects.toMatchObject({
    code: "STORE_RECORD_INVALID",
    queue,
    message: expect.stringContaining(`${queueKey}/open/7`),
  });
});

test("a record under a key that is no number stops the opening", async () => {
  const { store, open } = await createDesk();
  await store.commit({ puts: [{ key: [queueKey, "open", "first"], value: sound }] });
  await expect(open()).rejects.toMatchObject({ code: "STORE_RECORD_INVALID" });
});

test("the epoch rises with every opening, also when two open at once", async () => {
  const { store, open, done } = await createDesk();
  const ledgers = await Promise.all([open(), open(), open()]);
  expect((await store.get(epochKey(queueKey)))?.value).toBe(3);
  const writes = await Promise.all(
    ledgers.map((ledger) =>
      done(ledger.write({ puts: [{ key: [queueKey, "bar"], value: { until: 1, code: "x" } }] })).then(
        () => "written",
        () => "refused",
      ),
    ),
  );
  expect(writes.toSorted()).toEqual(["refused", "refused", "written"]);
});

test("what the ledger writes of an open message is ids, dates, states and error texts", () => {
  const value = openValue({
    ...sound,
    sequence: 4,
    state: "retrying",
    notBeforeAt: 5,
    failures: [{ at: 1, attempt: 1, error: "no" }],
  } as never);
  expect(value).toEqual({ ...sound, sequence: 4, state: "retrying", notBeforeAt: 5, failures: [{ at: 1, attempt: 1, error: "no" }] });
});

test("a process that was frozen between the confirmation and the raise of the epoch takes the queue from nobody", async () => {
  const { open, store, clock } = await createDesk();
  let owner: Ledger | undefined;
  let isOurs = true;
  const confirm = async () => {
    if (!isOurs) throw new MailError("LIFECYCLE_LOST_QUEUE", "The turn is another process's now.", { queue });
    // Here it is frozen, until another has taken the queue.
    owner = await open();
    isOurs = false;
  };
  await expect(openLedger({ store, clock, queue, confirm })).rejects.toMatchObject({ code: "LIFECYCLE_LOST_QUEUE" });
  await owner?.record([sighting("a")], cursor());
});
