/** What `redisStore` is told, checked: no message repeats a URL, which may hold a password. */
import { z } from "zod";
import { checked } from "../base/check.js";
import type { Clock } from "../base/clock.js";
import { ConfigError } from "../base/errors.js";
import {
  loadedRedis,
  type RedisClient,
  type RedisConnection,
  type RedisConnectionOptions,
  type RedisLibrary,
} from "../base/redis-library.js";

export interface RedisStoreOptions {
  /** Where the server is: `redis://` or, by TLS, `rediss://`, with user, password, port and database in it if it wants them. Default: none; `client` is given then. */
  readonly url?: string;
  /**
   * Instead of `url`, a client of `ioredis` that you made: a `Redis` (with Sentinel too) or a `Cluster`. The store makes a
   * connection of its own like it, and never closes yours. Default: none; `url` is given then.
   */
  readonly client?: RedisClient;
  /**
   * What the store's keys begin with, so that several share a server: letters, digits, `.`, `-` and `_`, 1 to 64 characters.
   * Default `m365-mail-daemon`.
   */
  readonly prefix?: string;
  /**
   * `required`: `open()` refuses a server that may forget what it acknowledged (it wants `appendonly yes` and
   * `appendfsync always`). `unchecked`: the server is not asked, since it forbids `CONFIG` or you bear the loss.
   * A server that drops keys to make room is refused in any case. Default `required`.
   */
  readonly durability?: "required" | "unchecked";
  /** Milliseconds after which a read or a commit without an answer fails, to be tried again: 100 to 60,000. Default 5,000. */
  readonly timeoutMs?: number;
  /** Times the gathering of commits and what waits for an answer. Default: the system clock. */
  readonly clock?: Clock;
}

/** A server and how to connect to it. */
export interface RedisPlace {
  /** Without user and password. */
  readonly name: string;
  connect(options: RedisConnectionOptions): RedisConnection;
}

export interface CheckedRedisOptions extends Required<Pick<RedisStoreOptions, "prefix" | "durability" | "timeoutMs">> {
  readonly place: RedisPlace;
}

const schema = z.strictObject({
  url: z.unknown().optional(),
  client: z.custom<RedisClient>(isClient, { error: "a client of ioredis" }).optional(),
  prefix: z
    .string()
    .regex(/^[\w.-]{1,64}$/, { error: "1 to 64 letters, digits, `.`, `-` or `_`" })
    .default("m365-mail-daemon"),
  durability: z.enum(["required", "unchecked"]).default("required"),
  timeoutMs: z.number().int().min(100).max(60_000).default(5_000),
  clock: z.custom<Clock>().optional(),
});

/** @throws ConfigError `CONFIG_INVALID` */
export function checkedRedisOptions(options: RedisStoreOptions, load: () => RedisLibrary): CheckedRedisOptions {
  const { url, client, prefix, durability, timeoutMs } = checked(schema, options, "redisStore");
  if ((url === undefined) === (client === undefined)) {
    throw new ConfigError("CONFIG_INVALID", "Expected redisStore to be given either `url` or `client`.");
  }
  const place = client ? placeOf(client, prefix) : placeAt(url, prefix, load);
  return { place, prefix, durability, timeoutMs };
}

function isClient(value: unknown): boolean {
  return typeof (Object(value) as RedisClient).duplicate === "function";
}

function placeAt(given: unknown, prefix: string, load: () => RedisLibrary): RedisPlace {
  const url = typeof given === "string" && URL.canParse(given) ? new URL(given) : undefined;
  if (!url || !/^rediss?:$/.test(url.protocol) || url.hostname === "") {
    throw new ConfigError("CONFIG_INVALID", "Expected `redisStore.url` to be a URL, redis:// or rediss://, with a host.");
  }
  return {
    name: `redis:${url.hostname}:${url.port || 6379}/${prefix}`,
    connect(options) {
      const { Redis } = loadedRedis(load);
      return new Redis(url.href, options);
    },
  };
}

interface ClientOptions {
  readonly host?: string;
  readonly port?: number;
  readonly path?: string;
}

function placeOf(client: RedisClient, prefix: string): RedisPlace {
  const { isCluster } = client as unknown as RedisConnection;
  const { host = "localhost", port = 6379, path } = Object(client.options) as ClientOptions;
  // Without its client's `this` it would not know what to be like.
  const duplicate = client.duplicate.bind(client) as (...overrides: unknown[]) => unknown;
  return {
    name: isCluster ? `redis:cluster/${prefix}` : `redis:${path ?? `${host}:${port}`}/${prefix}`,
    connect(options) {
      const { lazyConnect, enableOfflineQueue, retryStrategy, ...ofNodes } = options;
      const alike = isCluster
        ? duplicate([], { lazyConnect, enableOfflineQueue, clusterRetryStrategy: retryStrategy, redisOptions: ofNodes })
        : duplicate(options);
      return alike as RedisConnection;
    },
  };
}
