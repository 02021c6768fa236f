/**
 * The scheduler of many processes: BullMQ on Redis carries the queues' turns. Each queue is one job that never completes; whichever
 * worker is free takes it when it is due, holds its lock while the turn runs, and puts it back for the next time.
 *
 * Invariants: one turn of a queue at a time holds a lock, and its runner believes in it no longer than the lock lasts (`held-turns.ts`).
 * Redis that is away stops nothing for good: what is owed to it is done when it is back. Must not know what a turn does.
 */
import { z } from "zod";
import { checked } from "../base/check.js";
import { type Clock, systemClock } from "../base/clock.js";
import { MailError } from "../base/errors.js";
import { isClient, type RedisPlace } from "./bullmq-connection.js";
import { loadedBullmq, requirePackage } from "./bullmq-library.js";
import { type BullmqWorker, createBullmqWorker } from "./bullmq-worker.js";
import type { Scheduler } from "./scheduler.js";
import type { SchedulerCounts } from "./turn-counts.js";

export interface BullmqSchedulerOptions {
  /** A `redis://` or `rediss://` URL, options of `ioredis`, or a client of it (single server or Sentinel) of which copies are made. */
  readonly connection: RedisPlace;
  /** Sets it apart from others on the same Redis; processes with the same one share their turns. Letters, digits, `.`, `_`, `-`. Default `m365-mail-daemon`. */
  readonly prefix?: string;
  /** The most turns of this process at once, 1 to 10,000. Default 100. */
  readonly concurrency?: number;
  /**
   * Milliseconds for which a turn is this process's without a renewal, 500 to 600,000. A process that ends or freezes has its turns taken
   * over after that, and at most as long again. Default 30,000.
   */
  readonly lockMs?: number;
  /** Times renewals and delays. Default: the system clock. */
  readonly clock?: Clock;
}

export interface BullmqScheduler extends Scheduler {
  /** How it stands over all processes. @throws MailError `STORE_UNAVAILABLE` */
  counts(): Promise<SchedulerCounts>;
}

const whole = (least: number, most: number) => z.number().int().min(least).max(most);

const optionsSchema = z.strictObject({
  connection: z.custom<RedisPlace>(isPlace, {
    error: "a redis:// or rediss:// URL, options of ioredis, or a client of it that is no cluster; without a `keyPrefix`",
  }),
  prefix: z
    .string()
    .regex(/^[\w.-]+$/, { error: "letters, digits, `.`, `_` and `-`" })
    .optional(),
  concurrency: whole(1, 10_000).optional(),
  lockMs: whole(500, 600_000).optional(),
  clock: z.custom<Clock>((value) => typeof Object(value).startTimer === "function", { error: "a clock" }).optional(),
});

function isPlace(value: unknown): boolean {
  if (typeof value === "string") return URL.canParse(value) && /^rediss?:$/.test(new URL(value).protocol);
  if (typeof value !== "object" || value === null || Array.isArray(value) || Object(value).isCluster === true) return false;
  const options = isClient(value as RedisPlace) ? Object((value as { options?: unknown }).options) : value;
  return !options.keyPrefix;
}

/**
 * A scheduler for `options.scheduler` over the packages `bullmq` and `ioredis` (optional peers, loaded at `open()`).
 *
 * All processes that name the same Redis and prefix share the turns of the queues that they have. A queue should be known to all of
 * them: a worker that does not know a queue leaves its turn to another.
 * @throws ConfigError `CONFIG_INVALID` for an option; at `open()` `CONFIG_PACKAGE_MISSING` when a package is not installed
 */
export function bullmqScheduler(options: BullmqSchedulerOptions): BullmqScheduler {
  return bullmqSchedulerOver(requirePackage, options);
}

/** `bullmqScheduler` over given packages; `load` throws as `require` does. */
export function bullmqSchedulerOver(load: (name: string) => unknown, options: BullmqSchedulerOptions): BullmqScheduler {
  const {
    connection,
    prefix = "m365-mail-daemon",
    concurrency = 100,
    lockMs = 30_000,
    clock = systemClock,
  } = checked(optionsSchema, options, "bullmqScheduler");
  /** Empty while closed. */
  let worker: BullmqWorker | undefined;

  function opened(): BullmqWorker {
    if (!worker) throw new MailError("STORE_UNAVAILABLE", "The scheduler is not open.");
    return worker;
  }

  return {
    isShared: true,
    async open() {
      worker ??= await createBullmqWorker(loadedBullmq(load), { place: connection, prefix, concurrency, lockMs, clock });
    },
    add: (address, run, delayMs = 0) => opened().add(address, run, delayMs),
    wake: (address) => worker?.wake(address),
    remove: async (address) => await worker?.remove(address),
    async stop() {
      const stopping = worker;
      await stopping?.stop();
      if (worker === stopping) worker = undefined;
    },
    get trouble() {
      return worker?.trouble;
    },
    counts: () => opened().counts(),
  };
}
