/** A drain while Graph asks for pauses now and then, so that the first of the two zeros is none of an empty set. */
import type { Row } from "../row.js";
import { drainOnce } from "./one-drain.js";

export const pausesRow: Row = {
  name: "pauses",
  hasDoor: true,
  async run(context) {
    const plan = context.quick
      ? { queues: 5, messagesEach: 60, warmUp: 0, pauses: { probability: 0.5, count: 3 } }
      : { queues: 50, messagesEach: 1_000, warmUp: 0, pauses: { probability: 0.02, count: Number.POSITIVE_INFINITY } };
    const run = await context.processes.withSimulator((simulator) => drainOnce(context, simulator, "daemon", plan));
    const { pauses } = run.report;
    if (pauses === 0) context.fault("no pause was asked for, so nothing was proven");
    const seconds = { what: `${plan.queues} queues of ${plan.messagesEach}: all drained after`, value: run.ms / 1000, unit: "s" };
    return {
      row: "pauses",
      door: context.door,
      figures: [{ ...seconds, note: `${pauses} pauses of a second` }],
      details: { run },
    };
  },
};
