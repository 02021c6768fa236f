/** When a queue's oldest undelivered message counts as late, and how often that is told. */
import { expect, test } from "vitest";
import type { OpenEntry } from "../../../src/delivery/ledger-record.js";
import { oldestUndelivered } from "../../../src/delivery/oldest-undelivered.js";
import { createLateness } from "../../../src/schedule/lateness.js";
import { createManualClock } from "../../support/manual-clock.js";

const minute = 60_000;

function watched({ lateAfterMs = 10 * minute, foundMinutesAgo = undefined as number | undefined } = {}) {
  const clock = createManualClock();
  const entries = new Map<string, OpenEntry>();
  const told: [string, ...(string | number)[]][] = [];
  let looks = 0;
  const put = (id: string, more: Partial<OpenEntry> = {}) =>
    void entries.set(id, { id, state: "pending", foundAt: clock.now(), ...more } as OpenEntry);
  if (foundMinutesAgo !== undefined) put("old", { foundAt: clock.now() - foundMinutesAgo * minute });
  const lateness = createLateness({
    clock,
    lateAfterMs,
    oldest() {
      looks += 1;
      return oldestUndelivered(entries.values());
    },
    onLate: ({ entry }, forMs) => told.push(["late", entry.id, forMs]),
    onOver: (forMs) => told.push(["over", forMs]),
  });
  lateness.look();
  return {
    clock,
    told,
    lateness,
    put,
    /** It is found now. */
    find(id: string) {
      put(id);
      lateness.look();
    },
    end: (id: string) => void entries.delete(id),
    looks: () => looks,
  };
}

test("a message is late when it is undelivered for as long as the limit, and not a millisecond before", async () => {
  const { clock, told, lateness, find } = watched();
  find("m1");
  await clock.advance(10 * minute - 1);
  expect([told, lateness.isLate]).toEqual([[], false]);
  await clock.advance(1);
  expect([told, lateness.isLate]).toEqual([[["late", "m1", 10 * minute]], true]);
});

test("an empty queue has no timer, and one with messages has one, whatever their number and the looks", async () => {
  const { clock, find, lateness, looks } = watched();
  lateness.look();
  expect(clock.pending()).toBe(0);
  for (let count = 0; count < 50; count += 1) find(`m${count}`);
  expect(clock.pending()).toBe(1);
  const before = looks();
  for (let count = 0; count < 50; count += 1) lateness.look();
  expect(looks()).toBe(before);
});

test("a message that ends in time is not late, and the next one has its own time", async () => {
  const { clock, told, find, end } = watched();
  find("m1");
  await clock.advance(6 * minute);
  find("m2");
  end("m1");
  await clock.advance(6 * minute);
  expect(told).toEqual([]);
  await clock.advance(4 * minute);
  expect(told).toEqual([["late", "m2", 10 * minute]]);
});

test("it is told once, and that it is over within half a minute of its end, with the whole time; the next one is told again", async () => {
  const { clock, told, lateness, find, end } = watched();
  find("m1");
  await clock.advance(60 * minute);
  expect(told).toEqual([["late", "m1", 10 * minute]]);
  end("m1");
  await clock.advance(minute / 2);
  expect(told.slice(1)).toEqual([["over", 50.5 * minute]]);
  expect([lateness.isLate, clock.pending()]).toEqual([false, 0]);
  find("m2");
  await clock.advance(10 * minute);
  expect(told.slice(2)).toEqual([["late", "m2", 10 * minute]]);
});

test("while another message is late too it is not over, and nothing is told a second time", async () => {
  const { clock, told, lateness, find, end } = watched();
  find("m1");
  await clock.advance(minute);
  find("m2");
  await clock.advance(15 * minute);
  end("m1");
  await clock.advance(minute);
  expect([told.length, lateness.isLate]).toEqual([1, true]);
  end("m2");
  await clock.advance(minute);
  expect(told.map(([what]) => what)).toEqual(["late", "over"]);
});

test("a message that only waits for its mark, or was replayed just now, is not late", async () => {
  const { clock, told, put, lateness } = watched();
  put("marking", { state: "marking", foundAt: 0 });
  put("replayed", { foundAt: 0, replayedAt: clock.now() });
  lateness.look();
  await clock.advance(10 * minute - 1);
  expect(told).toEqual([]);
  await clock.advance(1);
  expect(told).toEqual([["late", "replayed", 10 * minute]]);
});

test("what is old already at the beginning gets a minute first, and less where the limit is less", async () => {
  const long = watched({ foundMinutesAgo: 60 });
  await long.clock.advance(minute - 1);
  expect(long.told).toEqual([]);
  await long.clock.advance(1);
  expect(long.told).toEqual([["late", "old", 61 * minute]]);
  const short = watched({ foundMinutesAgo: 60, lateAfterMs: 100 });
  await short.clock.advance(100);
  expect(short.told.length).toBe(1);
});

test("a paused queue is not late however long, and gets a minute after the pause", async () => {
  const { clock, told, lateness, find } = watched();
  find("m1");
  lateness.pause();
  expect(clock.pending()).toBe(0);
  find("m2");
  await clock.advance(60 * minute);
  lateness.resume();
  await clock.advance(minute - 1);
  expect(told).toEqual([]);
  await clock.advance(1);
  expect(told).toEqual([["late", "m1", 61 * minute]]);
});

test("a lateness that a pause covered is told to be over after it", async () => {
  const { clock, told, lateness, find, end } = watched();
  find("m1");
  await clock.advance(10 * minute);
  lateness.pause();
  end("m1");
  await clock.advance(10 * minute);
  expect(told.length).toBe(1);
  lateness.resume();
  expect(told.slice(1)).toEqual([["over", 10 * minute]]);
});

test("a limit of 0 starts no timer and tells nothing", async () => {
  const { clock, told, find } = watched({ lateAfterMs: 0, foundMinutesAgo: 60 });
  find("m1");
  expect(clock.pending()).toBe(0);
  await clock.advance(1_000 * minute);
  expect(told).toEqual([]);
});

test("after the stop there is no timer and nothing is told, whatever comes", async () => {
  const { clock, told, lateness, find } = watched();
  find("m1");
  lateness.stop();
  lateness.pause();
  lateness.resume();
  find("m2");
  expect(clock.pending()).toBe(0);
  await clock.advance(60 * minute);
  expect(told).toEqual([]);
});
