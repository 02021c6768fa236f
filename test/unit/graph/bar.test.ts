/** A pause where the process is held up at any moment, as on a busy machine: it may last longer for that, and is never shorter. */
import { expect, test } from "vitest";
import { Pause } from "../../../src/graph/bar.js";
import { createManualClock } from "../../support/manual-clock.js";

/** Each look at a clock takes so long, milliseconds. */
const heldUpMs = 40;

/** A clock whose process is held up before each look. */
function slowClock() {
  const clock = createManualClock();
  const held = <T>(look: () => T) => {
    clock.freeze(heldUpMs);
    return look();
  };
  return { clock, seen: { ...clock, now: () => held(clock.now), ticks: () => held(clock.ticks) } };
}

test("a pause ends no earlier for a process that is held up while it is taken in", () => {
  const { clock, seen } = slowClock();
  const pause = new Pause(seen);
  const until = clock.now() + 1_000;
  expect(pause.extend({ until, code: "ApplicationThrottled" })).toBe(true);
  while (pause.leftMs > 0) clock.freeze(1);
  expect(clock.now()).toBeGreaterThanOrEqual(until);
  expect(clock.now()).toBeLessThanOrEqual(until + 3 * heldUpMs);
});

test("nor while it is told", () => {
  const { clock, seen } = slowClock();
  const pause = new Pause(seen);
  const until = clock.now() + 1_000;
  pause.extend({ until, code: "ApplicationThrottled" });
  expect(pause.bar.until).toBeGreaterThanOrEqual(until);
});
