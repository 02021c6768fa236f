/**
 * The store on a Redis server, for several processes on several machines.
 *
 * Invariants: a commit is one script, so it happens whole or not at all; versions rise over all processes; a commit that
 * was reported as failed did not happen: where a cut leaves that open, its call is taken back before this store reads or
 * writes anything of that space again (`redis-scripts.ts`). Calls are under way in one batch at a time, in order.
 */
import { randomUUID } from "node:crypto";
import { systemClock } from "../base/clock.js";
import { asMailError, MailError } from "../base/errors.js";
import { oneByOne } from "../base/one-by-one.js";
import { type RedisConnection, type RedisLibrary, requireRedis } from "../base/redis-library.js";
import type { Engine, Stored } from "./engine.js";
import { createStore } from "./front.js";
import { type Call, callsOf, parametersOf, resultsOf } from "./redis-calls.js";
import { checkServer } from "./redis-durability.js";
import { isAnswer, isRefusedSignIn, refusedSignIn } from "./redis-failure.js";
import { fieldOf, formatKeyOf, recordOf, redisFormat, type SpaceBytes, spaceKeys, spaceOf } from "./redis-layout.js";
import { createRedisLink, type RedisLink } from "./redis-link.js";
import { type CheckedRedisOptions, checkedRedisOptions, type RedisStoreOptions } from "./redis-options.js";
import { commitScript, getScript, listScript, type RedisScript, takeBackScript } from "./redis-scripts.js";
import type { PreparedCommit } from "./request.js";
import type { CommitResult, Store } from "./store.js";

export type { RedisStoreOptions } from "./redis-options.js";

/**
 * A store on a Redis server, 7 or newer, over the package `ioredis` (an optional peer, loaded by `open()`).
 * Its `open()` may also throw ConfigError `CONFIG_PACKAGE_MISSING`.
 * @throws ConfigError `CONFIG_INVALID` for an option
 */
export function redisStore(options: RedisStoreOptions): Store {
  return redisStoreOver(requireRedis, options);
}

/** `redisStore` over a given package; `load` throws as `require` does. */
export function redisStoreOver(load: () => RedisLibrary, options: RedisStoreOptions): Store {
  const known = checkedRedisOptions(options, load);
  const { clock = systemClock } = options;
  const { name, connect } = known.place;
  const link = createRedisLink({ name, clock, timeoutMs: known.timeoutMs, connect });
  return createStore(createRedisEngine(link, known), clock);
}

type Results = readonly (CommitResult | MailError)[];

function createRedisEngine(link: RedisLink, { place: { name }, prefix, durability }: CheckedRedisOptions): Engine {
  const sender = randomUUID();
  /** Of the newest call. */
  let number = 0;
  /** The highest version seen or given out. */
  let highest = 0;
  /** Calls that were reported as failed and may have been carried out, by their space; empty while all is well. */
  const doubts = new Map<SpaceBytes, number>();
  const inTurn = oneByOne();

  async function certain(space: SpaceBytes): Promise<void> {
    const doubted = doubts.get(space);
    if (doubted === undefined) return;
    const { records, order, calls } = spaceKeys(prefix, space);
    await link.run((connection) => evaluated(connection, takeBackScript, [records, order, calls], [sender, doubted]));
    if (doubts.get(space) === doubted) doubts.delete(space);
  }

  async function carriedOut(call: Call): Promise<Results> {
    try {
      await certain(call.space);
      number += 1;
      const parameters = [sender, number, highest, ...parametersOf(call)];
      const { records, order, calls } = spaceKeys(prefix, call.space);
      const answers = await link.run(
        (connection) => evaluated(connection, commitScript, [records, order, calls], parameters),
        () => doubts.set(call.space, parameters[1] as number),
      );
      return resultsOf(call, answers as string[]);
    } catch (error) {
      const failure = asMailError(error, "STORE_UNAVAILABLE", `The store ${name} failed.`);
      return call.commits.map(() => failure);
    }
  }

  async function written(commits: readonly PreparedCommit[]): Promise<Results> {
    const results = new Map<PreparedCommit, CommitResult | MailError>();
    for (const batch of callsOf(commits)) {
      const outcomes = await Promise.all(batch.map(carriedOut));
      for (const [at, { commits }] of batch.entries()) {
        for (const [one, commit] of commits.entries()) results.set(commit, outcomes[at]?.[one] as CommitResult | MailError);
      }
      for (const result of outcomes.flat()) if ("version" in result) highest = Math.max(highest, result.version);
    }
    // One that names no key writes nothing anywhere.
    return commits.map((commit) => results.get(commit) ?? { ok: true, version: ++highest });
  }

  async function settleFormat(): Promise<void> {
    const key = formatKeyOf(prefix);
    const written = await link.run(async (connection) => {
      await connection.call("set", key, redisFormat, "NX");
      return connection.call("get", key);
    });
    if (Number(written) <= redisFormat) return;
    throw new MailError(
      "STORE_NEWER_FORMAT",
      `The store ${name} has format ${String(written)}, and this version of the package knows formats up to ${redisFormat}.`,
      { remedy: "Run the newer version of m365-mail-daemon that wrote this store, or give another prefix." },
    );
  }

  return {
    name,
    async open() {
      await link.open();
      try {
        await link.run((connection) => checkServer(connection, { name, durability }));
        await settleFormat();
      } catch (error) {
        await link.close();
        const { cause } = Object(error) as { cause?: unknown };
        throw isRefusedSignIn(cause) ? refusedSignIn(name, cause) : error;
      }
    },
    close: () => link.close(),

    async get(keys) {
      const spaces = [...new Set(keys.map(spaceOf))];
      for (const space of spaces) await certain(space);
      const records = keys.map((bytes) => spaceKeys(prefix, spaceOf(bytes)).records);
      const fields = keys.map((bytes) => fieldOf(spaceOf(bytes), bytes));
      const found = await link.run(async (connection) => {
        if (spaces.length === 1) return connection.call("hmget", records[0] as string, ...fields);
        if (!connection.isCluster) return keys.length === 0 ? [] : evaluated(connection, getScript, records, fields);
        // A cluster's spaces are on several servers, which have no moment in common.
        return Promise.all(keys.map((_, at) => connection.call("hget", records[at] as string, fields[at] as string)));
      });
      return (found as (string | null)[]).map((text): Stored | undefined => (text === null ? undefined : recordOf(text)));
    },

    async list({ low, high, limit, reverse }) {
      if (low >= high) return [];
      const space = spaceOf(low);
      await certain(space);
      const { records, order } = spaceKeys(prefix, space);
      const [from, to] = [`(${fieldOf(space, low)}`, `(${fieldOf(space, high)}`];
      const range = reverse ? ["ZREVRANGEBYLEX", to, from] : ["ZRANGEBYLEX", from, to];
      const found = (await link.run((connection) => evaluated(connection, listScript, [records, order], [...range, limit]))) as string[];
      return Array.from({ length: found.length / 2 }, (_, at) => ({
        bytes: space + (found[2 * at] as string),
        ...recordOf(found[2 * at + 1] as string),
      }));
    },

    write: (take) => inTurn(async () => written(take())),
  };
}

/** A server that was started anew does not know the scripts yet: it is sent the text then. */
async function evaluated(
  connection: RedisConnection,
  script: RedisScript,
  keys: readonly string[],
  parameters: readonly (string | number)[],
): Promise<unknown> {
  const rest = [keys.length, ...keys, ...parameters];
  try {
    return await connection.call("evalsha", script.sha, rest);
  } catch (error) {
    if (!isAnswer(error) || !error.message.startsWith("NOSCRIPT")) throw error;
    return connection.call("eval", script.text, rest);
  }
}
