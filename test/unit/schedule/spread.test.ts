/** Many queues make a level line of requests, also at the start: nothing of theirs comes all at once. */
import { expect, test } from "vitest";
import type { Clock } from "../../../src/base/clock.js";
import { createCadence } from "../../../src/schedule/cadence.js";
import { createLocalScheduler } from "../../../src/schedule/local.js";
import { createStartPacer } from "../../../src/schedule/pacer.js";
import { freePace } from "../../support/governance.js";
import { createManualClock } from "../../support/manual-clock.js";

const queueCount = 300;
const pollIntervalMs = 30_000;
const secondMs = 1_000;

/** When the rounds of all queues begin, milliseconds from the start; each takes half a second. */
async function rounds(untilMs: number): Promise<{ readonly queue: string; readonly at: number }[]> {
  const manual = createManualClock();
  let seed = 1;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const clock: Clock = { now: manual.now, ticks: manual.ticks, startTimer: manual.startTimer, random };
  const startedAt = clock.now();
  const scheduler = createLocalScheduler({ clock });
  const pacer = createStartPacer(clock);
  const pace = freePace();
  const begun: { queue: string; at: number }[] = [];
  for (let index = 0; index < queueCount; index += 1) {
    const queue = `queue${index}`;
    const cadence = createCadence({ clock, pollIntervalMs, minPollIntervalMs: pollIntervalMs, requests: 1, pace });
    const turn = async () => {
      const begunAt = clock.ticks();
      begun.push({ queue, at: clock.now() - startedAt });
      await new Promise<void>((resolve) => clock.startTimer(resolve, 500));
      return cadence.afterRound({ begunAt, messages: 0 });
    };
    scheduler.add(queue, turn, pacer.reserve());
  }
  await manual.advance(untilMs);
  const stopping = scheduler.stop();
  await manual.advance(secondMs);
  await stopping;
  return begun;
}

/** The most that begin within so many milliseconds, wherever those begin. */
function most(times: readonly number[], spanMs: number): number {
  return Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + spanMs).length));
}

test("the first rounds of many queues come one after another behind the first few, and the later ones make a level line", async () => {
  const begun = await rounds(4 * pollIntervalMs);
  /** By round, when it began for each queue. */
  const timesOf = (round: number) => {
    const seen = new Map<string, number>();
    return begun.flatMap(({ queue, at }) => {
      const count = (seen.get(queue) ?? 0) + 1;
      seen.set(queue, count);
      return count === round ? [at] : [];
    });
  };
  const first = timesOf(1);
  expect(first).toHaveLength(queueCount);
  expect(first.filter((at) => at === 0)).toHaveLength(64);
  // Three milliseconds from one to the next.
  expect(
    most(
      first.filter((at) => at > 0),
      30,
    ),
  ).toBe(10);
  expect(Math.max(...first)).toBeLessThan(secondMs);

  // Ten a second in the middle; chance makes it more here and less there.
  const second = timesOf(2);
  expect(second).toHaveLength(queueCount);
  expect(most(second, secondMs)).toBeLessThanOrEqual(25);
  const later = begun.filter(({ at }) => at >= 2 * pollIntervalMs && at < 3 * pollIntervalMs).map(({ at }) => at);
  expect(later.length).toBeGreaterThan(queueCount * 0.95);
  expect(later.length).toBeLessThan(queueCount * 1.15);
  expect(most(later, secondMs)).toBeLessThanOrEqual(25);
});
