/** When a queue is looked at next. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { createCadence } from "../../../src/schedule/cadence.js";
import { createPace } from "../../../src/schedule/pace.js";
import { freePace } from "../../support/governance.js";
import { createManualClock } from "../../support/manual-clock.js";

const minute = 60_000;
const bounds = { pollIntervalMs: 30_000, minPollIntervalMs: 2_000 };

function cadenceWith({
  chance = 0.5,
  pace = freePace(),
  ...intervals
}: Partial<typeof bounds> & { chance?: number; pace?: ReturnType<typeof createPace> } = {}) {
  const clock = createManualClock(0);
  clock.chance = chance;
  const cadence = createCadence({ clock, requests: 1, pace, ...bounds, ...intervals });
  const begins: number[] = [];
  /** A round that takes no time, and the wait after it. */
  function round(messages = 0): number {
    begins.push(clock.now());
    const waitMs = cadence.afterRound({ begunAt: clock.ticks(), messages });
    clock.freeze(waitMs);
    return waitMs;
  }
  const intervalsOf = () => begins.slice(1).map((at, index) => at - (begins[index] as number));
  return { clock, cadence, round, begins, intervals: intervalsOf };
}

/** Poisson arrivals, seeded: how many came in each interval that the cadence chose, for so long. */
function trafficOf(gapMs: number, forMs: number) {
  const { clock, round, intervals } = cadenceWith({ chance: 0.3 });
  let state = 7;
  const chance = () => {
    state = (state * 16_807) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  let nextAt = -Math.log(chance()) * gapMs;
  const waits: number[] = [];
  while (clock.now() < forMs) {
    const now = clock.now();
    let messages = 0;
    while (nextAt <= now) {
      messages += 1;
      waits.push(now - nextAt);
      nextAt -= Math.log(chance()) * gapMs;
    }
    round(messages);
  }
  const mean = (all: readonly number[]) => all.reduce((sum, one) => sum + one, 0) / all.length;
  return { interval: mean(intervals()), wait: mean(waits) };
}

test("a queue is looked at the oftener the more mail it really gets, with the square root of it, between the bounds", () => {
  const [flood, busy, usual, seldom] = [500, 10_000, 100_000, 3_600_000].map((gapMs) => trafficOf(gapMs, 24 * 60 * minute));
  expect(flood?.interval).toBeLessThan(2_100);
  expect(busy?.interval).toBeGreaterThan(3_000);
  expect(busy?.interval).toBeLessThan(6_000);
  expect(usual?.interval).toBeGreaterThan(10_000);
  expect(usual?.interval).toBeLessThan(18_000);
  expect(seldom?.interval).toBeGreaterThan(28_000);
  // Mail waits for half an interval on the whole.
  for (const one of [busy, usual, seldom])
    expect((one as { wait: number }).wait).toBeLessThan(0.65 * (one as { interval: number }).interval);
});

test("after a flood the intervals grow step by step up to the longest", () => {
  const { round } = cadenceWith();
  round();
  for (let time = 0; time < 10; time += 1) round(50);
  const waits = Array.from({ length: 60 }, () => round());
  expect(waits[0]).toBeLessThanOrEqual(2_000);
  expect(waits.at(-1)).toBeGreaterThan(26_000);
  for (const [index, waitMs] of waits.entries()) {
    if (index > 0) expect(waitMs).toBeLessThan(2 * (waits[index - 1] as number) + 500);
  }
});

test("whatever happens, no interval is longer than the longest, and after a drift none shorter than nine tenths of the shortest", () => {
  const given = fc.record({
    pollIntervalMs: fc.integer({ min: 1, max: 86_400_000 }),
    minPollIntervalMs: fc.integer({ min: 1, max: 86_400_000 }),
    chance: fc.double({ min: 0, max: 0.999, noNaN: true }),
  });
  fc.assert(
    fc.property(given, fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 20 }), (options, rounds) => {
      const { round } = cadenceWith(options);
      const shortest = Math.min(options.minPollIntervalMs, options.pollIntervalMs);
      for (const [index, messages] of rounds.entries()) {
        const waitMs = round(messages);
        expect(waitMs).toBeLessThanOrEqual(options.pollIntervalMs);
        expect(waitMs).toBeGreaterThan(0);
        if (index > 0) expect(waitMs).toBeGreaterThanOrEqual(0.9 * shortest - 1);
      }
    }),
    { seed: 20260301, numRuns: 300 },
  );
});

test.each([
  ["began together", 0],
  ["were held up together", 10],
])("a thousand queues that %s make a level line of looks from their next interval on", (_, roundsBefore) => {
  const queues = Array.from({ length: 1_000 }, (_, index) =>
    cadenceWith({ chance: ((index * 7_919) % 1_000) / 1_000, pollIntervalMs: 10_000, minPollIntervalMs: 10_000 }),
  );
  const startAt = 50 * minute;
  const perSecond = new Array<number>(60).fill(0);
  for (const { clock, round } of queues) {
    for (let time = 0; time < roundsBefore; time += 1) round();
    clock.freeze(startAt - clock.now());
    round();
    while (clock.now() < startAt + minute) {
      const second = Math.floor((clock.now() - startAt) / 1_000);
      perSecond[second] = (perSecond[second] as number) + 1;
      round();
    }
  }
  expect(Math.max(...perSecond)).toBeLessThanOrEqual(110);
  expect(Math.min(...perSecond.slice(1))).toBeGreaterThanOrEqual(90);
});

test("many queues that poll more than the application may are stretched alike, and no more than that", () => {
  const pace = createPace({ allowed: 10, sent: () => 0 });
  const queues = Array.from({ length: 100 }, (_, index) =>
    cadenceWith({ chance: index / 100, pollIntervalMs: 2_000, minPollIntervalMs: 2_000, pace }),
  );
  for (const { round } of queues) round();
  // 100 queues each 2 s are 50 requests a second; 8 of the 10 allowed are for them.
  expect(pace.stretch).toBeCloseTo(50 / 8);
  for (const { round } of queues) for (let time = 0; time < 20; time += 1) round();
  for (const { intervals } of queues) expect(intervals().slice(-1)[0]).toBeGreaterThan(12_000);
  for (const { cadence } of queues.slice(10)) cadence.rest();
  expect(pace.stretch).toBe(1);
});

test("what else is sent leaves less for the polling, but never less than a tenth of what is allowed", () => {
  let sent = 0;
  const pace = createPace({ allowed: 100, sent: () => sent });
  pace.plan(0, 40);
  expect(pace.stretch).toBe(1);
  sent = 100;
  pace.plan(40, 40);
  expect(pace.stretch).toBeCloseTo(40 / 20);
  sent = 1_000;
  pace.plan(40, 40);
  expect(pace.stretch).toBeCloseTo(4);
  sent = 0;
  pace.plan(40, 0);
  expect(pace.stretch).toBe(1);
});

test("a queue that watches more folders from now on plans as many more requests", () => {
  const planned: number[] = [];
  const pace = { ...freePace(), plan: (_before: number, now: number) => void planned.push(now) };
  const { clock, cadence } = cadenceWith({ pace, pollIntervalMs: 10_000, minPollIntervalMs: 10_000 });
  for (const requests of [undefined, 40, undefined]) {
    cadence.afterRound({ begunAt: clock.ticks(), messages: 0, ...(requests === undefined ? {} : { requests }) });
  }
  expect(planned).toEqual([0.1, 4, 4]);
});

test("a queue that was polled between two looks keeps its place", () => {
  const { clock, round, begins } = cadenceWith({ pollIntervalMs: 10_000, minPollIntervalMs: 10_000 });
  for (let time = 0; time < 12; time += 1) round();
  const place = (begins.at(-1) as number) % 10_000;
  clock.freeze(-4_000);
  for (let time = 0; time < 12; time += 1) round();
  expect(Math.abs(((begins.at(-1) as number) % 10_000) - place)).toBeLessThanOrEqual(1_000);
});

test("after failures the wait grows from about two seconds to five minutes, and a good round ends that", () => {
  const { cadence } = cadenceWith();
  expect(cadence.failures).toBe(0);
  expect(Array.from({ length: 10 }, () => cadence.afterFailure())).toEqual([
    2_000, 3_000, 6_000, 12_000, 24_000, 48_000, 96_000, 192_000, 225_000, 225_000,
  ]);
  expect(cadence.failures).toBe(10);
  cadence.afterRound({ begunAt: 0, messages: 0 });
  expect(cadence.failures).toBe(0);
  expect(cadence.afterFailure()).toBe(2_000);
});

test("a failure is not tried again sooner than a round that went well", () => {
  expect(cadenceWith({ minPollIntervalMs: 20_000, chance: 0 }).cadence.afterFailure()).toBe(20_000);
});
