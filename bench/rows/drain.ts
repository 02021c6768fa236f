/** How fast full mailboxes drain without latency, against both baselines: pairs in turn, each side in a fresh process. */
import { maxInFlight, type Side, sides } from "../jobs/drain.js";
import type { Figure, Row, RowContext } from "../row.js";
import { median } from "../statistics.js";
import { boundOf, type DrainPlan, type DrainRun, drainOnce } from "./one-drain.js";

interface Shape extends DrainPlan {
  readonly name: string;
}

function shapes(quick: boolean): readonly Shape[] {
  if (quick) {
    return [
      { name: "1 queue", queues: 1, messagesEach: 400, warmUp: 0 },
      { name: "10 queues", queues: 10, messagesEach: 40, warmUp: 0 },
    ];
  }
  return [
    { name: "1 queue of 20,000", queues: 1, messagesEach: 20_000, warmUp: 3_000 },
    { name: "200 queues of 100", queues: 200, messagesEach: 100, warmUp: 3_000 },
  ];
}

export const drainRow: Row = {
  name: "drain",
  hasDoor: true,
  async run(context) {
    const figures: Figure[] = [];
    const details: Record<string, readonly DrainRun[]> = {};
    for (const shape of shapes(context.quick)) {
      const runs = await pairs(context, shape);
      details[shape.name] = runs;
      figures.push(...figuresOf(shape, runs));
    }
    return { row: "drain", door: context.door, figures, details: { maxInFlight, runs: details } };
  },
};

async function pairs(context: RowContext, shape: Shape): Promise<DrainRun[]> {
  const runs: DrainRun[] = [];
  for (let pair = 0; pair < context.pairs; pair += 1) {
    context.tell(`${shape.name}, pair ${pair + 1} of ${context.pairs}`);
    // A fresh simulator for each, and every side comes first, second and last as often.
    const order = [...sides.slice(pair % 3), ...sides.slice(0, pair % 3)];
    await context.processes.withSimulator(async (simulator) => {
      for (const side of order) runs.push(await drainOnce(context, simulator, side, shape));
    });
  }
  return runs;
}

function figuresOf({ name }: Shape, runs: readonly DrainRun[]): Figure[] {
  const of = (side: Side) => runs.filter((run) => run.side === side);
  const ours = of("daemon");
  const ratio = (side: Side) => median(of(side).map(({ ms }, pair) => ms / (ours[pair]?.ms ?? Number.NaN)));
  const middle = (side: Side, what: (run: DrainRun) => number) => median(of(side).map(what));
  const load = (side: Side) => middle(side, ({ simulatorLoad }) => simulatorLoad);
  const cpu = (side: Side) => Math.round(middle(side, ({ cpuPerMessageUs }) => cpuPerMessageUs));
  const note = (side: Side) => {
    const bound = boundOf([...ours, ...of(side)]);
    return { note: `client CPU ${cpu("daemon")} against ${cpu(side)} µs/message${bound && `, ${bound}`}` };
  };
  return [
    { what: `${name}: against the bare loop`, value: ratio("bare"), unit: "×", target: { least: 0.7 }, ...note("bare") },
    { what: `${name}: against the SDK loop`, value: ratio("sdk"), unit: "×", target: { least: 4 }, ...note("sdk") },
    ...sides.flatMap((side) => [
      { what: `${name}: ${side}`, value: middle(side, ({ messagesPerSecond }) => messagesPerSecond), unit: "messages/s" },
      { what: `${name}: CPU, ${side}`, value: cpu(side), unit: "µs/message" },
      { what: `${name}: simulator busy, ${side}`, value: 100 * load(side), unit: "% of a core" },
    ]),
  ];
}
