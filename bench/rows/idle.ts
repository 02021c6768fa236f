/** What signed-in queues without mail cost, few and many, with the same polls a second for all numbers of queues. */
import type { Idle } from "../jobs/idle.js";
import type { Figure, Row, RowContext } from "../row.js";
import { withFullStore } from "./store.js";

interface Sizes {
  readonly queues: readonly number[];
  readonly pollsPerSecond: number;
  readonly windowMs: number;
  readonly pausedMs: number;
}

const full: Sizes = { queues: [100, 1_000, 10_000], pollsPerSecond: 10_000 / 60, windowMs: 60_000, pausedMs: 10_000 };
const quickly: Sizes = { queues: [5, 20], pollsPerSecond: 20, windowMs: 2_000, pausedMs: 500 };

export const idleRow: Row = {
  name: "idle",
  hasDoor: true,
  async run(context) {
    const sizes = context.quick ? quickly : full;
    const runs = context.quick ? await oneByOne(context, sizes) : await sideBySide(context, sizes);
    for (const [count, run] of runs) {
      if (run.polls === 0) context.fault(`${count} queues: no poll in ${sizes.windowMs} ms`);
      context.tell(`${count} queues: ${run.cpuPerPollUs.toFixed(0)} µs CPU a poll, ${run.polls} polls`);
    }
    return { row: "idle", door: context.door, figures: figuresOf(runs), details: Object.fromEntries(runs) };
  },
};

/** Measured in the same minute, as a machine's speed changes between two. */
async function sideBySide(context: RowContext, sizes: Sizes): Promise<Map<number, Idle>> {
  const meeting = createMeeting(sizes.queues.length);
  const runs = sizes.queues.map((count) => idleRun(context, count, sizes, meeting.come).catch(meeting.cancel));
  const measured = await Promise.all(runs);
  return new Map(sizes.queues.map((count, index) => [count, measured[index] as Idle]));
}

/** The quick form has one process of each kind, which cannot be measured for two at once. */
async function oneByOne(context: RowContext, sizes: Sizes): Promise<Map<number, Idle>> {
  const runs = new Map<number, Idle>();
  for (const count of sizes.queues) runs.set(count, await idleRun(context, count, sizes, async () => undefined));
  return runs;
}

/** @param ready - Called when all queues poll; measured from when it resolves. */
function idleRun(
  context: RowContext,
  count: number,
  { pollsPerSecond, windowMs, pausedMs }: Sizes,
  ready: () => Promise<void>,
): Promise<Idle> {
  const times = { intervalMs: Math.round((count * 1000) / pollsPerSecond), windowMs, pausedMs };
  return context.processes.withSimulator((simulator) =>
    withFullStore(context, simulator, count, async ({ place, addresses }) => {
      const measured = await context.processes.withWorker(simulator, async (worker) => {
        await worker.ask("poll", context.door, place, addresses, times);
        await ready();
        return worker.ask("idle");
      });
      context.noteRequests(await simulator.ask("report"));
      return measured;
    }),
  );
}

/** Whoever comes waits for all others; when one cancels, all that wait fail with its error. */
function createMeeting(size: number): { come(): Promise<void>; cancel(error: unknown): never } {
  let missing = size;
  let open: () => void;
  let fail: (error: unknown) => void;
  const all = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  // Each run fails by itself; that nobody waits here any more is no second error.
  all.catch(() => undefined);
  return {
    come() {
      missing -= 1;
      if (missing === 0) open();
      return all;
    },
    cancel(error) {
      fail(error);
      throw error;
    },
  };
}

function figuresOf(runs: ReadonlyMap<number, Idle>): Figure[] {
  const all = [...runs];
  const [few, small] = all[0] as [number, Idle];
  const [many, large] = all.at(-1) as [number, Idle];
  const kB = (large.bytes - small.bytes) / (many - few) / 1000;
  const cpu = `${large.cpuPerPollUs.toFixed(0)} over ${small.cpuPerPollUs.toFixed(0)} µs, the paused process taken off`;
  return [
    {
      what: `CPU per poll, ${many} over ${few} queues`,
      value: large.cpuPerPollUs / small.cpuPerPollUs,
      unit: "×",
      target: { most: 1.2 },
      note: cpu,
    },
    {
      what: "memory of a signed-in queue",
      value: kB,
      unit: "kB",
      target: { most: 15 },
      note: `heap and external, ${few} to ${many} queues`,
    },
    {
      what: `event-loop delay p99, ${many} queues`,
      value: large.delayP99Ms,
      unit: "ms",
      target: { most: 25 },
      note: "10 of it the sampling",
    },
    ...all.flatMap(([count, run]) => [
      { what: `CPU per poll, ${count} queues`, value: run.cpuPerPollUs, unit: "µs" },
      { what: `polls, ${count} queues`, value: (run.polls * 1000) / run.windowMs, unit: "/s" },
      { what: `request line, ${count} queues: most in a second over mean`, value: peak(run.requestsPerSecond), unit: "×" },
      { what: `event-loop delay, ${count} queues: most`, value: run.delayMaxMs, unit: "ms" },
      { what: `CPU with all paused, ${count} queues`, value: run.pausedCpuShare * 100, unit: "% of a core" },
    ]),
  ];
}

function peak(perSecond: readonly number[]): number {
  const mean = perSecond.reduce((sum, one) => sum + one, 0) / perSecond.length;
  return Math.max(...perSecond) / mean;
}
