/** What the Redis store asks of its server and its options, and what it leaves there. */
import { randomUUID } from "node:crypto";
import { Cluster, Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { keyRing } from "../../src/auth/key-ring.js";
import { createVault } from "../../src/auth/vault.js";
import { redisStore, redisStoreOver } from "../../src/state/redis.js";
import { disconnected, type RedisServer, redisMissing, startRedis } from "../support/redis.js";

describe("redisStore", () => {
  it.each([
    ["neither a url nor a client", {}],
    ["both", { url: "redis://127.0.0.1", client: { duplicate: () => undefined } }],
    ["another protocol", { url: "http://user:pa55-zq@127.0.0.1" }],
    ["no url at all", { url: "pa55-zq" }],
    ["a prefix that would mix with another's keys", { url: "redis://127.0.0.1", prefix: "a:b" }],
    ["a client that is none", { client: {} }],
    ["an option it does not have", { url: "redis://127.0.0.1", durable: true }],
    ["a time out of range", { url: "redis://127.0.0.1", timeoutMs: 0 }],
  ])("refuses %s, and shows no password", (_what, options) => {
    const make = () => redisStore(options as never);
    expect(make).toThrow(expect.objectContaining({ code: "CONFIG_INVALID", message: expect.not.stringContaining("pa55") }));
  });

  it("names its place without user and password", () => {
    expect(redisStore({ url: "rediss://user:pa55-zq@redis.example:6380/2", prefix: "mail" }).name).toBe("redis:redis.example:6380/mail");
  });

  it("says how to install ioredis when it is opened without it, and not before", async () => {
    const missing = () => {
      throw Object.assign(new Error("Cannot find module 'ioredis'"), { code: "MODULE_NOT_FOUND" });
    };
    const store = redisStoreOver(missing, { url: "redis://127.0.0.1" });
    await expect(store.open()).rejects.toMatchObject({ code: "CONFIG_PACKAGE_MISSING", remedy: "Run: npm install ioredis@6" });
  });
});

describe.skipIf(redisMissing !== undefined)("the server of redisStore", () => {
  let server: RedisServer;
  let admin: Redis;
  beforeAll(async () => {
    server = await startRedis();
    admin = new Redis(server.url);
    await admin.ping();
  });
  afterEach(async () => {
    await admin.config("SET", "appendonly", "yes", "appendfsync", "always", "maxmemory-policy", "noeviction");
  });
  afterAll(async () => {
    admin.disconnect();
    await server.stop();
  });

  it.each([
    ["keeps no append-only file", ["appendonly", "no"], "keeps no append-only file"],
    ["acknowledges before it writes", ["appendfsync", "everysec"], "appendfsync everysec"],
  ])("is refused when it %s, unless that is borne", async (_what, [name, value], reason) => {
    await admin.config("SET", name as string, value as string);
    const refused = redisStore({ url: server.url, prefix: randomUUID() });
    await expect(refused.open()).rejects.toMatchObject({ code: "STORE_NOT_WRITABLE", message: expect.stringContaining(reason) });
    const borne = redisStore({ url: server.url, prefix: randomUUID(), durability: "unchecked" });
    await borne.open();
    await borne.close();
  });

  it("is refused when it drops keys, whatever is borne", async () => {
    await admin.config("SET", "maxmemory-policy", "allkeys-lru");
    const store = redisStore({ url: server.url, prefix: randomUUID(), durability: "unchecked" });
    await expect(store.open()).rejects.toMatchObject({ code: "STORE_NOT_WRITABLE", message: expect.stringContaining("allkeys-lru") });
  });

  it("that forbids CONFIG is said to, with what to do", async () => {
    const password = randomUUID();
    await admin.call("ACL", "SETUSER", "tenant", "on", `>${password}`, "~*", "+@all", "-config");
    const url = `redis://tenant:${password}@127.0.0.1:${server.port}`;
    const error: unknown = await redisStore({ url, prefix: "p" })
      .open()
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "STORE_NOT_WRITABLE", remedy: expect.stringContaining('durability: "unchecked"') });
    const vouched = redisStore({ url, prefix: "p", durability: "unchecked" });
    await vouched.open();
    await vouched.close();
  });

  it("that does not let us in is a matter of the configuration, and the password is not shown", async () => {
    const password = randomUUID();
    const store = redisStore({ url: `redis://nobody:${password}@127.0.0.1:${server.port}`, prefix: "p" });
    const error: unknown = await store.open().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "STORE_NOT_WRITABLE", message: expect.stringContaining("WRONGPASS") });
    expect(JSON.stringify([error, String((error as Error).cause), Object(error).cause])).not.toContain(password);
  });

  it("is shared by stores of different prefixes, and a newer format is refused", async () => {
    const stores = ["one", "two"].map((prefix) => redisStore({ url: server.url, prefix }));
    for (const [at, store] of stores.entries()) {
      await store.open();
      await store.commit({ puts: [{ key: ["q"], value: at }] });
    }
    expect(await Promise.all(stores.map((store) => store.get(["q"])))).toMatchObject([{ value: 0 }, { value: 1 }]);
    for (const store of stores) await store.close();
    await admin.set("{two}:format", "2");
    await expect(stores[1]?.open()).rejects.toMatchObject({ code: "STORE_NEWER_FORMAT" });
    await stores[0]?.open();
    await stores[0]?.close();
  });

  it("is reached by a connection like the host's client, which stays as it is", async () => {
    const client = new Redis(server.url, { keyPrefix: "host:" });
    onTestFinished(() => disconnected(client));
    const store = redisStore({ client, prefix: "given" });
    await store.open();
    await store.commit({ puts: [{ key: ["q", 1], value: "kept" }] });
    expect(await store.list({ prefix: ["q"], limit: 1 })).toMatchObject([{ value: "kept" }]);
    await store.close();

    expect(store.name).toBe(`redis:127.0.0.1:${server.port}/given`);
    expect(await client.ping()).toBe("PONG");
    expect(await admin.keys("host:{given*")).toHaveLength(4);
  });

  it("keeps nothing of the vault in clear", async () => {
    const store = redisStore({ url: server.url, prefix: "vault" });
    await store.open();
    onTestFinished(() => store.close());
    const keys = keyRing([{ id: "k", key: Buffer.alloc(32, 7) }]);
    const token = `refresh-${randomUUID()}`;
    const vault = createVault({ store, keys });
    const times = { signedInAt: 0, refreshedAt: 0, expiresAt: 0 };
    const names = { homeAccountId: "o.t", username: "u@contoso.com", objectId: "o", tenantId: "t", method: "browser", scopes: [] };
    const record = { cache: JSON.stringify({ token }), ...names, ...times };
    expect(await vault.write("u@contoso.com", record, null)).toMatchObject({ version: expect.any(Number) });
    vault.close();

    const dumped: string[] = [];
    for (const key of await admin.keys("*vault*")) dumped.push(JSON.stringify(await contentOf(key)));
    expect(dumped.join()).toContain("jwe");
    expect(dumped.join()).not.toContain(token);
  });

  async function contentOf(key: string): Promise<unknown> {
    const type = await admin.type(key);
    return type === "hash" ? admin.hgetall(key) : type === "zset" ? admin.zrange(key, "0", "-1") : admin.get(key);
  }
});

describe.skipIf(redisMissing !== undefined)("a cluster under redisStore", () => {
  it("keeps each space in one slot, and reads several spaces in one call", async () => {
    const server = await startRedis(["--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1"]);
    onTestFinished(() => server.stop());
    const admin = server.client();
    await admin.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
    await expect.poll(() => admin.cluster("INFO")).toContain("cluster_state:ok");
    const client = new Cluster([{ host: "127.0.0.1", port: server.port }], { lazyConnect: true });
    onTestFinished(() => client.disconnect());
    const store = redisStore({ client });
    await store.open();
    onTestFinished(() => store.close());
    const spaces = Array.from({ length: 20 }, (_, at) => `queue ${at} }{`);
    const results = await Promise.all(spaces.map((space, at) => store.commit({ puts: [{ key: [space, "a"], value: at }] })));

    expect(results.every(({ ok }) => ok)).toBe(true);
    expect((await store.getMany(spaces.map((space) => [space, "a"]))).map((entry) => entry?.value)).toEqual(spaces.map((_, at) => at));
    expect(await store.list({ prefix: [spaces[7] as string], limit: 9 })).toMatchObject([{ value: 7 }]);
  });
});
