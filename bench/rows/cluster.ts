/** Several processes that share their queues over Redis: how fast they drain full mailboxes, and what turns without mail cost. */
import { redisMissing } from "../redis.js";
import type { Row } from "../row.js";
import { type DrainSizes, drainFigures, drains } from "./cluster-drain.js";
import { type IdleSizes, idleFigures, idles } from "./cluster-idle.js";

const full: { readonly drain: DrainSizes; readonly idle: IdleSizes } = {
  drain: { queues: 200, messagesEach: 100, warmUpQueues: 30, workers: [1, 2, 3] },
  idle: { queues: 2_000, easyMs: 20_000, hardMs: 2_500, windowMs: 30_000, workers: [1, 2, 3] },
};
const quickly: typeof full = {
  drain: { queues: 6, messagesEach: 20, warmUpQueues: 0, workers: [2] },
  idle: { queues: 10, easyMs: 1_500, hardMs: 1_000, windowMs: 2_000, workers: [2] },
};

export const clusterRow: Row = {
  name: "cluster",
  hasDoor: true,
  async run(context) {
    const missing = redisMissing();
    if (missing !== undefined) {
      if (process.env.CI === "true") context.fault(`CI needs a Redis: ${missing}`);
      context.tell(`skipped: ${missing}`);
      return { row: "cluster", door: context.door, figures: [], details: { skipped: missing } };
    }
    const sizes = context.quick ? quickly : full;
    const drained = await drains(context, sizes.drain);
    const idle = await idles(context, sizes.idle);
    const { queues, messagesEach } = sizes.drain;
    const grown = drained.find(({ redisBytesPerMessage }) => redisBytesPerMessage > 0)?.redisBytesPerMessage ?? 0;
    // What the queues themselves take is known from those without mail.
    const known = { what: "Redis memory of a known message", value: grown - idle.redisBytesPerQueue / messagesEach, unit: "B" };
    return {
      row: "cluster",
      door: context.door,
      figures: [
        ...drainFigures(sizes.drain, drained),
        ...idleFigures(sizes.idle, idle),
        { ...known, note: `${queues} queues of ${messagesEach}` },
      ],
      details: { sizes, drained, idle },
    };
  },
};
