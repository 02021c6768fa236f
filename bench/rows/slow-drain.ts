/**
 * How fast full mailboxes drain when each HTTP request takes 60 ms, a batch once: against the shortest schedule, in which
 * pages and batches of one mailbox follow each other without a gap, as a batch takes the whole gate.
 */
import { maxInFlight, type Side } from "../jobs/drain.js";
import type { Figure, Row, RowContext } from "../row.js";
import { median } from "../statistics.js";
import { boundOf, type DrainPlan, type DrainRun, drainOnce } from "./one-drain.js";

const delayMs = 60;
const target = { most: 1.15 };

/** Milliseconds of the shortest schedule for one queue of so many messages. */
const shortestMs = (messages: number) => (Math.ceil(messages / 100) + Math.ceil(messages / 20)) * delayMs;

export const slowDrainRow: Row = {
  name: "drain-60ms",
  hasDoor: true,
  async run(context) {
    const { quick, pairs, door, tell } = context;
    const warmUp = quick ? 0 : 3_000;
    const [large, small, many, few] = quick ? ([200, 100, 10, 40] as const) : ([20_000, 2_000, 200, 400] as const);
    const run = (side: Side, queues: number, messagesEach: number) => slowly(context, side, { queues, messagesEach, warmUp, delayMs });
    tell(`1 queue of ${large}, once`);
    const full = await run("daemon", 1, large);
    const short: DrainRun[] = [];
    const spread: { ours: DrainRun; bare: DrainRun }[] = [];
    for (let pair = 0; pair < pairs; pair += 1) {
      tell(`1 queue of ${small}, and ${many} of 100 with the bare loop, ${pair + 1} of ${pairs}`);
      short.push(await run("daemon", 1, small));
      const first = pair % 2 === 0 ? await run("bare", many, 100) : undefined;
      const ours = await run("daemon", many, 100);
      spread.push({ ours, bare: first ?? (await run("bare", many, 100)) });
    }
    const bare = await run("bare", 1, small);
    const sdk = await run("sdk", 1, few);
    const ratio = median(spread.map((pair) => pair.bare.ms / pair.ours.ms));
    const bound = boundOf(spread.flatMap((pair) => [pair.ours, pair.bare]));
    const figures: Figure[] = [
      { what: `1 queue of ${large}: time over the shortest schedule`, value: full.ms / shortestMs(large), unit: "×", target, note: "once" },
      {
        what: `1 queue of ${small}: time over the shortest schedule`,
        value: median(short.map(({ ms }) => ms)) / shortestMs(small),
        unit: "×",
        target,
        note: `median of ${short.length}`,
      },
      {
        what: `${many} queues of 100: against the bare loop`,
        value: ratio,
        unit: "×",
        note: `the bare loop 64 mailboxes at once, the daemon as many as there are${bound && `, ${bound}`}`,
      },
      { what: `${many} queues of 100: daemon`, value: median(spread.map(({ ours }) => ours.messagesPerSecond)), unit: "messages/s" },
      { what: `1 queue of ${large}: daemon`, value: full.messagesPerSecond, unit: "messages/s" },
      { what: `1 queue of ${large}: CPU, daemon`, value: full.cpuPerMessageUs, unit: "µs/message" },
      { what: `1 queue of ${small}: bare`, value: bare.messagesPerSecond, unit: "messages/s" },
      { what: `1 queue of ${small}: CPU, bare`, value: bare.cpuPerMessageUs, unit: "µs/message" },
      { what: `1 queue of ${few}: sdk`, value: sdk.messagesPerSecond, unit: "messages/s" },
      { what: `1 queue of ${few}: CPU, sdk`, value: sdk.cpuPerMessageUs, unit: "µs/message" },
      { what: `1 queue of ${large}: simulator busy, daemon`, value: 100 * full.simulatorLoad, unit: "% of a core" },
    ];
    return { row: "drain-60ms", door, figures, details: { maxInFlight, full, short, spread, bare, sdk } };
  },
};

/** A fresh simulator for each. */
function slowly(context: RowContext, side: Side, plan: DrainPlan): Promise<DrainRun> {
  return context.processes.withSimulator((simulator) => drainOnce(context, simulator, side, plan));
}
