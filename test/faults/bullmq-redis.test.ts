/** A Redis that goes away, comes back and forgets, and wake-ups from everywhere, for schedulers of this process. */
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { type BullmqScheduler, bullmqScheduler } from "../../src/schedule/bullmq.js";
import type { RunTurn, Turn } from "../../src/schedule/scheduler.js";
import { patienceMs } from "../../src/schedule/stalled-turns.js";
import { jobIdOf } from "../../src/schedule/turn-jobs.js";
import { type RedisServer, redisMissing, startRedis } from "../support/redis.js";

const address = "a@contoso.com";
const never = Number.POSITIVE_INFINITY;
const wait = { timeout: 60_000, interval: 10 };

describe.skipIf(redisMissing !== undefined)("a Redis", () => {
  let redis: RedisServer;
  beforeEach(async ({ onTestFinished }) => {
    redis = await startRedis();
    // The last of what is done after the test: the schedulers are stopped before.
    onTestFinished(() => redis.stop());
  });

  async function open(lockMs: number): Promise<BullmqScheduler> {
    const scheduler = bullmqScheduler({ connection: redis.url, lockMs });
    await scheduler.open();
    onTestFinished(() => scheduler.stop());
    return scheduler;
  }

  /** Turns that the test ends. */
  function createTurns() {
    const begun: { readonly turn: Turn; end(delayMs: number): void }[] = [];
    const run: RunTurn = (turn) => new Promise((end) => begun.push({ turn, end }));
    const nth = async (count: number) => {
      await expect.poll(() => begun.length, wait).toBeGreaterThanOrEqual(count);
      return begun[count - 1] as (typeof begun)[number];
    };
    return { begun, run, nth };
  }

  const jobKey = (queue: string) => `{m365-mail-daemon}:turns:${jobIdOf(queue)}`;

  it("that takes one connection and no second one fails the start with what to look at", async () => {
    const client = redis.client();
    await client.config("SET", "maxclients", "2");
    const scheduler = bullmqScheduler({ connection: redis.url });
    await expect(scheduler.open()).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      message: expect.stringContaining("not a second one"),
      remedy: expect.stringContaining("maxclients"),
    });
    await client.config("SET", "maxclients", "100");
    await scheduler.open();
    await scheduler.stop();
  });

  it("that is away for a moment is told, takes no turn that is under way, and everything goes on by itself", async () => {
    const scheduler = await open(60_000);
    const { run, nth } = createTurns();
    const other = createTurns();
    scheduler.add(address, run);
    scheduler.add("b@contoso.com", other.run);
    const { turn, end } = await nth(1);
    (await other.nth(1)).end(50);
    await redis.kill();
    await expect
      .poll(() => scheduler.trouble, wait)
      .toMatchObject({ code: "STORE_UNAVAILABLE", remedy: expect.any(String), who: "administrator" });
    // Ended while nobody could be told.
    end(0);
    scheduler.wake("b@contoso.com");
    await redis.start();
    await expect.poll(() => scheduler.trouble, wait).toBeUndefined();
    expect(turn.signal.aborted).toBe(false);
    (await nth(2)).end(never);
    (await other.nth(2)).end(never);
  });

  it("that is away for longer than a lock takes the turns under way, which come again when it is back", async () => {
    const scheduler = await open(1_000);
    const { run, nth } = createTurns();
    scheduler.add(address, run);
    const { turn, end } = await nth(1);
    await redis.kill();
    await expect.poll(() => turn.signal.aborted, wait).toBe(true);
    expect(turn.signal.reason).toMatchObject({ code: "LIFECYCLE_LOST_QUEUE", queue: address });
    await expect(turn.confirm()).rejects.toMatchObject({ code: "LIFECYCLE_LOST_QUEUE" });
    await redis.start();
    end(never);
    const again = await nth(2);
    await again.turn.confirm();
    again.end(never);
    await expect.poll(() => scheduler.trouble, wait).toBeUndefined();
  });

  it("that does not answer confirms nothing, and is told", async () => {
    const scheduler = await open(3_000);
    const { run, nth } = createTurns();
    scheduler.add(address, run);
    const { turn, end } = await nth(1);
    redis.freeze();
    onTestFinished(() => redis.thaw());
    // At once while the last renewal is young, then not any more.
    const refusal = await vi.waitUntil(
      () =>
        turn.confirm().then(
          () => undefined,
          (error: unknown) => error,
        ),
      wait,
    );
    expect(["STORE_UNAVAILABLE", "LIFECYCLE_LOST_QUEUE"]).toContain(Object(refusal).code);
    await expect.poll(() => scheduler.trouble, wait).toMatchObject({ code: "STORE_UNAVAILABLE" });
    redis.thaw();
    end(0);
    (await nth(2)).end(never);
  });

  it("that is back gives those that lost their turns time to write, before another takes them", async () => {
    const { run, nth } = createTurns();
    for (const scheduler of [await open(1_000), await open(1_000)]) scheduler.add(address, run);
    const { turn, end } = await nth(1);
    // As if it had been found without its lock once already: the next look gives it to another.
    await redis.client().sadd("{m365-mail-daemon}:turns:stalled", jobIdOf(address));
    await redis.kill();
    await expect.poll(() => turn.signal.aborted, wait).toBe(true);
    end(0);
    const startedAt = Date.now();
    await redis.start();
    (await nth(2)).end(never);
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(patienceMs);
  });

  it("that forgot everything gets the jobs again", async () => {
    const scheduler = await open(1_000);
    const { run, nth } = createTurns();
    scheduler.add(address, run);
    (await nth(1)).end(never);
    const look = redis.client();
    await expect.poll(() => look.zcard("{m365-mail-daemon}:turns:delayed"), wait).toBe(1);
    await look.flushall();
    look.disconnect();
    await redis.kill();
    await redis.start();
    (await nth(2)).end(never);
  });

  it("whose job is gone gets it again by a wake-up", async () => {
    const scheduler = await open(1_000);
    const { run, nth } = createTurns();
    scheduler.add(address, run);
    (await nth(1)).end(never);
    const look = redis.client();
    await expect.poll(() => look.zcard("{m365-mail-daemon}:turns:delayed"), wait).toBe(1);
    await look.flushall();
    scheduler.wake(address);
    (await nth(2)).end(never);
  });

  it("that is away when the scheduler stops holds it up for a moment only, and nothing is left", async () => {
    const scheduler = await open(1_000);
    const { run, nth } = createTurns();
    scheduler.add(address, run);
    const { end } = await nth(1);
    await redis.kill();
    end(0);
    await scheduler.stop();
    expect(scheduler.trouble).toBeUndefined();
  });

  it("forgets a queue that nobody has known for long, and keeps one that somebody may know", async () => {
    const scheduler = await open(1_000);
    const { run, nth } = createTurns();
    scheduler.add("known@contoso.com", run);
    for (const name of ["old@contoso.com", "new@contoso.com"]) scheduler.add(name, run);
    await nth(3);
    const look = redis.client();
    for (const name of ["old@contoso.com", "new@contoso.com"]) void scheduler.remove(name);
    for (let count = 1; count <= 3; count += 1) (await nth(count)).end(never);
    await expect.poll(() => look.hget(jobKey("old@contoso.com"), "progress"), wait).toMatch(/^\d{13}$/);
    await look.hset(jobKey("old@contoso.com"), "progress", String(Date.now() - 600_001));
    await expect.poll(() => look.exists(jobKey("old@contoso.com")), wait).toBe(0);
    expect(await look.exists(jobKey("new@contoso.com"), jobKey("known@contoso.com"))).toBe(2);
    const { workers, active } = await scheduler.counts();
    expect({ workers, active: active <= 1 }).toEqual({ workers: 1, active: true });
    // Known again, it goes on.
    const again = createTurns();
    scheduler.add("new@contoso.com", again.run);
    (await again.nth(1)).end(never);
    await expect.poll(() => look.hget(jobKey("new@contoso.com"), "progress"), wait).toBe("0");
  });

  it("loses no wake-up, from whichever process it comes and whatever runs: after the last one a turn begins", async () => {
    const schedulers = [await open(5_000), await open(5_000)];
    let begun = 0;
    let under = 0;
    let most = 0;
    const run: RunTurn = async () => {
      begun += 1;
      under += 1;
      most = Math.max(most, under);
      for (let turn = Math.floor(Math.random() * 30); turn > 0; turn -= 1) await new Promise((resolve) => setImmediate(resolve));
      under -= 1;
      return never;
    };
    for (const scheduler of schedulers) scheduler.add(address, run);
    await expect.poll(() => begun, wait).toBeGreaterThan(0);
    for (let round = 0; round < 300; round += 1) {
      for (let turn = Math.floor(Math.random() * 40); turn > 0; turn -= 1) await new Promise((resolve) => setImmediate(resolve));
      const before = begun;
      schedulers[round % 3 === 0 ? 0 : 1]?.wake(address);
      await vi.waitUntil(() => begun > before, { timeout: 30_000, interval: 1 });
    }
    expect(most).toBe(1);
  });
});
