/** How soon a mail reaches the handler after it has reached the mailbox: busy, middling and quiet queues side by side. */
import type { Figure, Row } from "../row.js";
import { percentile } from "../statistics.js";

interface Kind {
  readonly name: string;
  readonly queues: number;
  readonly everyMs: number;
}

const full = {
  kinds: [
    { name: "busy (a mail each 2 s)", queues: 10, everyMs: 2_000 },
    { name: "middling (each 20 s)", queues: 30, everyMs: 20_000 },
    { name: "quiet (each 2 min)", queues: 60, everyMs: 120_000 },
  ],
  intervals: {},
  asked: 10,
  times: 20,
  warmUpMs: 60_000,
  windowMs: 300_000,
};
const quickly: typeof full = {
  kinds: [
    { name: "busy (a mail each 0.5 s)", queues: 2, everyMs: 500 },
    { name: "quiet (each 5 s)", queues: 2, everyMs: 5_000 },
  ],
  intervals: { pollIntervalMs: 1_000, minPollIntervalMs: 200 },
  asked: 1,
  times: 3,
  warmUpMs: 500,
  windowMs: 2_000,
};

export const arrivalRow: Row = {
  name: "arrival",
  hasDoor: true,
  async run(context) {
    const { kinds, intervals, asked, times, warmUpMs, windowMs } = context.quick ? quickly : full;
    return context.processes.withSimulator(async (simulator) => {
      const groups: { kind: Kind; addresses: readonly string[] }[] = [];
      const all = await simulator.ask(
        "mailboxes",
        kinds.reduce((sum, { queues }) => sum + queues, asked),
        0,
      );
      const left = all.map(({ address }) => address);
      for (const kind of kinds) groups.push({ kind, addresses: left.splice(0, kind.queues) });
      const arrivals = groups.flatMap(({ kind, addresses }) => addresses.map((address) => ({ address, everyMs: kind.everyMs })));
      const plan = { arrivals, intervals, asked: left, warmUpMs, windowMs, times };
      const run = await context.processes.withWorker(simulator, (worker) => worker.ask("arrival", context.door, all, plan));
      context.noteRequests(await simulator.ask("report"));
      if (run.handed !== run.sent) context.fault(`${run.handed} of ${run.sent} mails reached the handler`);
      if (run.doubled > 0) context.fault(`${run.doubled} mails reached the handler twice`);
      const figures = groups.flatMap(({ kind, addresses }) =>
        percentiles(
          kind.name,
          addresses.flatMap((address) => run.lags.get(address) ?? []),
        ),
      );
      figures.push(...percentiles("all kinds", [...run.lags.values()].flat()), ...percentiles("pollNow", run.askedMs));
      return { row: "arrival", door: context.door, figures, details: { sent: run.sent, asked: run.askedMs.length } };
    });
  },
};

function percentiles(name: string, values: readonly number[]): Figure[] {
  return [0.5, 0.95, 0.99].map((share) => ({
    what: `${name}: p${share * 100}`,
    value: percentile(values, share),
    unit: "ms",
    note: `${values.length} mails`,
  }));
}
