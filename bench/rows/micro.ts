/** The pieces that every message passes, each by itself. */
import type { Row } from "../row.js";

export const microRow: Row = {
  name: "micro",
  hasDoor: false,
  async run(context) {
    // A worker always has a simulator; this row does not ask it.
    const pieces = await context.processes.withSimulator((simulator) =>
      context.processes.withWorker(simulator, (worker) => worker.ask("micro", context.quick ? 50 : 2_000)),
    );
    return {
      row: "micro",
      figures: pieces.map(({ what, us, cpuUs }) => ({ what, value: us, unit: "µs", note: `${cpuUs.toFixed(0)} µs CPU, all threads` })),
      details: pieces,
    };
  },
};
