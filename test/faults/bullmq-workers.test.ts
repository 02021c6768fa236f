/** Worker processes that are killed, frozen, that join and leave: whose turn it is, on a real Redis. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RedisServer, redisMissing, startRedis } from "../support/redis.js";
import { doubles, startWorker, ticks, type WorkerProcess } from "./fixtures/scheduler-process.js";

const lockMs = 1_500;
/** Nobody waits for such a lock where a turn is handed on, however busy the machine is. */
const longLockMs = 25_000;

describe.skipIf(redisMissing !== undefined)("workers on one Redis", () => {
  let redis: RedisServer;
  let count = 0;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(async () => await redis.stop());

  const scene = (addresses: readonly string[], turnMs: number, delayMs: number, lock = lockMs) => {
    const options = { url: redis.url, prefix: `workers-${++count}`, lockMs: lock, addresses, turnMs, delayMs };
    return () => startWorker(options);
  };

  const quiet = (workers: readonly WorkerProcess[]) =>
    expect(workers.flatMap(({ told }) => told.filter((one) => one.told === "unhandled"))).toEqual([]);

  it("the turn of a worker that is killed is taken over when its lock is over, and not before", async () => {
    const start = scene(["a@contoso.com"], 60_000, 0);
    const first = await start();
    await first.wait(({ told }) => told === "believed");
    const second = await start();
    const killedAt = ticks();
    await first.kill();
    const taken = await second.wait(({ told }) => told === "began");
    const lastBelief = first.told.findLast(({ told }) => told === "believed")?.at ?? 0;
    // Renewed up to a ninth of a lock before, at the earliest.
    expect(taken.at - lastBelief).toBeGreaterThan(lockMs * 0.8);
    expect(taken.at - killedAt).toBeLessThan(lockMs * 6);
    expect(doubles([first, second])).toEqual([]);
    await second.stop();
    quiet([second]);
  });

  it("a worker frozen for longer than its lock believes nothing when it wakes up: its turn's signal is aborted, and confirm refuses", async () => {
    const start = scene(["a@contoso.com"], 60_000, 0);
    const first = await start();
    await first.wait(({ told }) => told === "believed");
    const second = await start();
    first.child.kill("SIGSTOP");
    await second.wait(({ told }) => told === "began");
    await second.wait(({ told }) => told === "believed");
    const thawedAt = ticks();
    first.child.kill("SIGCONT");
    const lost = await first.wait(({ told }) => told === "lost");
    expect(lost.code).toBe("LIFECYCLE_LOST_QUEUE");
    expect(lost.at - thawedAt).toBeLessThan(5_000);
    expect((await first.wait(({ told }) => told === "refused")).code).toBe("LIFECYCLE_LOST_QUEUE");
    await first.wait(({ told }) => told === "ended");
    expect(first.told.filter(({ told, at }) => told === "believed" && at > thawedAt)).toEqual([]);
    expect(doubles([first, second])).toEqual([]);
    // Two that belong to one would be found.
    const planted = { ...first, told: [...first.told, { told: "believed" as const, address: "a@contoso.com", at: ticks() }] };
    expect(doubles([planted, second]).length).toBe(1);
    // The thawed one takes part again: it gets the queue when the other lets go of it.
    await second.stop();
    await first.wait(({ told, at }) => told === "began" && at > thawedAt);
    await first.stop();
    quiet([first, second]);
  });

  it("a worker frozen for less than its lock goes on with its turn", async () => {
    const start = scene(["a@contoso.com"], 60_000, 0);
    const workers = [await start(), await start()] as const;
    const begun = await Promise.any(workers.map(async (worker) => (await worker.wait(({ told }) => told === "believed")) && worker));
    begun.child.kill("SIGSTOP");
    const other = begun === workers[0] ? workers[1] : workers[0];
    const frozenAt = ticks();
    await expect.poll(() => ticks() - frozenAt).toBeGreaterThan(lockMs / 3);
    begun.child.kill("SIGCONT");
    const thawedAt = ticks();
    await begun.wait(({ told }) => told === "believed", thawedAt + lockMs);
    expect(other.told.filter(({ told }) => told === "began")).toEqual([]);
    expect(doubles(workers)).toEqual([]);
    for (const worker of workers) await worker.stop();
  });

  it("a worker that joins gets its share, and one that leaves hands its turns on at once", async () => {
    const addresses = Array.from({ length: 40 }, (_, index) => `q${index}@contoso.com`);
    const start = scene(addresses, 30, 100, longLockMs);
    const first = await start();
    await first.wait(({ told }) => told === "ended");
    const second = await start();
    const begins = (worker: WorkerProcess, after = 0) => worker.told.filter(({ told, at }) => told === "began" && at > after);
    await expect.poll(() => begins(second).length, { timeout: 60_000 }).toBeGreaterThan(200);
    // Neither waits for the other: both get some of everything.
    const since = begins(second)[0]?.at ?? 0;
    expect(begins(first, since).length).toBeGreaterThan(20);
    await first.stop();
    const stopped = first.told.find(({ told }) => told === "stopped")?.at ?? 0;
    await expect
      .poll(() => new Set(begins(second, stopped).map(({ address }) => address)).size, { interval: 20, timeout: 60_000 })
      .toBe(addresses.length);
    // Without a wait for a lock.
    const firsts = addresses.map((address) => begins(second, stopped).find((one) => one.address === address)?.at ?? 0);
    expect(Math.max(...firsts) - stopped).toBeLessThan(longLockMs);
    expect(doubles([first, second])).toEqual([]);
    await second.stop();
    quiet([first, second]);
  });

  it("a stop hands on the turn that was under way", async () => {
    const start = scene(["a@contoso.com"], 60_000, -1, longLockMs);
    const first = await start();
    await first.wait(({ told }) => told === "believed");
    const second = await start();
    await first.stop();
    const stopped = first.told.find(({ told }) => told === "stopped")?.at ?? 0;
    const taken = await second.wait(({ told }) => told === "began");
    expect(taken.at - stopped).toBeLessThan(longLockMs);
    expect(doubles([first, second])).toEqual([]);
    await second.stop();
    quiet([first, second]);
  });
});
