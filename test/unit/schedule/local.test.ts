/** The scheduler of one process: one turn of a queue at a time, no wake-up lost, nothing left behind. */
import { expect, test } from "vitest";
import { createLocalScheduler } from "../../../src/schedule/local.js";
import { deferred } from "../../support/deferred.js";
import { createManualClock, settle } from "../../support/manual-clock.js";

function createScene() {
  const clock = createManualClock();
  const scheduler = createLocalScheduler({ clock });
  const begun: string[] = [];
  const running = new Map<string, { end(delayMs: number): void }>();
  const seen = { overlaps: 0 };
  /** A turn that the test ends. */
  const turnOf = (name: string) => async () => {
    begun.push(name);
    if (running.has(name)) seen.overlaps += 1;
    const { promise, resolve } = deferred<number>();
    running.set(name, { end: resolve });
    const delayMs = await promise;
    running.delete(name);
    return delayMs;
  };
  const end = async (name: string, delayMs: number) => {
    running.get(name)?.end(delayMs);
    await settle();
  };
  return { clock, scheduler, begun, running, seen, turnOf, end };
}

test("the first turn comes at once, the next after the time that it gave", async () => {
  const { clock, scheduler, begun, turnOf, end } = createScene();
  scheduler.add("a", turnOf("a"));
  await settle();
  expect(begun).toEqual(["a"]);
  await end("a", 5_000);
  await clock.advance(4_999);
  expect(begun.length).toBe(1);
  await clock.advance(1);
  expect(begun.length).toBe(2);
  await end("a", Number.POSITIVE_INFINITY);
  await scheduler.stop();
});

test("a queue that asked for no time waits until it is woken", async () => {
  const { clock, scheduler, begun, turnOf, end } = createScene();
  scheduler.add("a", turnOf("a"));
  await settle();
  await end("a", Number.POSITIVE_INFINITY);
  expect(clock.pending()).toBe(0);
  await clock.advance(86_400_000);
  expect(begun.length).toBe(1);
  scheduler.wake("a");
  await settle();
  expect(begun.length).toBe(2);
});

test("a wake-up brings the next turn forward, and the time that was planned is forgotten", async () => {
  const { clock, scheduler, begun, turnOf, end } = createScene();
  scheduler.add("a", turnOf("a"));
  await settle();
  await end("a", 5_000);
  scheduler.wake("a");
  await settle();
  expect([begun.length, clock.pending()]).toEqual([2, 0]);
});

test("wake-ups during a turn lead to exactly one more, right after it", async () => {
  const { scheduler, begun, seen, turnOf, end } = createScene();
  scheduler.add("a", turnOf("a"));
  await settle();
  for (let count = 0; count < 5; count += 1) scheduler.wake("a");
  await settle();
  expect(begun.length).toBe(1);
  await end("a", 60_000);
  expect(begun.length).toBe(2);
  await end("a", Number.POSITIVE_INFINITY);
  expect([begun.length, seen.overlaps]).toEqual([2, 0]);
});

test("a wake-up from within the turn's own beginning does not begin a second one beside it", async () => {
  const { clock, scheduler, begun, seen, turnOf, end } = createScene();
  const turn = turnOf("a");
  scheduler.add("a", () => {
    if (begun.length === 0) scheduler.wake("a");
    return turn();
  });
  await settle();
  expect(begun.length).toBe(1);
  await end("a", 60_000);
  await end("a", Number.POSITIVE_INFINITY);
  expect([begun.length, seen.overlaps, clock.pending()]).toEqual([2, 0, 0]);
});

test("wake-ups in the moment in which a turn begins need no second one: that turn comes after them", async () => {
  const { scheduler, begun, turnOf, end } = createScene();
  scheduler.add("a", turnOf("a"));
  scheduler.wake("a");
  scheduler.wake("a");
  await settle();
  await end("a", Number.POSITIVE_INFINITY);
  expect(begun).toEqual(["a"]);
});

test("a first turn that is to come later comes then, or when it is woken", async () => {
  const { clock, scheduler, begun, turnOf } = createScene();
  scheduler.add("a", turnOf("a"), 300);
  scheduler.add("b", turnOf("b"), 300);
  await clock.advance(299);
  expect(begun).toEqual([]);
  scheduler.wake("b");
  await settle();
  expect(begun).toEqual(["b"]);
  await clock.advance(1);
  expect(begun).toEqual(["b", "a"]);
  expect(clock.pending()).toBe(0);
});

test("a removal waits for the turn under way, and no turn comes after it", async () => {
  const { clock, scheduler, begun, turnOf, end } = createScene();
  scheduler.add("a", turnOf("a"));
  await settle();
  scheduler.wake("a");
  let removed = false;
  const removal = scheduler.remove("a").then(() => {
    removed = true;
  });
  await settle();
  expect(removed).toBe(false);
  await end("a", 10);
  await removal;
  scheduler.wake("a");
  await clock.advance(60_000);
  expect([begun.length, clock.pending()]).toEqual([1, 0]);
});

test("a removal between turns clears the timer and ends at once; of an unknown queue too", async () => {
  const { clock, scheduler, turnOf, end } = createScene();
  scheduler.add("a", turnOf("a"));
  await settle();
  await end("a", 5_000);
  await scheduler.remove("a");
  await scheduler.remove("nobody");
  scheduler.wake("nobody");
  expect(clock.pending()).toBe(0);
});

test("a queue that comes back after its removal has its first turn at once", async () => {
  const { clock, scheduler, begun, turnOf, end } = createScene();
  scheduler.add("a", turnOf("old"));
  await settle();
  await end("old", 5_000);
  await scheduler.remove("a");
  scheduler.add("a", turnOf("new"));
  await settle();
  await end("new", Number.POSITIVE_INFINITY);
  await clock.advance(60_000);
  expect(begun).toEqual(["old", "new"]);
});

test("a stop waits for all turns under way and leaves no timer", async () => {
  const { clock, scheduler, turnOf, end } = createScene();
  for (const name of ["a", "b", "c"]) scheduler.add(name, turnOf(name));
  await settle();
  await end("c", 5_000);
  let stopped = false;
  const stop = scheduler.stop().then(() => {
    stopped = true;
  });
  await end("a", 10);
  expect(stopped).toBe(false);
  await end("b", 10);
  await stop;
  expect(clock.pending()).toBe(0);
  await scheduler.stop();
});
