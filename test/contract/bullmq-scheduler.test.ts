/** The scheduler of many processes keeps the contract, on a real Redis. */
import { afterAll, beforeAll, describe } from "vitest";
import { bullmqScheduler } from "../../src/schedule/bullmq.js";
import { type RedisServer, redisMissing, startRedis } from "../support/redis.js";
import { describeSchedulerContract } from "./scheduler-contract.js";

describe.skipIf(redisMissing !== undefined)("on a real Redis", () => {
  let redis: RedisServer;
  let count = 0;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(async () => await redis.stop());

  describeSchedulerContract("bullmqScheduler", async () => {
    const scheduler = bullmqScheduler({ connection: redis.url, prefix: `contract-${++count}`, lockMs: 2_000 });
    await scheduler.open();
    return scheduler;
  });
});
