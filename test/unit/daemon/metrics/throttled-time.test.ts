/** Time in pauses is added up as it goes by. */
import { expect, test } from "vitest";
import { createThrottledTime } from "../../../../src/daemon/metrics/throttled-time.js";

test("a pause counts as far as it has gone by, and no further than its end", () => {
  const time = createThrottledTime();
  time.barred("a", 1_000, 11_000);
  expect([time.total(1_000), time.total(4_000), time.total(20_000), time.total(30_000)]).toEqual([0, 3_000, 10_000, 10_000]);
});

test("a pause that is told longer goes on, one with an earlier end changes nothing", () => {
  const time = createThrottledTime();
  time.barred("a", 0, 10_000);
  time.barred("a", 5_000, 7_000);
  time.barred("a", 6_000, 12_000);
  expect(time.total(60_000)).toBe(12_000);
});

test("pauses of several are added up; one that begins anew counts from there", () => {
  const time = createThrottledTime();
  time.barred("a", 0, 1_000);
  time.barred("b", 500, 1_000);
  time.barred("a", 5_000, 6_000);
  expect(time.total(60_000)).toBe(2_500);
});

test("a clock that is set back takes nothing away, and a pause that is over already counts nothing", () => {
  const time = createThrottledTime();
  time.barred("a", 10_000, 20_000);
  expect(time.total(15_000)).toBe(5_000);
  expect(time.total(12_000)).toBe(5_000);
  expect(time.total(20_000)).toBe(10_000);
  time.barred("a", 30_000, 29_000);
  expect(time.total(40_000)).toBe(10_000);
});
