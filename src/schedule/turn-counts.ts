/** What of all processes that share turns can be seen from one. */
import type { Clock } from "../base/clock.js";
import type { RedisClient, TurnQueue } from "./bullmq-library.js";

export interface SchedulerCounts {
  /** Processes that take turns. */
  readonly workers: number;
  /** Turns that are due and wait for a worker. */
  readonly due: number;
  /** Queues whose time is still to come. */
  readonly waiting: number;
  /** Turns under way. */
  readonly active: number;
}

/** @throws what Redis says, or that it cannot be reached */
export async function countTurns(queue: TurnQueue, client: RedisClient, clock: Clock): Promise<SchedulerCounts> {
  const [workers, { wait = 0, delayed = 0, active = 0 }, overdue] = await Promise.all([
    queue.getWorkersCount(),
    queue.getJobCounts("wait", "delayed", "active"),
    // BullMQ's scores are milliseconds, shifted by twelve bits for an order within each.
    client.zcount(queue.toKey("delayed"), 0, (clock.now() + 1) * 0x1000 - 1),
  ]);
  return { workers, due: wait + overdue, waiting: delayed - overdue, active };
}
