import { expect, onTestFinished, test } from "vitest";
import { createStalledTurns, patienceMs } from "../../../src/schedule/stalled-turns.js";
import { createManualClock } from "../../support/manual-clock.js";

function watched() {
  const clock = createManualClock(0);
  const looks: number[] = [];
  const stalled = createStalledTurns({ clock, everyMs: 1_000, look: () => void looks.push(clock.ticks()) });
  onTestFinished(() => stalled.stop());
  return { clock, looks, stalled };
}

test("stalled turns are looked for again and again, the first time after a while", async () => {
  const { clock, looks, stalled } = watched();
  const began = clock.ticks();
  stalled.wait();
  await clock.advance(patienceMs + 2_500);
  expect(looks.map((at) => at - began)).toEqual([patienceMs, patienceMs + 1_000, patienceMs + 2_000]);
});

test("when the way is open again no look comes before those that lost their turns had time to write", async () => {
  const { clock, looks, stalled } = watched();
  stalled.wait();
  await clock.advance(patienceMs + 900);
  stalled.wait();
  await clock.advance(patienceMs - 1);
  expect(looks).toHaveLength(1);
  await clock.advance(1);
  expect(looks).toHaveLength(2);
});

test("a way that opens again and again puts the look off for a while only", async () => {
  const { clock, looks, stalled } = watched();
  stalled.wait();
  for (let times = 0; times < 20; times += 1) {
    await clock.advance(patienceMs - 500);
    stalled.wait();
  }
  expect(looks.length).toBeGreaterThan(0);
});

test("after a stop there is no look", async () => {
  const { clock, looks, stalled } = watched();
  stalled.wait();
  stalled.stop();
  await clock.advance(60_000);
  expect(looks).toEqual([]);
});
