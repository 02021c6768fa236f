/** What one application asks of Graph over all its mailboxes: at once, in ten seconds, in a fair order, and not while Graph refuses many. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sleep } from "../../../src/base/clock.js";
import type { Bar } from "../../../src/graph/bar.js";
import type { Urgency } from "../../../src/graph/fair-order.js";
import { createGate } from "../../../src/graph/gate.js";
import { createGovernor } from "../../../src/graph/governor.js";
import { createManualClock, settle } from "../../support/manual-clock.js";

function setUp(limits: { concurrency?: number; requestsPerTenSeconds?: number } = {}) {
  const clock = createManualClock();
  clock.chance = 0;
  const bars: Bar[] = [];
  const governor = createGovernor({
    clock,
    concurrency: 4,
    requestsPerTenSeconds: 130_000,
    ...limits,
    onBar: (bar) => void bars.push(bar),
  });
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  /** Names the mailbox by the first letter. */
  function enter(name: string, pass: { urgency?: Urgency; weight?: number; cost?: number; signal?: AbortSignal } = {}) {
    const { urgency = "backlog", weight = 1, cost = 1, signal } = pass;
    return governor.enter({ queue: name, lane: name[0], urgency, weight, cost, signal }).then((leave) => {
      begun.push(name);
      ends.push(leave);
      return leave;
    });
  }
  /** The oldest ends, so many times. */
  async function end(count = 1) {
    for (let time = 0; time < count; time += 1) {
      ends.shift()?.();
      await settle();
    }
  }
  return { clock, governor, bars, begun, enter, end };
}

describe("places", () => {
  it("are given to one of every mailbox in turn: a flood takes its share and no more", async () => {
    const { enter, begun, end } = setUp();
    for (let index = 0; index < 50; index += 1) void enter(`a${index}`);
    await settle();
    for (const name of ["b0", "c0", "d0", "b1"]) void enter(name);
    await end(6);
    expect(begun).toEqual(["a0", "a1", "a2", "a3", "a4", "b0", "c0", "d0", "a5", "b1"]);
  });

  it("are given to the gates of mailboxes in turn, however much waits behind one of them", async () => {
    const { clock, governor } = setUp({ concurrency: 1 });
    const sent: string[] = [];
    const send = (queue: string, count: number) => {
      const gate = createGate({ clock, queue, width: 4, governor });
      const work = async () => {
        sent.push(queue);
        await sleep(clock, 10);
      };
      return Array.from({ length: count }, () => gate.run(() => gate.send(work)));
    };
    const all = [...send("flooded", 8), ...send("quiet", 2)];
    await clock.advance(1_000);
    await Promise.all(all);
    expect(sent.slice(0, 5)).toEqual(["flooded", "flooded", "quiet", "flooded", "quiet"]);
    expect(sent).toHaveLength(10);
  });

  it("are given to the urgent before the backlog and to that before sweeps, and one in eight to a less urgent kind, to each in turn", async () => {
    const { enter, begun, end } = setUp({ concurrency: 1 });
    void enter("x");
    for (const index of [0, 1]) void enter(`s${index}`, { urgency: "sweep" });
    for (let index = 0; index < 4; index += 1) void enter(`b${index}`);
    for (let index = 0; index < 8; index += 1) void enter(`u${index}`, { urgency: "urgent" });
    await settle();
    await end(15);
    const all = (letter: string, count: number) => Array.from({ length: count }, (_, index) => `${letter}${index}`);
    expect(begun).toEqual(["x", ...all("u", 7), "b0", "u7", "b1", "b2", "b3", "s0", "s1"]);
  });

  it("are all taken by a batch where four are all there are, and it waits for no more than those before it", async () => {
    const { enter, begun, end } = setUp();
    for (const name of ["a", "b", "c"]) void enter(name);
    void enter("batch", { weight: 4, cost: 21 });
    void enter("d");
    await settle();
    expect(begun).toEqual(["a", "b", "c"]);
    await end(3);
    expect(begun).toEqual(["a", "b", "c", "batch"]);
    await end();
    expect(begun).toEqual(["a", "b", "c", "batch", "d"]);
  });

  it("are never more than there are, and all who wait get in or leave, whatever comes together", async () => {
    const step = fc.record({
      lane: fc.constantFrom("a", "b", "c"),
      urgency: fc.constantFrom<Urgency>("urgent", "backlog", "sweep"),
      weight: fc.constantFrom(1, 4),
      ms: fc.nat(30),
      pauseMs: fc.nat(10),
      abortedAfterMs: fc.option(fc.nat(40)),
    });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 25 }), async (concurrency, steps) => {
        const { clock, governor } = setUp({ concurrency });
        let inside: number[] = [];
        const outcomes: Promise<string>[] = [];
        for (const { lane, urgency, weight, ms, pauseMs, abortedAfterMs } of steps) {
          const controller = new AbortController();
          if (abortedAfterMs !== null) clock.startTimer(() => controller.abort("aborted"), abortedAfterMs);
          const entering = governor.enter({ queue: lane, lane, urgency, weight, cost: 1, signal: controller.signal });
          const work = async (leave: () => void) => {
            inside = [...inside, weight];
            expect(inside.length === 1 || inside.reduce((sum, one) => sum + one, 0) <= concurrency).toBe(true);
            await new Promise<void>((resolve) => clock.startTimer(resolve, ms));
            inside.splice(inside.indexOf(weight), 1);
            leave();
            return "done";
          };
          outcomes.push(entering.then(work, (reason: unknown) => String(reason)));
          await clock.advance(pauseMs);
        }
        for (let time = 0; time < steps.length + 1; time += 1) await clock.advance(40);
        for (const outcome of await Promise.all(outcomes)) expect(["done", "aborted"]).toContain(outcome);
        expect(clock.pending()).toBe(0);
      }),
      { seed: 20261128, numRuns: 60 },
    );
  });
});

it("no ten seconds hold more requests than the application is allowed, a batch counted with its parts", async () => {
  const { clock, governor, enter, begun, end } = setUp({ requestsPerTenSeconds: 100 });
  for (let index = 0; index < 5; index += 1) void enter(`a${index}`, { weight: 4, cost: 21 });
  await settle();
  await end(4);
  expect(begun).toHaveLength(4);
  expect(governor.load).toBeCloseTo(0.84);
  await clock.advance(9_999);
  expect(begun).toHaveLength(4);
  await clock.advance(501);
  expect(begun).toHaveLength(5);
});

it("no ten seconds hold more either where many ask in the same moment, or wait for the same moment", async () => {
  const { clock, governor, enter, begun } = setUp({ concurrency: 1_000, requestsPerTenSeconds: 100 });
  for (let index = 0; index < 250; index += 1) void enter(`a${index}`);
  await settle();
  expect(begun).toHaveLength(100);
  await clock.advance(10_500);
  expect(begun).toHaveLength(200);
  expect(governor.load).toBe(1);
  await clock.advance(10_500);
  expect(begun).toHaveLength(250);
});

describe("a pause of all", () => {
  const refusals = (clock: { now(): number }, seconds: readonly number[]) =>
    seconds.map((pause, index) => ({ mailbox: `m${index}`, bar: { until: clock.now() + pause * 1_000, code: "TooManyRequests" } }));

  it("begins when many mailboxes are refused at once, lasts as long as most were told, and is told once", async () => {
    const { clock, governor, bars, enter, begun } = setUp({ concurrency: 100 });
    const begunAt = clock.now();
    for (let index = 0; index < 2; index += 1) governor.answered(`good${index}`);
    for (const { mailbox, bar } of refusals(clock, [10, 12, 11, 3_600])) governor.answered(mailbox, bar);
    expect(bars).toEqual([]);
    governor.answered("m9", { until: begunAt + 9_000, code: "TooManyRequests" });
    expect(bars).toEqual([{ until: begunAt + 11_000, code: "ManyMailboxesThrottled" }]);
    expect(governor.barredUntil).toBe(begunAt + 11_000);

    void enter("other");
    await clock.advance(10_999);
    expect(begun).toEqual([]);
    await clock.advance(1);
    expect(begun).toEqual(["other"]);
  });

  it("is not begun by one mailbox that is refused again and again, nor by a few among many that are served", () => {
    const { clock, governor, bars } = setUp();
    for (let time = 0; time < 100; time += 1) governor.answered("sick", { until: clock.now() + 60_000, code: "429" });
    for (let round = 0; round < 20; round += 1) {
      for (let index = 0; index < 40; index += 1) governor.answered(`good${index}`);
      governor.answered(`sick${round}`, { until: clock.now() + 600_000, code: "429" });
    }
    expect(bars).toEqual([]);
  });

  it("is not begun where a third of all that is asked is refused, mailbox by mailbox: they pause by themselves", () => {
    const { clock, governor, bars } = setUp();
    for (let round = 0; round < 1_000; round += 1) {
      clock.freeze(20);
      const mailbox = `m${round % 30}`;
      if (round % 3 === 0) governor.answered(mailbox, { until: clock.now() + 1_000, code: "429" });
      else governor.answered(mailbox);
    }
    expect(bars).toEqual([]);
  });

  it.each([
    [6, 30_000],
    [13, 10_000],
    [20, 4_000],
  ])("begins where every answer to %i mailboxes is a refusal, for %i ms each, whatever was answered well before", (count, pauseMs) => {
    const { clock, governor, bars } = setUp();
    for (let index = 0; index < 100; index += 1) governor.answered(`m${index % count}`);
    for (let round = 0; round < 6 && bars.length === 0; round += 1) {
      for (let index = 0; index < count; index += 1) {
        governor.answered(`m${index}`, { until: clock.now() + pauseMs, code: "429" });
        clock.freeze((pauseMs + 1) / count);
      }
    }
    expect(bars).not.toEqual([]);
  });

  it("counts what one burst of a mailbox has refused once", () => {
    const { clock, governor, bars } = setUp();
    for (const { mailbox, bar } of refusals(clock, [10, 10, 10, 10])) {
      for (let time = 0; time < 5; time += 1) governor.answered(mailbox, bar);
    }
    for (let index = 0; index < 3; index += 1) governor.answered(`good${index}`);
    expect(bars).toEqual([]);
    governor.answered("m9", { until: clock.now() + 9_000, code: "429" });
    expect(bars).toEqual([]);
  });

  it("is not begun by refusals whose time is over", () => {
    const { clock, governor, bars } = setUp();
    for (const { mailbox, bar } of refusals(clock, [10, 10, 10, 10])) governor.answered(mailbox, bar);
    clock.freeze(10_000);
    governor.answered("m9", { until: clock.now() + 9_000, code: "429" });
    expect(bars).toEqual([]);
  });

  it("ends calls that would hang for long, those that wait as well, with the time and what it means", async () => {
    const { clock, governor, enter, end } = setUp({ concurrency: 1 });
    await enter("first");
    const waiting = enter("waiting");
    for (const { mailbox, bar } of refusals(clock, [90, 90, 90, 90, 90])) governor.answered(mailbox, bar);
    const refused = { code: "GRAPH_THROTTLED", serviceCode: "ManyMailboxesThrottled", notBeforeAt: clock.now() + 90_000 };
    await expect(enter("late")).rejects.toMatchObject(refused);
    const outcome = expect(waiting).rejects.toMatchObject(refused);
    await end();
    await outcome;
  });

  it("is followed by a few requests, and by more with each that is served; one that follows at once is longer", async () => {
    const { clock, governor, bars, enter, begun } = setUp({ concurrency: 10 });
    for (const { mailbox, bar } of refusals(clock, [1, 1, 1, 1, 1])) governor.answered(mailbox, bar);
    // Never shorter than a few seconds, whatever was asked for.
    expect(bars[0]?.until).toBe(clock.now() + 2_500);
    for (let index = 0; index < 10; index += 1) void enter(`${index}`);
    await clock.advance(2_500);
    expect(begun).toHaveLength(4);
    governor.answered("0");
    governor.answered("1");
    await settle();
    expect(begun).toHaveLength(6);

    for (const { mailbox, bar } of refusals(clock, [1, 1, 1, 1, 1])) governor.answered(mailbox, bar);
    expect(bars[1]?.until).toBe(clock.now() + 5_000);
    await clock.advance(5_000);
    for (let index = 0; index < 6; index += 1) governor.answered(`${index}`);
    const twelve = Array.from({ length: 12 }, () => 1);
    for (const { mailbox, bar } of refusals(clock, twelve)) governor.answered(mailbox, bar);
    expect(bars[2]?.until).toBe(clock.now() + 2_500);
  });

  it("that was made before a restart holds after it", async () => {
    const { clock, governor, enter, begun } = setUp();
    governor.keep({ until: clock.now() + 5_000, code: "ManyMailboxesThrottled" });
    void enter("a");
    await clock.advance(4_999);
    expect(begun).toEqual([]);
    await clock.advance(1);
    expect(begun).toEqual(["a"]);
  });
});

describe("many refusals of one burst", () => {
  /** A hundred mailboxes with a request each under way. */
  async function burst() {
    const scene = setUp({ concurrency: 1_000 });
    const names = Array.from({ length: 100 }, (_, index) => `${index}`);
    const leaves = await Promise.all(
      names.map((name) => scene.governor.enter({ queue: name, lane: name, urgency: "backlog", weight: 1, cost: 1 })),
    );
    return { ...scene, names, leaves };
  }

  it("make one pause, as long as a first one is or as Graph asked", async () => {
    const { clock, governor, names, bars } = await burst();
    for (const name of names) governor.answered(name, { until: clock.now() + 2_000, code: "TooManyRequests" });
    expect(bars).toHaveLength(1);
    expect(governor.barredUntil - clock.now()).toBeLessThanOrEqual(5_000);
  });

  it("are followed by a slow beginning, however many that were under way were answered well", async () => {
    const { clock, governor, names, leaves } = await burst();
    for (const name of names.slice(0, 10)) governor.answered(name, { until: clock.now() + 10_000, code: "TooManyRequests" });
    for (const leave of leaves) leave();
    for (const name of names.slice(10)) governor.answered(name);
    let begun = 0;
    for (const name of names) {
      void governor.enter({ queue: name, lane: name, urgency: "backlog", weight: 1, cost: 1 }).then(() => {
        begun += 1;
      });
    }
    await clock.advance(10_000);
    expect(begun).toBe(4);
  });
});
