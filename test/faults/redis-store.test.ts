/**
 * The Redis store in trouble: its server killed, frozen and started anew, its connection cut at every place of a commit.
 * What was acknowledged is there; what was reported as failed did not happen; and it comes back by itself.
 */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { MailError } from "../../src/base/errors.js";
import { redisStore } from "../../src/state/redis.js";
import type { Key, Store } from "../../src/state/store.js";
import { type CutProxy, startCutProxy } from "../support/cut-proxy.js";
import { type RedisServer, redisMissing, startRedis } from "../support/redis.js";

const unavailable = { name: "MailError", code: "STORE_UNAVAILABLE", retryable: true };
/** Milliseconds; longer than an answer takes on a busy machine, where that is to come. */
const patience = 20_000;
/** Milliseconds, where the answer is not to come. */
const impatience = 300;

describe.skipIf(redisMissing !== undefined)("the Redis store", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  async function opened(options: { port?: number; prefix?: string; timeoutMs: number }): Promise<Store> {
    const { port = server.port, prefix = randomUUID(), timeoutMs } = options;
    const store = redisStore({ url: `redis://127.0.0.1:${port}`, prefix, timeoutMs });
    await store.open();
    onTestFinished(() => store.close());
    return store;
  }

  async function proxied(timeoutMs: number): Promise<{ proxy: CutProxy; prefix: string; store: Store; other: Store }> {
    const proxy = await startCutProxy(server.port);
    onTestFinished(() => proxy.stop());
    const prefix = randomUUID();
    return {
      proxy,
      prefix,
      store: await opened({ port: proxy.port, prefix, timeoutMs }),
      other: await opened({ prefix, timeoutMs: patience }),
    };
  }

  it.each([1, 2, 3])(
    "killed in the midst of commits, a server that is started again has every acknowledged one whole (round %i)",
    async () => {
      const store = await opened({ timeoutMs: patience });
      const acknowledged: number[] = [];
      let next = 0;
      let enough = false;
      const write = async (): Promise<void> => {
        while (!enough) {
          const number = next;
          next += 1;
          const puts = [
            { key: ["q", number] as Key, value: number },
            { key: ["q", "twin", number] as Key, value: number },
          ];
          const result = await store.commit({ checks: [{ key: ["q", number], version: null }], puts });
          if (!result.ok) throw new Error(`Commit ${number} met what it had written itself.`);
          acknowledged.push(number);
        }
      };
      const writers = Array.from({ length: 20 }, write);
      for (let kills = 0; kills < 3; kills += 1) {
        const before = acknowledged.length;
        await expect.poll(() => acknowledged.length).toBeGreaterThan(before + 50 + Math.floor(Math.random() * 100));
        await server.kill();
        await server.start();
      }
      enough = true;
      await Promise.all(writers);

      const found = await store.list({ prefix: ["q"], limit: 100_000 });
      const numbers = found.flatMap(({ key }) => (typeof key[1] === "number" ? [key[1]] : []));
      const twins = found.flatMap(({ key }) => (key[1] === "twin" ? [key[2]] : []));
      expect(numbers).toEqual(acknowledged.toSorted((a, b) => a - b));
      expect(twins).toEqual(numbers);
    },
  );

  it("a frozen server fails what is asked in bounded time; once it goes on, what had failed did not happen", async () => {
    const prefix = randomUUID();
    const store = await opened({ prefix, timeoutMs: impatience });
    const other = await opened({ prefix, timeoutMs: patience });
    const key: Key = ["q", "state"];
    const first = await store.commit({ puts: [{ key, value: "first" }] });
    server.freeze();
    const startedAt = performance.now();
    const failing = [
      store.commit({ checks: [{ key, version: first.ok ? first.version : 0 }], puts: [{ key, value: "second" }], deletes: [] }),
      store.get(key),
      store.list({ prefix: ["q"], limit: 1 }),
    ];
    const failed = await Promise.allSettled(failing);
    expect(failed).toMatchObject(failing.map(() => ({ status: "rejected", reason: unavailable })));
    // It is known to be away by now: no need to wait again.
    await expect(store.commit({ puts: [{ key, value: "third" }] })).rejects.toMatchObject(unavailable);
    expect(performance.now() - startedAt).toBeLessThan(10_000);

    server.thaw();
    await expect
      .poll(() => store.get(key).catch((error: MailError) => error.code))
      .toEqual({ key, value: "first", version: first.ok && first.version });
    expect(await other.get(key)).toMatchObject({ value: "first" });
    expect(await store.commit({ puts: [{ key, value: "fourth" }] })).toMatchObject({ ok: true });
  });

  it.each(["requests", "answers"] as const)(
    "a commit whose %s are lost with its connection is carried out once, and answered",
    async (direction) => {
      const { proxy, store, other } = await proxied(patience);
      const key: Key = ["q", "once"];
      const lost = proxy.lose(direction);
      const committing = store.commit({ checks: [{ key, version: null }], puts: [{ key, value: 1 }] });
      await lost;
      if (direction === "answers") await expect.poll(() => other.get(key)).toMatchObject({ value: 1 });
      proxy.pass();

      const result = await committing;
      expect(result).toMatchObject({ ok: true });
      expect(await other.get(key)).toEqual({ key, value: 1, version: result.ok && result.version });
      expect(proxy.connections).toBe(2);
    },
  );

  it("a commit that was written, but never answered, is taken back whole before anything else is read or written", async () => {
    const { proxy, store, other } = await proxied(impatience);
    const [kept, gone, made]: Key[] = [
      ["q", "kept"],
      ["q", "gone"],
      ["q", "made"],
    ] as const as unknown as Key[];
    const before = await store.commit({
      puts: [
        { key: kept as Key, value: 1 },
        { key: gone as Key, value: 2 },
      ],
    });
    const version = before.ok ? before.version : 0;
    const all = [kept, gone, made] as Key[];
    void proxy.lose("answers");
    const change = {
      checks: [{ key: kept as Key, version }],
      puts: [
        { key: kept as Key, value: 3 },
        { key: made as Key, value: 4 },
      ],
      deletes: [gone as Key],
    };
    await expect(store.commit(change)).rejects.toMatchObject(unavailable);
    expect((await other.getMany(all)).map((entry) => entry?.value)).toEqual([3, undefined, 4]);
    proxy.pass();

    await expect
      .poll(() => store.getMany(all).catch(() => []))
      .toEqual([{ key: kept, value: 1, version }, { key: gone, value: 2, version }, undefined]);
    expect((await other.list({ prefix: ["q"], limit: 9 })).map(({ key }) => key[1])).toEqual(["gone", "kept"]);
    const repeated = await store.commit(change);
    expect(repeated).toMatchObject({ ok: true });
    expect(repeated.ok && repeated.version).toBeGreaterThan(version);
  });

  it("a commit on which another has built stands, and the next check says so", async () => {
    const { proxy, store, other } = await proxied(impatience);
    const key: Key = ["q", "shared"];
    void proxy.lose("answers");
    const change = { checks: [{ key, version: null }], puts: [{ key, value: "ours" }] };
    await expect(store.commit(change)).rejects.toMatchObject(unavailable);
    const seen = await other.get(key);
    expect(seen?.value).toBe("ours");
    await other.commit({ checks: [{ key, version: seen?.version ?? null }], puts: [{ key, value: "theirs" }] });
    proxy.pass();

    await expect.poll(() => store.commit(change).catch(() => undefined)).toEqual({ ok: false, failed: key });
    expect(await store.get(key)).toMatchObject({ value: "theirs" });
  });

  describe("with nine others that write to the same space", () => {
    async function crowded(timeoutMs: number) {
      const { proxy, prefix, store, other } = await proxied(timeoutMs);
      const others = await Promise.all(Array.from({ length: 9 }, () => opened({ prefix, timeoutMs: patience })));
      await other.commit({ puts: [{ key: ["q", "first"], value: 0 }] }); // The server knows the script.
      const lost = proxy.lose("answers");
      const committing = store.commit({ checks: [{ key, version: null }], puts: [{ key, value: 1 }] });
      committing.catch(() => undefined);
      await lost;
      const all = async () => {
        for (const [at, one] of others.entries()) await one.commit({ puts: [{ key: ["q", "other", at], value: at }] });
      };
      return { proxy, store, other, committing, all };
    }
    const key: Key = ["q", "once"];

    it("a commit whose answer is lost is carried out once, and answered", async () => {
      const { proxy, other, committing, all } = await crowded(patience);
      await expect.poll(() => other.get(key)).toMatchObject({ value: 1 });
      await all();
      proxy.pass();
      expect(await committing).toMatchObject({ ok: true });
    });

    it("one that was reported as failed did not happen", async () => {
      const { proxy, store, other, committing, all } = await crowded(impatience);
      await expect(committing).rejects.toMatchObject(unavailable);
      await all();
      proxy.pass();
      await expect.poll(() => store.get(["q", "other", 8]).catch(() => undefined)).toMatchObject({ value: 8 });
      expect(await other.get(key)).toBeUndefined();
    });
  });

  it("what was answered to others is forgotten after ten minutes, or where 64 have written since", async () => {
    const prefix = randomUUID();
    const commit = async () => (await opened({ prefix, timeoutMs: patience })).commit({ puts: [{ key: ["q"], value: 1 }] });
    await commit();
    const client = server.client();
    onTestFinished(() => client.quit().then(() => undefined));
    const [calls = ""] = (await client.keys(`*${prefix}*`)).filter((key) => key.includes("calls"));
    const plant = (name: string, count: number, agoMs: number) =>
      client.eval(
        "for at = 1, ARGV[2] do redis.call('HSET', KEYS[1], ARGV[1] .. at, cmsgpack.pack({ 1, {}, ARGV[3] })) end",
        1,
        calls,
        name,
        count,
        String((Date.now() - agoMs) * 1_000),
      );
    const kept = async (name: string) => (await client.hkeys(calls)).filter((field) => field.startsWith(name)).length;
    await plant("old", 10, 601_000);
    await plant("new", 5, 590_000);
    await commit();
    expect([await kept("old"), await kept("new")]).toEqual([1, 5]);
    await plant("new", 70, 300_000);
    await commit();
    expect([await kept("old"), await kept("new"), await client.hlen(calls)]).toEqual([0, 61, 65]);
  });

  it("commits that were reported as failed while the way was gone are not carried out when it is back", async () => {
    const { proxy, store, other } = await proxied(impatience);
    void proxy.lose("requests");
    for (const at of [1, 2, 3]) await expect(store.commit({ puts: [{ key: ["q", at], value: at }] })).rejects.toMatchObject(unavailable);
    proxy.pass();

    await expect.poll(() => store.commit({ puts: [{ key: ["q", 4], value: 4 }] }).catch(() => undefined)).toMatchObject({ ok: true });
    expect((await other.list({ prefix: ["q"], limit: 9 })).map(({ key }) => key[1])).toEqual([4]);
  });

  it("two stores over ways that are cut at random: none of their commits is lost, doubled or done by half", async () => {
    const proxies = await Promise.all([startCutProxy(server.port), startCutProxy(server.port)]);
    for (const proxy of proxies) onTestFinished(() => proxy.stop());
    const prefix = randomUUID();
    const stores = await Promise.all(proxies.map(({ port }) => opened({ port, prefix, timeoutMs: impatience })));
    const told = stores.map(() => ({ own: 0, shared: 0, failed: 0 }));
    let enough = false;

    async function raise(at: number, space: string): Promise<boolean> {
      const store = stores[at] as Store;
      const key: Key = [space, "counter"];
      const entry = await store.get(key);
      const count = ((entry?.value as number | undefined) ?? 0) + 1;
      const puts = [
        { key, value: count },
        { key: [space, "raised", count] as Key, value: at },
      ];
      const { ok } = await store.commit({ checks: [{ key, version: entry?.version ?? null }], puts });
      if (!ok && space !== "shared") throw new Error(`Store ${at} met what it had written itself.`);
      return ok;
    }

    async function work(at: number): Promise<void> {
      const counts = told[at] as (typeof told)[number];
      while (!enough) {
        try {
          if (await raise(at, `own ${at}`)) counts.own += 1;
          if (await raise(at, "shared")) counts.shared += 1;
        } catch (error) {
          if (!(error instanceof MailError) || error.code !== "STORE_UNAVAILABLE") throw error;
          counts.failed += 1;
          // The event loop turns, so that the way can come back.
          await new Promise(setImmediate);
        }
      }
    }

    const workers = stores.map((_, at) => work(at));
    for (let round = 0; round < 12; round += 1) {
      const proxy = proxies[round % 2] as CutProxy;
      const before = told.map(({ own, failed }) => own + failed);
      const went = () => told.every(({ own, failed }, at) => own + failed > (before[at] as number) + 5);
      await expect.poll(went).toBe(true);
      if (round % 3 === 0) proxy.cut();
      else {
        await proxy.lose(round % 3 === 1 ? "answers" : "requests");
        // Half of the losses last longer than a commit's patience.
        const failed = () => (told[round % 2] as { failed: number }).failed;
        const from = failed();
        if (round % 4 < 2) await expect.poll(failed).toBeGreaterThan(from);
        proxy.pass();
      }
    }
    enough = true;
    await Promise.all(workers);

    const judge = await opened({ prefix, timeoutMs: patience });
    const shared = (await judge.get(["shared", "counter"]))?.value as number;
    const failed = told.reduce((sum, counts) => sum + counts.failed, 0);
    const sum = told.reduce((all, counts) => all + counts.shared, 0);
    expect(failed).toBeGreaterThan(0);
    for (const [at, { own }] of told.entries()) {
      expect((await judge.get([`own ${at}`, "counter"]))?.value).toBe(own);
      expect(await judge.list({ prefix: [`own ${at}`, "raised"], limit: 100_000 })).toHaveLength(own);
    }
    expect(await judge.list({ prefix: ["shared", "raised"], limit: 100_000 })).toHaveLength(shared);
    expect(shared).toBeGreaterThanOrEqual(sum);
    expect(shared - sum).toBeLessThanOrEqual(failed);
  });

  it("a server that is not there fails the opening in bounded time, and nothing is held open", async () => {
    const proxy = await startCutProxy(1);
    await proxy.stop();
    const store = redisStore({ url: `redis://someone:pa55-of-nobody@127.0.0.1:${proxy.port}`, timeoutMs: impatience });
    const error: unknown = await store.open().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ ...unavailable, message: expect.stringContaining(`redis:127.0.0.1:${proxy.port}/m365-mail-daemon`) });
    expect(JSON.stringify([String(error), (error as MailError).remedy, String((error as MailError).cause)])).not.toContain("pa55");
  });
});
