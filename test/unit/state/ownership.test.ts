/** One owner per store: who gets it, who is refused, how it is kept, lost and given up. */
import { expect, it, onTestFinished } from "vitest";
import { MailError } from "../../../src/base/errors.js";
import { openLedger } from "../../../src/delivery/ledger.js";
import { memoryStore } from "../../../src/state/memory.js";
import { ownerKey, takeOwnership } from "../../../src/state/ownership.js";
import { type ProcessIdentity, thisProcess } from "../../../src/state/process-identity.js";
import type { Commit, CommitResult, Store } from "../../../src/state/store.js";
import { createManualClock, type ManualClock } from "../../support/manual-clock.js";
import { rejected } from "../../support/rejection.js";

/** Alive as far as anybody can tell: a place that cannot be looked into. */
const elsewhere: ProcessIdentity = { host: "mail-2", processId: 77, bootId: "boot-2", pidNamespace: "pid:[2]", startedAtTicks: "5" };

interface Setting {
  readonly store: Store;
  readonly clock: ManualClock;
  readonly losses: MailError[];
  take(process?: ProcessIdentity): ReturnType<typeof takeOwnership>;
}

async function setUp(store: Store = memoryStore()): Promise<Setting> {
  await store.open();
  onTestFinished(() => store.close());
  const clock = createManualClock();
  const losses: MailError[] = [];
  return { store, clock, losses, take: (process) => takeOwnership(store, { clock, process, onLost: (error) => losses.push(error) }) };
}

/** A memory store whose commits go through `commit` while that is set. */
function interceptedStore(): Store & { intercept: ((commit: Commit) => Promise<CommitResult>) | undefined } {
  const inner = memoryStore();
  const store = {
    ...inner,
    intercept: undefined as ((commit: Commit) => Promise<CommitResult>) | undefined,
    commit: (commit: Commit) => (store.intercept ?? inner.commit)(commit),
  };
  return store;
}

const unavailable = async (): Promise<CommitResult> => {
  throw new MailError("STORE_UNAVAILABLE", "The disk is full.");
};

it("a free store is taken, and a second daemon is told who has it and until when", async () => {
  const { store, clock, take, losses } = await setUp();
  await take(elsewhere);

  const refusal = await take().catch((error: unknown) => error);
  expect(refusal).toMatchObject({ name: "MailError", code: "LIFECYCLE_STORE_IN_USE", notBeforeAt: clock.now() + 10_000 });
  expect((refusal as MailError).message).toContain("process 77 on host mail-2");
  expect((refusal as MailError).message).toContain(new Date(clock.now() + 10_000).toISOString());
  expect((await store.get(ownerKey))?.value).toMatchObject({ host: "mail-2", processId: 77 });
  expect(losses).toEqual([]);
});

it("another daemon object in the same process is refused too", async () => {
  const { take } = await setUp();
  await take();

  await expect(take()).rejects.toMatchObject({ code: "LIFECYCLE_STORE_IN_USE" });
});

it("of many that take it at once exactly one gets it", async () => {
  const { take } = await setUp();
  const results = await Promise.allSettled(Array.from({ length: 10 }, () => take()));

  expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});

it("it is kept for as long as it is renewed, and free at once after its release", async () => {
  const { store, clock, take, losses } = await setUp();
  const ownership = await take(elsewhere);
  await clock.advance(60_000);
  await expect(take()).rejects.toMatchObject({ code: "LIFECYCLE_STORE_IN_USE" });

  await Promise.all([ownership.release(), ownership.release()]);
  expect(await store.get(ownerKey)).toBeUndefined();
  expect(clock.pending()).toBe(0);
  await (await take()).release();
  expect(losses).toEqual([]);
});

it("a dead owner is replaced at once", async () => {
  const { take } = await setUp();
  const self = await thisProcess();
  await take({ ...self, startedAtTicks: "1" });

  await (await take(self)).release();
});

it("a former owner that has not heard of it yet takes no queue from the next one", async () => {
  const { store, clock, take, losses } = await setUp();
  const frozen = await take(elsewhere);
  clock.freeze(10_000);
  const next = await takeOwnership(store, { clock: manualClockAt(clock), onLost: () => undefined });
  const ours = await openLedger({ store, clock, queue: "support@contoso.com", confirm: next.confirm });

  const late = await rejected(openLedger({ store, clock, queue: "support@contoso.com", confirm: frozen.confirm }));
  expect(late.code).toBe("LIFECYCLE_LOST_STORE");
  expect(losses).toEqual([]);
  await ours.write({ puts: [{ key: ["support@contoso.com", "probe"], value: 1 }] });
});

it("an owner is one from its taking until it is given up, also between two renewals", async () => {
  const { clock, take } = await setUp();
  const ownership = await take();
  await ownership.confirm();
  await clock.advance(4_000);
  await ownership.confirm();
  await ownership.release();
  expect((await rejected(ownership.confirm())).code).toBe("LIFECYCLE_LOST_STORE");
});

it("an expired owner is replaced, hears of it when it wakes, and its release leaves the new record alone", async () => {
  const { store, clock, take, losses } = await setUp();
  const frozen = await take(elsewhere);
  clock.freeze(10_000);
  await takeOwnership(store, { clock: manualClockAt(clock), onLost: () => undefined });
  await clock.advance(0);

  expect(losses).toMatchObject([{ code: "LIFECYCLE_LOST_STORE", message: expect.stringContaining("another daemon has taken it") }]);
  expect(clock.pending()).toBe(0);
  await frozen.release();
  expect((await store.get(ownerKey))?.value).toMatchObject({ processId: process.pid });
});

it("an owner that wakes after its expiry and was not replaced goes on", async () => {
  const { clock, take, losses } = await setUp();
  const ownership = await take(elsewhere);
  clock.freeze(60_000);
  await clock.advance(0);

  expect(losses).toEqual([]);
  await expect(take()).rejects.toMatchObject({ code: "LIFECYCLE_STORE_IN_USE", notBeforeAt: clock.now() + 10_000 });
  await ownership.release();
});

it("a store that refuses costs nothing, however long: the record is renewed when it works again", async () => {
  const store = interceptedStore();
  const { clock, take, losses } = await setUp(store);
  await take();
  store.intercept = unavailable;
  await clock.advance(9_500);
  store.intercept = undefined;
  await clock.advance(3_000);
  expect(losses).toEqual([]);

  store.intercept = unavailable;
  await clock.advance(3_600_000);
  store.intercept = undefined;
  await clock.advance(3_000);
  expect(losses).toEqual([]);
  await expect(take()).rejects.toMatchObject({ code: "LIFECYCLE_STORE_IN_USE", notBeforeAt: expect.any(Number) });
});

it("an owner whose store refused past the expiry hears of the one that was quicker, once", async () => {
  const store = interceptedStore();
  const { clock, take, losses } = await setUp(store);
  await take(elsewhere);
  store.intercept = unavailable;
  await clock.advance(60_000);
  store.intercept = undefined;
  const other = await take();
  await clock.advance(10_000);
  expect(losses).toMatchObject([{ code: "LIFECYCLE_LOST_STORE", message: expect.stringContaining("another daemon has taken it") }]);
  await other.release();
  expect(clock.pending()).toBe(0);
});

it("a store that will never take the renewal costs the ownership", async () => {
  const store = interceptedStore();
  const { clock, take, losses } = await setUp(store);
  await take();
  store.intercept = () => Promise.reject(new MailError("STORE_NOT_OPEN", "It was closed."));
  await clock.advance(3_000);
  expect(losses).toMatchObject([{ code: "LIFECYCLE_LOST_STORE", cause: { code: "STORE_NOT_OPEN" } }]);
  expect(clock.pending()).toBe(0);
});

it("a renewal that never ends costs the ownership at its expiry", async () => {
  const store = interceptedStore();
  const { clock, take, losses } = await setUp(store);
  await take();
  store.intercept = () => new Promise(() => undefined);
  await clock.advance(9_999);
  expect(losses).toEqual([]);

  await clock.advance(1);
  expect(losses).toMatchObject([{ code: "LIFECYCLE_LOST_STORE" }]);
});

it("a release during a renewal waits for it and deletes what it wrote", async () => {
  const store = interceptedStore();
  const { clock, take, losses } = await setUp(store);
  const ownership = await take();
  let finish: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (finish = resolve));
  const { intercept } = store;
  const passing = memoryCommit(store);
  store.intercept = async (commit) => {
    await gate;
    return passing(commit);
  };
  await clock.advance(3_000);
  const released = ownership.release();
  store.intercept = intercept;
  finish();
  await released;

  expect(await store.get(ownerKey)).toBeUndefined();
  expect(losses).toEqual([]);
  expect(clock.pending()).toBe(0);
});

it("a record that this package did not write is not overwritten", async () => {
  const { store, take } = await setUp();
  await store.commit({ puts: [{ key: ownerKey, value: { owner: "somebody" } }] });

  await expect(take()).rejects.toMatchObject({ code: "STORE_RECORD_INVALID" });
});

/** A second clock at the same time, for another process. */
function manualClockAt(clock: ManualClock): ManualClock {
  const other = createManualClock();
  other.freeze(clock.now() - other.now());
  return other;
}

/** The store's own commit, whatever is set to intercept it later. */
function memoryCommit(store: ReturnType<typeof interceptedStore>): (commit: Commit) => Promise<CommitResult> {
  return (commit) => {
    const { intercept } = store;
    store.intercept = undefined;
    const committing = store.commit(commit);
    store.intercept = intercept;
    return committing;
  };
}

it("an owner's record with a time that is no date cannot be read, and says so", async () => {
  const { store, take } = await setUp();
  await store.commit({ puts: [{ key: ownerKey, value: { ...elsewhere, ownerId: "x", expiresAt: Number.MAX_SAFE_INTEGER } }] });
  await expect(take()).rejects.toMatchObject({ code: "STORE_RECORD_INVALID" });
});
