/** Who would fetch more content waits while enough is there, but never long. */
import { expect, test } from "vitest";
import { createAppetite } from "../../../src/delivery/appetite.js";
import { createManualClock, settle } from "../../support/manual-clock.js";

function setUp() {
  const clock = createManualClock();
  const state = { hungry: false };
  const appetite = createAppetite({ clock, isHungry: () => state.hungry });
  const ended: string[] = [];
  const wait = (name: string) => void appetite.wait(250).then(() => ended.push(name));
  return { clock, state, appetite, ended, wait };
}

test("it ends at once when more is wanted, when less waits than before, and in any case after its time", async () => {
  const { clock, state, appetite, ended, wait } = setUp();
  wait("late");
  await clock.advance(249);
  expect(ended).toEqual([]);
  await clock.advance(1);
  expect(ended).toEqual(["late"]);

  wait("a");
  wait("b");
  appetite.look();
  await settle();
  expect(ended).toEqual(["late"]);
  state.hungry = true;
  appetite.look();
  await settle();
  expect(ended).toEqual(["late", "a", "b"]);
  wait("hungry");
  await settle();
  expect(ended).toEqual(["late", "a", "b", "hungry"]);
  expect(clock.pending()).toBe(0);
});
