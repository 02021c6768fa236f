/** A store in trouble: told once, tried with as much as it refused, told again when it takes that. */
import { expect, test } from "vitest";
import { MailError } from "../../../src/base/errors.js";
import type { StoreEvents } from "../../../src/state/events.js";
import { memoryStore } from "../../../src/state/memory.js";
import type { Commit } from "../../../src/state/store.js";
import { watchStore } from "../../../src/state/watched-store.js";
import { createManualClock } from "../../support/manual-clock.js";
import { away, troubledStore } from "../../support/troubled-store.js";

const size = ({ puts = [] }: Commit) => JSON.stringify(puts).length;
const put = (bytes: number): Commit => ({ puts: [{ key: ["q", "page"], value: "x".repeat(bytes) }] });

async function watched() {
  const clock = createManualClock();
  const inner = troubledStore(memoryStore());
  const told: (keyof StoreEvents)[] = [];
  const payloads: unknown[] = [];
  const store = watchStore(inner, {
    clock,
    emit(name, payload) {
      told.push(name);
      payloads.push(payload);
    },
  });
  await store.open();
  return { clock, inner, store, told, payloads };
}

test("a store that is well is not written to by the watch, and there is no timer", async () => {
  const { clock, inner, store, told } = await watched();
  await store.commit(put(10));
  await store.get(["q", "page"]);
  expect([inner.commits.length, clock.pending(), told, store.trouble]).toEqual([1, 0, [], undefined]);
});

test("many refusals are one trouble, with the reason and the remedy of the first", async () => {
  const { clock, inner, store, payloads, told } = await watched();
  inner.refuse = () => new MailError("STORE_UNAVAILABLE", "The disk is full.", { remedy: "Make room." });
  for (let times = 0; times < 5; times += 1) await expect(store.commit(put(10))).rejects.toThrow("The disk is full.");
  expect(payloads).toEqual([
    { store: inner.name, code: "STORE_UNAVAILABLE", reason: "The disk is full.", remedy: "Make room.", since: clock.now() },
  ]);
  await clock.advance(3_600_000);
  expect([told, store.trouble?.since]).toEqual([["store:unavailable"], clock.now() - 3_600_000]);
});

test("it is over when the store takes as much as it refused, not when a small commit finds its room", async () => {
  const { clock, inner, store, told, payloads } = await watched();
  inner.refuse = (commit) => (size(commit) > 50_000 ? away() : undefined);
  await expect(store.commit(put(100_000))).rejects.toThrow();
  await store.commit(put(10));
  await clock.advance(60_000);
  expect(told).toEqual(["store:unavailable"]);
  inner.refuse = undefined;
  await clock.advance(10_000);
  expect(told).toEqual(["store:unavailable", "store:recovered"]);
  expect(payloads[1]).toEqual({ store: inner.name, unavailableForMs: expect.any(Number) });
  expect([store.trouble, clock.pending(), await store.get(["daemon", "probe"])]).toEqual([undefined, 0, undefined]);
});

test("reads that fail are trouble too", async () => {
  const { inner, store, told } = await watched();
  inner.refuseReads = away;
  for (const read of [store.get(["q", 1]), store.getMany([["q", 1]]), store.list({ prefix: ["q"], limit: 1 })])
    await expect(read).rejects.toThrow("The store is away.");
  expect(told).toEqual(["store:unavailable"]);
});

test("what is wrong with the call or with its checks is no trouble", async () => {
  const { store, told } = await watched();
  await expect(
    store.commit({
      puts: [
        { key: ["a", 1], value: 1 },
        { key: ["b", 1], value: 1 },
      ],
    }),
  ).rejects.toThrow();
  expect(await store.commit({ checks: [{ key: ["q", 1], version: 7 }] })).toMatchObject({ ok: false });
  expect([told, store.trouble]).toEqual([[], undefined]);
});

test("the last close ends the watch: no probe, no timer, nothing told", async () => {
  const { clock, inner, store, told } = await watched();
  await store.open();
  inner.refuse = away;
  await expect(store.commit(put(10))).rejects.toThrow();
  await store.close();
  expect(clock.pending()).toBe(1);
  await store.close();
  inner.refuse = undefined;
  await clock.advance(60_000);
  expect([told, store.trouble, clock.pending(), inner.commits]).toEqual([["store:unavailable"], undefined, 0, []]);
});

test("a probe that is out at the last close tells nothing afterwards", async () => {
  const { clock, inner, store, told } = await watched();
  inner.refuse = away;
  await expect(store.commit(put(10))).rejects.toThrow();
  inner.refuse = undefined;
  inner.hold();
  await clock.advance(1_000);
  expect(inner.heldCount).toBe(1);
  await store.close();
  inner.release();
  await clock.advance(60_000);
  expect([told, clock.pending()]).toEqual([["store:unavailable"], 0]);
});
