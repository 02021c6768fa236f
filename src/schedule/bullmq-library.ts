/**
 * The optional packages `bullmq` and `ioredis`, as far as they are used.
 *
 * Invariant: they are loaded when they are used and not before, and none of their types is in a declaration of ours: a host without them
 * can still compile against it.
 */
import { createRequire } from "node:module";
import { loadedPackage } from "../base/optional-package.js";

/** A client of `ioredis`, single server or Sentinel. */
export interface RedisClient {
  /** `ready` while commands go out; `end` after the last connection. */
  readonly status: string;
  readonly options: object;
  duplicate(options?: object): RedisClient;
  /** Ends the connection; with `true` another one is made. */
  disconnect(again?: boolean): void;
  on(event: "ready" | "close" | "end", heard: () => void): unknown;
  on(event: "error", heard: (error: Error) => void): unknown;
  off(event: "ready" | "close" | "end", heard: () => void): unknown;
  ping(): Promise<unknown>;
  hget(key: string, field: string): Promise<string | null>;
  exists(...keys: string[]): Promise<number>;
  zcount(key: string, from: number, to: number): Promise<number>;
}

/** What a job keeps of its queue. */
export interface TurnData {
  /** In lower case. */
  readonly address: string;
  /** Another one since a turn began: it was woken meanwhile. */
  readonly wake: string;
}

/** A job of BullMQ: the turns of one queue. */
export interface TurnJob {
  readonly id: string;
  readonly data: TurnData;
  /** Since when nobody knows the queue, epoch milliseconds; 0 while somebody does. */
  readonly progress: unknown;
  /** Epoch milliseconds at which it was asked for. */
  readonly processedOn?: number;
  moveToDelayed(at: number, token: string): Promise<void>;
  updateProgress(progress: number): Promise<void>;
  updateData(data: TurnData): Promise<void>;
  promote(): Promise<void>;
}

interface Heard {
  on(event: "error", heard: (error: Error) => void): unknown;
  waitUntilReady(): Promise<unknown>;
}

export interface TurnQueue extends Heard {
  toKey(name: string): string;
  addBulk(jobs: readonly { name: string; data: TurnData; opts: object }[]): Promise<unknown>;
  getWorkersCount(): Promise<number>;
  getJobCounts(...states: string[]): Promise<Record<string, number>>;
  close(): Promise<void>;
}

export interface TurnWorker extends Heard {
  run(): Promise<void>;
  pause(withoutWaiting: boolean): Promise<void>;
  close(force: boolean): Promise<void>;
  extendJobLocks(ids: readonly string[], tokens: readonly string[], lockMs: number): Promise<readonly string[]>;
  getBackend(): {
    readonly blockingClient: Promise<RedisClient> | undefined;
    /** Those whose lock is over, where it was so at the last look already, go to another; not more often than `stalledInterval` says. */
    moveStalledJobsToWait(): Promise<unknown>;
  };
}

export interface BullmqLibrary {
  readonly Queue: new (name: string, options: object) => TurnQueue;
  readonly Worker: new (name: string, run: (job: TurnJob, token: string) => Promise<void>, options: object) => TurnWorker;
  readonly Job: new (queue: TurnQueue, name: string, data: TurnData, options: object, id: string) => TurnJob;
  readonly DelayedError: new () => Error;
}

interface IoredisLibrary {
  readonly Redis: new (...place: (string | object)[]) => RedisClient;
}

export interface BullmqPackages {
  readonly bullmq: BullmqLibrary;
  readonly ioredis: IoredisLibrary;
}

/** Loads a package as `require` does. */
export const requirePackage = createRequire(import.meta.url) as (name: string) => unknown;

/** @throws ConfigError `CONFIG_PACKAGE_MISSING` when `load` throws */
export function loadedBullmq(load: (name: string) => unknown): BullmqPackages {
  const loaded = (name: string) =>
    loadedPackage({ name, neededBy: "bullmqScheduler", remedy: "Run: npm install bullmq ioredis" }, () => load(name));
  return { bullmq: loaded("bullmq") as BullmqLibrary, ioredis: loaded("ioredis") as IoredisLibrary };
}
