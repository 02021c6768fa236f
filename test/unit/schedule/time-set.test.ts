/** The time of day is set back an hour: no queue waits an hour for it. */
import { expect, test } from "vitest";
import { createCadence } from "../../../src/schedule/cadence.js";
import { createStartPacer } from "../../../src/schedule/pacer.js";
import { freePace } from "../../support/governance.js";
import { createManualClock } from "../../support/manual-clock.js";

const hour = 3_600_000;

test("during a round: the next one comes within the interval", () => {
  const clock = createManualClock();
  const cadence = createCadence({ clock, pace: freePace(), pollIntervalMs: 30_000, minPollIntervalMs: 2_000, requests: 1 });
  const begunAt = clock.ticks();
  clock.set(-hour);
  const waitMs = cadence.afterRound({ begunAt, messages: 0 });
  expect(waitMs).toBeGreaterThan(0);
  expect(waitMs).toBeLessThanOrEqual(30_000);
});

test("after the start: a queue that is added begins soon", () => {
  const clock = createManualClock();
  const pacer = createStartPacer(clock);
  pacer.reserve();
  clock.set(-hour);
  expect(pacer.reserve()).toBeLessThanOrEqual(1_000);
});
