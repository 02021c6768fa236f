/** Turns of suspects over several queues: alone where it can be, never keeping the others waiting for long. */
import { expect, test } from "vitest";
import { createSolitude, longestWaitMs, type Presence, type Turn } from "../../../src/delivery/solitude.js";
import { deferred } from "../../support/deferred.js";
import { createManualClock } from "../../support/manual-clock.js";

function createScene() {
  const clock = createManualClock();
  const solitude = createSolitude({ clock });
  const told: string[] = [];
  const turns: Turn[] = [];

  function join(name: string, onOpen: (presence: Presence) => void = () => undefined) {
    const presence: Presence = solitude.join(() => {
      told.push(`${name} may begin`);
      onOpen(presence);
    });
    return Object.assign(presence, {
      /** Asks; its delivery lasts until the test ends the turn. */
      suspect(outstay: () => Promise<void> = async () => undefined) {
        presence.ask((turn) => {
          told.push(`${name} ${turn.alone ? "alone" : "in company"}`);
          turns.push(turn);
          presence.enter(1);
          return outstay;
        });
      },
      finish(turn: Turn) {
        presence.leave(1);
        turn.end();
      },
    });
  }
  return { clock, told, turns, join };
}

test("a suspect waits for what is in flight in all queues, nothing begins meanwhile, and the others go on afterwards", async () => {
  const { clock, told, turns, join } = createScene();
  const [a, b] = [join("a"), join("b")];
  a.enter(2);
  b.enter(1);
  a.suspect();
  expect([a.mayBegin, b.mayBegin, told]).toEqual([false, false, []]);
  a.leave(2);
  expect(told).toEqual([]);
  b.leave(1);
  expect([told, b.mayBegin]).toEqual([["a alone"], false]);
  a.finish(turns[0]!);
  expect(told).toEqual(["a alone", "a may begin", "b may begin"]);
  expect([a.mayBegin, b.mayBegin, clock.pending()]).toEqual([true, true, 0]);
});

test("suspects of all queues come one at a time, in the order of their asking", () => {
  const { told, turns, join } = createScene();
  const queues = [join("a"), join("b"), join("c")];
  for (const queue of queues) queue.suspect();
  for (const [index, queue] of queues.entries()) {
    expect(told.filter((line) => line.endsWith("alone")).length).toBe(index + 1);
    queue.finish(turns[index]!);
  }
  expect(told.filter((line) => line.endsWith("alone"))).toEqual(["a alone", "b alone", "c alone"]);
});

test("a handler that hangs elsewhere keeps a suspect from being alone, and the others waiting, for ten seconds at most", async () => {
  const { clock, told, join, turns } = createScene();
  const [a, b] = [join("a"), join("b")];
  b.enter(1);
  a.suspect();
  await clock.advance(longestWaitMs - 1);
  expect([told, b.mayBegin]).toEqual([[], false]);
  await clock.advance(1);
  expect([told, b.mayBegin]).toEqual([["a in company", "a may begin", "b may begin"], true]);
  a.finish(turns[0]!);
  // The next does not make everybody wait for the same handler again, at least for a minute.
  a.suspect();
  await clock.advance(longestWaitMs);
  expect([told.at(-1), b.mayBegin]).toEqual(["a in company", true]);
  a.finish(turns[1]!);
  await clock.advance(60_000);
  a.suspect();
  expect(b.mayBegin).toBe(false);
  b.leave(1);
  expect(told.at(-1)).toBe("a alone");
  a.finish(turns[2]!);
  expect(clock.pending()).toBe(0);
});

test("once what hung has ended, a suspect can be alone again at once", async () => {
  const { clock, told, turns, join } = createScene();
  const [a, b] = [join("a"), join("b")];
  b.enter(1);
  a.suspect();
  await clock.advance(longestWaitMs);
  a.finish(turns[0]!);
  b.leave(1);
  await clock.advance(longestWaitMs);
  a.suspect();
  expect(told.at(-1)).toBe("a alone");
});

test("a suspect that works for more than ten seconds is recorded as not alone before the others go on", async () => {
  const { clock, told, turns, join } = createScene();
  const [a, b] = [join("a"), join("b")];
  const recorded = deferred();
  a.suspect(() => {
    told.push("recording");
    return recorded.promise;
  });
  await clock.advance(longestWaitMs + 5_000);
  expect([told, b.mayBegin]).toEqual([["a alone", "recording"], false]);
  recorded.resolve();
  await clock.advance(0);
  expect([told.slice(2), b.mayBegin]).toEqual([["a may begin", "b may begin"], true]);
  // Its end, later, is nobody's turn any more.
  b.enter(1);
  b.suspect();
  a.finish(turns[0]!);
  expect(turns.length).toBe(1);
  await clock.advance(60_000);
  expect([turns.length, told.at(-1)]).toEqual([2, "b may begin"]);
});

test("the others have as long as they had to wait before the next suspect keeps them waiting", async () => {
  const { clock, told, turns, join } = createScene();
  const a = join("a");
  const b = join("b", (presence) => presence.enter(1));
  a.suspect();
  await clock.advance(4_000);
  a.suspect();
  a.finish(turns[0]!);
  expect(told.at(-1)).toBe("b may begin");
  await clock.advance(3_999);
  expect(b.mayBegin).toBe(true);
  await clock.advance(1);
  expect(b.mayBegin).toBe(false);
  b.leave(1);
  expect(told.at(-1)).toBe("a alone");
});

test("when the others have nothing to begin, the next suspect comes at once", async () => {
  const { clock, turns, join } = createScene();
  const a = join("a");
  join("b");
  a.suspect();
  await clock.advance(4_000);
  a.suspect();
  a.finish(turns[0]!);
  expect([turns.length, turns[1]!.alone]).toEqual([2, true]);
});

test("a queue that has nothing to begin when its turn comes gives it to the next", () => {
  const { told, turns, join } = createScene();
  const [a, b] = [join("a"), join("b")];
  b.enter(1);
  a.ask(() => {
    told.push("a has nothing");
    return undefined;
  });
  b.suspect();
  b.leave(1);
  expect(told).toEqual(["a has nothing", "b alone"]);
  b.finish(turns[0]!);
  expect(a.mayBegin).toBe(true);
});

test.each(["withdraws", "closes"])("a queue that %s while all wait for the others lets them go on, and leaves no timer", (how) => {
  const { clock, told, join } = createScene();
  const [a, b] = [join("a"), join("b")];
  b.enter(1);
  a.suspect();
  expect(b.mayBegin).toBe(false);
  if (how === "closes") a.close();
  else a.withdraw();
  expect([b.mayBegin, clock.pending(), told.includes("b may begin")]).toEqual([true, 0, true]);
  b.leave(1);
  expect(told.includes("a alone")).toBe(false);
});

test("a queue that withdraws during a rest leaves no timer, and one that asks then keeps its place", async () => {
  const { clock, told, turns, join } = createScene();
  const a = join("a");
  const b = join("b", (presence) => presence.enter(1));
  a.suspect();
  await clock.advance(4_000);
  a.finish(turns[0]!);
  a.suspect();
  expect(clock.pending()).toBe(1);
  a.withdraw();
  expect([clock.pending(), b.mayBegin]).toEqual([0, true]);
  a.suspect();
  b.leave(1);
  expect(turns.length).toBe(1);
  await clock.advance(4_000);
  expect(told.at(-1)).toBe("a alone");
});
