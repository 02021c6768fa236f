/**
 * The optional package `ioredis`, as far as it is used.
 *
 * Invariant: the package is loaded when it is used and not before, and none of its types is in a declaration of ours: a host
 * without it can still compile against them.
 */
import { createRequire } from "node:module";
import { loadedPackage } from "./optional-package.js";

/** A connection of ours: to one server, or to a cluster. */
export interface RedisConnection {
  /** `ready` while commands can be sent. */
  readonly status: string;
  readonly isCluster: boolean;
  connect(): Promise<unknown>;
  /** `reconnect`: gives this connection up and makes a new one. */
  disconnect(reconnect?: boolean): void;
  on(event: "ready" | "close" | "end", listener: () => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
  off(event: "ready" | "close" | "end", listener: () => void): unknown;
  /** Lists among the parameters are parameters one after another. */
  call(command: string, ...parameters: (string | number | readonly (string | number)[])[]): Promise<unknown>;
  /** Of a cluster only. */
  nodes?(role: "master"): RedisConnection[];
}

/** A client of `ioredis` 6 that the host made, `Redis` or `Cluster`: it gives connections like its own, and is left alone otherwise. */
export interface RedisClient {
  duplicate(...overrides: never[]): unknown;
  readonly options?: unknown;
}

/** How a connection of ours behaves, in the library's own names. */
export interface RedisConnectionOptions {
  readonly lazyConnect: true;
  readonly enableOfflineQueue: false;
  readonly maxRetriesPerRequest: 0;
  readonly connectTimeout: number;
  readonly socketTimeout: number;
  readonly disconnectTimeout: number;
  readonly retryStrategy: (failures: number) => number;
}

/** What is used of `ioredis` 6. */
export interface RedisLibrary {
  readonly Redis: new (url: string, options: RedisConnectionOptions) => RedisConnection;
}

const packageName = "ioredis";

/** Loads the package as `require` does. */
export function requireRedis(): RedisLibrary {
  return createRequire(import.meta.url)(packageName) as RedisLibrary;
}

/** @throws ConfigError `CONFIG_PACKAGE_MISSING` when `load` throws */
export function loadedRedis(load: () => RedisLibrary): RedisLibrary {
  return loadedPackage({ name: packageName, neededBy: "redisStore", remedy: `Run: npm install ${packageName}@6` }, load);
}
