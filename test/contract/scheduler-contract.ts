/**
 * What every scheduler promises, as one suite: `describeSchedulerContract(name, create)`. Time is the machine's, as an engine of others
 * has no other; what is awaited are turns, never a time.
 */
import { describe, expect, it, vi } from "vitest";
import type { RunTurn, Scheduler, Turn } from "../../src/schedule/scheduler.js";

const never = Number.POSITIVE_INFINITY;

interface Begun {
  readonly at: number;
  readonly turn: Turn;
  /** Ends it, with the milliseconds until the next. */
  end(delayMs: number): void;
}

/** The turns of one queue, each ended by the test. */
function createTurns() {
  const begun: Begun[] = [];
  const seen = { under: 0, most: 0, ended: 0 };
  const run: RunTurn = async (turn) => {
    seen.under += 1;
    seen.most = Math.max(seen.most, seen.under);
    const delayMs = await new Promise<number>((end) => begun.push({ at: performance.now(), turn, end }));
    seen.under -= 1;
    seen.ended += 1;
    return delayMs;
  };
  const nth = (count: number): Promise<Begun> =>
    vi.waitUntil(() => begun[count - 1] as Begun | undefined, { timeout: 20_000, interval: 5 }) as Promise<Begun>;
  return { begun, seen, run, nth };
}

/** `create` gives an opened scheduler that shares its turns with no other test's. */
export function describeSchedulerContract(name: string, create: () => Promise<Scheduler>): void {
  const scene = async (test: (scheduler: Scheduler) => Promise<void>) => {
    const scheduler = await create();
    try {
      await test(scheduler);
    } finally {
      await scheduler.stop();
    }
  };

  /** Turns of another queue come and go: what could have happened meanwhile has happened. */
  async function otherTurns(scheduler: Scheduler, address = "other@contoso.com"): Promise<void> {
    const { run, nth } = createTurns();
    scheduler.add(address, run);
    for (let count = 1; count <= 5; count++) (await nth(count)).end(20);
    (await nth(6)).end(never);
    await scheduler.remove(address);
  }

  describe(`${name} as a scheduler`, () => {
    it("begins the first turn at once and the next after the time that it gave", () =>
      scene(async (scheduler) => {
        const { run, nth } = createTurns();
        scheduler.add("a@contoso.com", run);
        const first = await nth(1);
        const endedAt = performance.now();
        first.end(150);
        const second = await nth(2);
        expect(second.at - endedAt).toBeGreaterThanOrEqual(148);
        second.end(never);
      }));

    it("begins the first turn after the time that was asked for", () =>
      scene(async (scheduler) => {
        const { run, nth } = createTurns();
        const addedAt = performance.now();
        scheduler.add("a@contoso.com", run, 200);
        const first = await nth(1);
        expect(first.at - addedAt).toBeGreaterThanOrEqual(198);
        first.end(never);
      }));

    it("lets a queue that asked for no time wait until it is woken", () =>
      scene(async (scheduler) => {
        const { begun, run, nth } = createTurns();
        scheduler.add("a@contoso.com", run);
        (await nth(1)).end(never);
        await otherTurns(scheduler);
        expect(begun.length).toBe(1);
        scheduler.wake("a@contoso.com");
        (await nth(2)).end(never);
      }));

    it("brings the next turn forward by a wake-up", () =>
      scene(async (scheduler) => {
        const { run, nth } = createTurns();
        scheduler.add("a@contoso.com", run, 3_600_000);
        await otherTurns(scheduler);
        scheduler.wake("a@contoso.com");
        (await nth(1)).end(3_600_000);
        await otherTurns(scheduler);
        scheduler.wake("a@contoso.com");
        (await nth(2)).end(never);
      }));

    it("follows a turn by another one at once where a wake-up came during it, and by one only", () =>
      scene(async (scheduler) => {
        const { begun, seen, run, nth } = createTurns();
        scheduler.add("a@contoso.com", run);
        const first = await nth(1);
        for (let count = 0; count < 5; count++) scheduler.wake("a@contoso.com");
        first.end(never);
        (await nth(2)).end(never);
        await otherTurns(scheduler);
        expect(begun.length).toBe(2);
        expect(seen.most).toBe(1);
      }));

    it("runs one turn of a queue at a time, however it is woken", () =>
      scene(async (scheduler) => {
        const { seen, run, nth } = createTurns();
        scheduler.add("a@contoso.com", run);
        for (let count = 1; count <= 30; count++) {
          const turn = await nth(count);
          scheduler.wake("a@contoso.com");
          turn.end(count % 2 === 0 ? 0 : never);
          scheduler.wake("a@contoso.com");
        }
        (await nth(31)).end(never);
        expect(seen.most).toBe(1);
      }));

    it("runs the turns of several queues at once", () =>
      scene(async (scheduler) => {
        const queues = Array.from({ length: 5 }, createTurns);
        for (const [index, { run }] of queues.entries()) scheduler.add(`q${index}@contoso.com`, run);
        const turns = await Promise.all(queues.map(({ nth }) => nth(1)));
        expect(queues.map(({ seen }) => seen.under)).toEqual([1, 1, 1, 1, 1]);
        for (const turn of turns) turn.end(never);
      }));

    it("lets go of a queue after the turn under way, and runs none of it afterwards", () =>
      scene(async (scheduler) => {
        const { begun, seen, run, nth } = createTurns();
        scheduler.add("a@contoso.com", run);
        const first = await nth(1);
        const removed = scheduler.remove("a@contoso.com").then(() => expect(seen.ended).toBe(1));
        await otherTurns(scheduler);
        expect(first.turn.signal.aborted).toBe(false);
        scheduler.wake("a@contoso.com");
        first.end(0);
        await removed;
        scheduler.wake("a@contoso.com");
        await otherTurns(scheduler, "another@contoso.com");
        expect(begun.length).toBe(1);
      }));

    it("takes a queue in again that it let go of", () =>
      scene(async (scheduler) => {
        const before = createTurns();
        scheduler.add("a@contoso.com", before.run);
        (await before.nth(1)).end(0);
        const last = await before.nth(2);
        const removed = scheduler.remove("a@contoso.com");
        last.end(0);
        await removed;
        const after = createTurns();
        scheduler.add("a@contoso.com", after.run);
        (await after.nth(1)).end(never);
        expect(before.begun.length).toBe(2);
      }));

    it("lets go of all after the turns under way, and runs none afterwards", async () => {
      const scheduler = await create();
      const queues = Array.from({ length: 3 }, createTurns);
      for (const [index, { run }] of queues.entries()) scheduler.add(`q${index}@contoso.com`, run);
      const turns = await Promise.all(queues.map(({ nth }) => nth(1)));
      const stopped = scheduler.stop();
      for (const turn of turns) turn.end(0);
      await stopped;
      expect(queues.map(({ seen, begun }) => [seen.ended, begun.length])).toEqual([
        [1, 1],
        [1, 1],
        [1, 1],
      ]);
      expect(turns.some(({ turn }) => turn.signal.aborted)).toBe(false);
    });

    it("confirms a turn that is its own", () =>
      scene(async (scheduler) => {
        const { run, nth } = createTurns();
        scheduler.add("a@contoso.com", run);
        const { turn, end } = await nth(1);
        await turn.confirm();
        await otherTurns(scheduler);
        await turn.confirm();
        expect(turn.signal.aborted).toBe(false);
        end(never);
      }));

    it("leaves alone what it does not know, and tells no trouble while all is well", () =>
      scene(async (scheduler) => {
        scheduler.wake("unknown@contoso.com");
        await scheduler.remove("unknown@contoso.com");
        await otherTurns(scheduler);
        expect(scheduler.trouble).toBeUndefined();
      }));
  });
}
