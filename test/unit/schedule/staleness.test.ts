/** When a queue counts as stale, and how often that is told. */
import { expect, test } from "vitest";
import { createStaleness } from "../../../src/schedule/staleness.js";
import { createManualClock } from "../../support/manual-clock.js";

function watched(staleAfterMs = 1_000) {
  const clock = createManualClock();
  const told: [string, number][] = [];
  const staleness = createStaleness({
    clock,
    staleAfterMs,
    onStale: (forMs) => told.push(["stale", forMs]),
    onRecovered: (forMs) => told.push(["recovered", forMs]),
  });
  return { clock, told, staleness };
}

test("without a first round a queue is stale when its time is over, and not a millisecond before", async () => {
  const { clock, told, staleness } = watched();
  await clock.advance(999);
  expect([told, staleness.isStale]).toEqual([[], false]);
  await clock.advance(1);
  expect([told, staleness.isStale]).toEqual([[["stale", 1_000]], true]);
});

test("a round in time renews it, with one timer whatever the number of rounds", async () => {
  const { clock, told, staleness } = watched();
  for (let round = 0; round < 50; round += 1) {
    await clock.advance(900);
    staleness.completed();
    expect(clock.pending()).toBe(1);
  }
  expect(told).toEqual([]);
  await clock.advance(1_000);
  expect(told).toEqual([["stale", 1_000]]);
});

test("it is told once, and the round that ends it tells the whole time; the next one is told again", async () => {
  const { clock, told, staleness } = watched();
  await clock.advance(50_000);
  expect(told).toEqual([["stale", 1_000]]);
  expect(clock.pending()).toBe(0);
  staleness.completed();
  staleness.completed();
  expect([told.slice(1), staleness.isStale]).toEqual([[["recovered", 50_000]], false]);
  await clock.advance(1_000);
  expect(told.slice(2)).toEqual([["stale", 1_000]]);
});

test("a pause is not stale however long, and the time counts from its end", async () => {
  const { clock, told, staleness } = watched();
  await clock.advance(900);
  staleness.pause();
  expect(clock.pending()).toBe(0);
  await clock.advance(60_000);
  staleness.resume();
  await clock.advance(999);
  expect(told).toEqual([]);
  await clock.advance(1);
  expect(told).toEqual([["stale", 1_000]]);
});

test("a staleness that a pause covered is told to be over by the first round after it", async () => {
  const { clock, told, staleness } = watched();
  await clock.advance(1_000);
  staleness.pause();
  expect(staleness.isStale).toBe(false);
  await clock.advance(5_000);
  staleness.resume();
  await clock.advance(100);
  staleness.completed();
  expect(told).toEqual([
    ["stale", 1_000],
    ["recovered", 6_100],
  ]);
});

test("a round that ends during a pause starts no timer", async () => {
  const { clock, told, staleness } = watched();
  staleness.pause();
  staleness.completed();
  await clock.advance(5_000);
  expect([told, clock.pending(), staleness.isStale]).toEqual([[], 0, false]);
});

test("after the stop there is no timer and nothing is told, whatever comes", async () => {
  const { clock, told, staleness } = watched();
  staleness.stop();
  staleness.completed();
  staleness.pause();
  staleness.resume();
  await clock.advance(5_000);
  expect([told, clock.pending(), staleness.isStale]).toEqual([[], 0, false]);
});
