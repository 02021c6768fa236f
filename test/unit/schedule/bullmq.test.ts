/** The scheduler of many processes before it has any: its options and its packages. */
import { Cluster, Redis } from "ioredis";
import { describe, expect, it } from "vitest";
import { ConfigError } from "../../../src/base/errors.js";
import { type BullmqSchedulerOptions, bullmqScheduler, bullmqSchedulerOver } from "../../../src/schedule/bullmq.js";
import { jobIdOf } from "../../../src/schedule/turn-jobs.js";
import { freePort } from "../../support/redis.js";

const connection = "redis://127.0.0.1:6379";
const hidden = "Zq7-not-a-word-41";

function refusal(options: unknown): string {
  try {
    bullmqScheduler(options as BullmqSchedulerOptions);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    expect(error).toMatchObject({ code: "CONFIG_INVALID" });
    return (error as Error).message;
  }
  throw new Error("Expected a refusal.");
}

const place =
  "Expected `bullmqScheduler.connection` to be a redis:// or rediss:// URL, options of ioredis, or a client of it that is no cluster; " +
  "without a `keyPrefix`, got";

describe("an option", () => {
  it.each<[string, unknown, string]>([
    ["none at all", undefined, "Expected `bullmqScheduler` to be an object, got nothing."],
    ["no connection", {}, `${place} nothing.`],
    ["another kind of URL", { connection: `http://user:${hidden}@redis.contoso.com` }, `${place} a value of type string.`],
    ["a list", { connection: [connection] }, `${place} a value of type object.`],
    [
      "a prefix of ioredis",
      { connection: { host: "redis.contoso.com", keyPrefix: "x", password: hidden } },
      `${place} a value of type object.`,
    ],
    [
      "a colon in the prefix",
      { connection, prefix: "a:b" },
      'Expected `bullmqScheduler.prefix` to be letters, digits, `.`, `_` and `-`, got "a:b" (string).',
    ],
    [
      "too many at once",
      { connection, concurrency: 10_001 },
      "Expected `bullmqScheduler.concurrency` to be 10000 or less, got 10001 (number).",
    ],
    ["too short a lock", { connection, lockMs: 499 }, "Expected `bullmqScheduler.lockMs` to be 500 or more, got 499 (number)."],
    ["another name", { connection, lock: 5 }, "Unknown option `bullmqScheduler.lock`: check its spelling, and that this version has it."],
  ])("that does not fit (%s) is refused at the call, without a password", (_, options, message) => {
    expect(refusal(options)).toBe(message);
  });

  it("takes no client of a cluster, nor one with a prefix of its own; one of a single server it does", () => {
    const clients = [new Redis({ lazyConnect: true }), new Redis({ lazyConnect: true, keyPrefix: "x" })];
    const cluster = new Cluster([{ host: "127.0.0.1", port: 1 }], { lazyConnect: true });
    expect(refusal({ connection: cluster })).toMatch(place);
    expect(refusal({ connection: clients[1] })).toMatch(place);
    expect(bullmqScheduler({ connection: clients[0] as Redis }).isShared).toBe(true);
    for (const client of [...clients, cluster]) client.disconnect();
  });
});

describe("a package", () => {
  const absent = (name: string) => Object.assign(new Error(`Cannot find module '${name}'`), { code: "MODULE_NOT_FOUND" });

  it.each(["bullmq", "ioredis"])("that is missing (%s) is named when it is needed, with how to install it", async (missing) => {
    const scheduler = bullmqSchedulerOver(
      (name) => {
        if (name === missing) throw absent(name);
        return {};
      },
      { connection },
    );
    await expect(scheduler.open()).rejects.toMatchObject({
      code: "CONFIG_PACKAGE_MISSING",
      message: `bullmqScheduler needs the package ${missing}, which is not installed.`,
      remedy: "Run: npm install bullmq ioredis",
    });
  });

  it("that cannot be loaded says so", async () => {
    const scheduler = bullmqSchedulerOver(
      () => {
        throw new SyntaxError("Unexpected token");
      },
      { connection },
    );
    await expect(scheduler.open()).rejects.toMatchObject({
      code: "CONFIG_PACKAGE_MISSING",
      message: expect.stringContaining("cannot be loaded"),
    });
  });
});

it("a Redis that is not there is told with where it was looked for, and no password, and nothing is left", async () => {
  const port = await freePort();
  const scheduler = bullmqScheduler({ connection: `redis://someone:${hidden}@127.0.0.1:${port}` });
  const error = await scheduler.open().catch((caught: unknown) => caught);
  expect(error).toMatchObject({
    code: "STORE_UNAVAILABLE",
    networkCode: "ECONNREFUSED",
    who: "administrator",
    remedy: expect.stringContaining("Redis"),
  });
  expect((error as Error).message).toContain(`127.0.0.1:${port}`);
  expect(JSON.stringify([error, (error as Error).cause, (error as Error).message])).not.toContain(hidden);
  await scheduler.stop();
});

it("an address has the same job however it is spelled, and no two have one", () => {
  expect(jobIdOf("Support@Contoso.com")).toBe(jobIdOf("support@contoso.com"));
  expect(jobIdOf("support@contoso.com")).not.toBe(jobIdOf("sales@contoso.com"));
  expect(jobIdOf("support@contoso.com")).toMatch(/^q-[\w-]{43}$/);
});
