/** Daemons that share their queues over a real Redis: what becomes of mail when it is away, and of refreshes at the same time. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { systemClock } from "../../src/base/clock.js";
import { createDaemon } from "../../src/daemon/daemon.js";
import { bullmqScheduler, type MailDaemonOptions, redisStore } from "../../src/index.js";
import { deferred } from "../support/deferred.js";
import { hostOptions, next, simulatorWith } from "../support/host.js";
import { type RedisServer, redisMissing, startRedis } from "../support/redis.js";

const wait = { timeout: 30_000, interval: 50 };
const addresses = ["support@contoso.com", "sales@contoso.com", "billing@contoso.com"];

describe.skipIf(redisMissing !== undefined)("over a real Redis", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());

  async function daemons(count: number, prefix: string, options: Partial<MailDaemonOptions> = {}) {
    const sim = simulatorWith(addresses);
    const handed: string[] = [];
    const common = hostOptions(sim, {
      queues: addresses.map((address) => ({ address })),
      defaults: { pollIntervalMs: 1_000, minPollIntervalMs: 600, startFrom: "everything" },
      handler: ({ message }) => void handed.push(message.id),
      ...options,
    });
    const all = Array.from({ length: count }, () =>
      createDaemon(
        {
          ...common,
          store: redisStore({ url: redis.url, prefix }),
          scheduler: bullmqScheduler({ connection: redis.url, prefix, lockMs: 2_000 }),
        },
        systemClock,
      ),
    );
    onTestFinished(async () => {
      await Promise.allSettled(all.map((daemon) => daemon.stop({ deadlineMs: 1_000 })));
    });
    const [first] = all as [(typeof all)[number]];
    for (const queue of addresses) {
      await first.signIn(queue, { method: "refreshToken", refreshToken: sim.user(queue).issueRefreshToken() });
    }
    await Promise.all(all.map((daemon) => daemon.start()));
    return { sim, handed, all, first };
  }

  test("three share three queues: each message once, marked, and one refresh at a time", async () => {
    const { sim, handed, all } = await daemons(3, "spread");
    const ends: string[] = [];
    const done = new Promise<void>((resolve) => {
      for (const daemon of all) {
        daemon.on("message:marked", ({ id }) => {
          ends.push(id);
          if (ends.length === 90) resolve();
        });
      }
    });
    for (let round = 0; round < 10; round += 1) for (const address of addresses) sim.mailbox(address).deliverMany([{}, {}, {}]);
    await done;
    expect(new Set(handed).size).toBe(90);
    expect(handed).toHaveLength(90);
    expect(sim.log.mostAtOnce()).toBeLessThanOrEqual(4);
  });

  test("Redis that is away for longer than the locks loses nothing and doubles nothing, is told, and all comes back by itself", async () => {
    const works = [deferred(), deferred(), deferred()];
    const handed: string[] = [];
    const ends: unknown[] = [];
    const lost: string[] = [];
    const { sim, all, first } = await daemons(2, "away", {
      handler: async (delivery) => {
        handed.push(delivery.message.id);
        const work = works[addresses.indexOf(delivery.queue)];
        if (handed.length > works.length || !work) return;
        await work.promise;
        await delivery.ack().then(
          (end) => ends.push(end),
          (error) => ends.push(error.code),
        );
      },
    });
    for (const daemon of all) daemon.on("queue:turn-lost", ({ queue }) => void lost.push(queue));
    const settled = (count: number) =>
      new Promise<void>((resolve) => {
        const seen = new Set<string>();
        for (const daemon of all) {
          daemon.on("message:settled", ({ id }) => {
            seen.add(id);
            if (seen.size === count) resolve();
          });
        }
      });
    for (const address of addresses) sim.mailbox(address).deliver();
    await vi.waitUntil(() => handed.length === 3, wait);
    const gone = Promise.all(all.map((daemon) => next(daemon, "store:unavailable")));
    await redis.kill();
    works[0]?.resolve();
    for (const address of addresses) sim.mailbox(address).deliverMany([{}, {}]);
    await vi.waitUntil(() => new Set(lost).size === 3, wait);
    works[1]?.resolve();
    await gone;
    await vi.waitUntil(() => all.every((daemon) => daemon.status().turnTrouble !== undefined), wait);
    expect(first.status()).toMatchObject({ state: "running", storeTrouble: { why: expect.stringContaining("STORE_UNAVAILABLE") } });
    expect(ends).toEqual([]);
    const after = settled(9);
    await redis.start();
    works[2]?.resolve();
    await after;
    expect(ends).toEqual(["settled", "settled", "settled"]);
    await vi.waitUntil(() => all.every((daemon) => daemon.status().turnTrouble === undefined), wait);
    expect(new Set(handed).size).toBe(9);
    expect(handed).toHaveLength(9);
    expect(all.map((daemon) => daemon.status().state)).toEqual(["running", "running"]);
  });

  test("a stop while Redis is away ends, and another goes on with the queues", async () => {
    const { sim, handed, all, first } = await daemons(2, "stop");
    await redis.kill();
    await first.stop({ deadlineMs: 2_000 }).catch(() => undefined); // What could not be let go of is told.
    expect(first.status().state).toBe("stopped");
    await redis.start();
    for (const address of addresses) sim.mailbox(address).deliver();
    await vi.waitUntil(() => handed.length === 3, wait);
    expect(all[1]?.status().state).toBe("running");
  });
});
