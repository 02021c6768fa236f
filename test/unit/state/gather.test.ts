/** Gathering: order, company, and what a failed write means for those in it and those after it. */
import { expect, it } from "vitest";
import { createGatherer } from "../../../src/state/gather.js";
import { createManualClock } from "../../support/manual-clock.js";

type Take = () => readonly number[];

/** A gatherer of numbers whose writes are begun, taken and ended by the test. */
function setUp() {
  const clock = createManualClock();
  const writes: { take: Take; end: () => void; fail: (error: Error) => void }[] = [];
  const gatherer = createGatherer<number, string>({
    clock,
    write: (take) =>
      new Promise((resolve, reject) => {
        // Empty until taken.
        let items: readonly number[] = [];
        const takeOnce = () => (items = take());
        writes.push({ take: takeOnce, end: () => resolve(items.map((item) => `written ${item}`)), fail: reject });
      }),
  });
  return { clock, writes, gatherer, write: (at: number) => writes[at] as (typeof writes)[number] };
}

it("what is added until the transaction is open comes along, what is added after it goes into the next", async () => {
  const { gatherer, writes, write } = setUp();
  const first = gatherer.add(1, 0);
  const second = gatherer.add(2, 500);
  expect(write(0).take()).toEqual([1, 2]);
  const third = gatherer.add(3, 0);
  expect(write(1).take()).toEqual([3]);
  expect(writes).toHaveLength(2);

  write(0).end();
  write(1).end();
  expect(await Promise.all([first, second, third])).toEqual(["written 1", "written 2", "written 3"]);
});

it("the shortest wait decides, and its timer ends with the write", async () => {
  const { clock, gatherer, writes, write } = setUp();
  const adding = [gatherer.add(1, 500), gatherer.add(2, 20), gatherer.add(3, 100)];
  await clock.advance(19);
  expect(writes).toHaveLength(0);
  await clock.advance(1);
  expect(write(0).take()).toEqual([1, 2, 3]);
  expect(clock.pending()).toBe(0);

  write(0).end();
  await Promise.all(adding);
});

it("a failed write fails all that were in it and nobody else", async () => {
  const { gatherer, write } = setUp();
  const inIt = [gatherer.add(1, 0), gatherer.add(2, 5)];
  write(0).take();
  const after = gatherer.add(3, 0);
  write(0).fail(new Error("full"));
  await expect(inIt[0]).rejects.toThrow("full");
  await expect(inIt[1]).rejects.toThrow("full");

  write(1).take();
  write(1).end();
  expect(await after).toBe("written 3");
});

it("a write that fails before its transaction is open fails those that wait for it", async () => {
  const { gatherer, write } = setUp();
  const waiting = gatherer.add(1, 0);
  write(0).fail(new Error("no lock"));
  await expect(waiting).rejects.toThrow("no lock");

  const next = gatherer.add(2, 0);
  expect(write(1).take()).toEqual([2]);
  write(1).end();
  await next;
});

it("drain writes what waits and waits for what is written, also when it fails", async () => {
  const { gatherer, write, clock } = setUp();
  await gatherer.drain();
  const written = gatherer.add(1, 0);
  write(0).take();
  const waiting = gatherer.add(2, 500);
  const drained = gatherer.drain();
  write(1).take();
  write(1).fail(new Error("full"));
  await expect(waiting).rejects.toThrow("full");
  write(0).end();
  await written;
  await drained;

  expect(clock.pending()).toBe(0);
});
