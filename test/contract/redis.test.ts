/** The Redis store keeps the contract, on a server of the tests' own and on the one of `REDIS_URL`. */
import { randomUUID } from "node:crypto";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, onTestFinished } from "vitest";
import { redisStore } from "../../src/state/redis.js";
import { type RedisServer, redisMissing, startRedis } from "../support/redis.js";
import { describeStoreContract } from "./store-contract.js";

describe.skipIf(redisMissing !== undefined)("on a server of its own", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  describeStoreContract("redisStore", () => redisStore({ url: server.url, prefix: randomUUID() }));
});

const { REDIS_URL } = process.env;

describe.skipIf(REDIS_URL === undefined)("on the server of REDIS_URL", () => {
  describeStoreContract("redisStore", () => {
    const url = String(REDIS_URL);
    const prefix = `test-${randomUUID()}`;
    onTestFinished(() => removeAll(url, prefix));
    return redisStore({ url, prefix, durability: "unchecked" });
  });
});

/** All keys of a prefix. */
async function removeAll(url: string, prefix: string): Promise<void> {
  const client = new Redis(url);
  for await (const keys of client.scanStream({ match: `{${prefix}*`, count: 1_000 })) {
    if ((keys as string[]).length > 0) await client.unlink(keys as string[]);
  }
  await client.quit();
}
