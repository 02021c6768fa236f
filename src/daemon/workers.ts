/**
 * The processes that share the queues by turns: each says every few seconds that it is there, which also keeps out a
 * daemon that wants the store for itself.
 *
 * Nothing is decided by these records: they are for people to look at. Who has a queue's turn is the scheduler's matter,
 * who may write the epoch's.
 */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { z } from "zod";
import type { Clock } from "../base/clock.js";
import { asMailError, MailError } from "../base/errors.js";
import { unlessAway } from "../delivery/insist.js";
import { shareOwnership } from "../state/ownership.js";
import type { Key, Store } from "../state/store.js";
import type { WatchedStore } from "../state/watched-store.js";

/** One of the processes that share the queues, as it said of itself last. */
export interface WorkerStatus {
  /** Its name in `QueueStatus.worker`. */
  readonly worker: string;
  readonly host: string;
  readonly processId: number;
  readonly startedAt: Date;
  readonly seenAt: Date;
  /** Turns under way there. */
  readonly turns: number;
}

export interface Workers {
  /** The name of this process. */
  readonly name: string;
  /** @throws MailError `LIFECYCLE_STORE_IN_USE`, `STORE_…` */
  join(): Promise<void>;
  /** @throws MailError `STORE_…` */
  leave(): Promise<void>;
  /** Those seen of late, this one included. @throws MailError `STORE_…` */
  all(): Promise<WorkerStatus[]>;
}

export interface WorkersOptions {
  /** Must be open from `join` to `leave`. */
  readonly store: WatchedStore;
  readonly clock: Clock;
  readonly turns: () => number;
  /** A daemon has the store for itself now. */
  readonly onLost: (error: MailError) => void;
}

const beatMs = 3_000;
const expiryMs = 15_000;
const prefix: Key = ["daemon", "worker"];

const recordSchema = z.object({ host: z.string(), processId: z.number(), startedAt: z.number(), seenAt: z.number(), turns: z.number() });

export function createWorkers({ store, clock, turns, onLost }: WorkersOptions): Workers {
  const name = `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`;
  const key: Key = [...prefix, name];
  let startedAt = 0;
  /** Empty unless joined. */
  let stopTimer: (() => void) | undefined;
  /** The beat under way, or the last. */
  let beating: Promise<void> = Promise.resolve();

  function beat(): Promise<void> {
    const value: z.infer<typeof recordSchema> = {
      host: hostname(),
      processId: process.pid,
      startedAt,
      seenAt: clock.now(),
      turns: turns(),
    };
    return shareOwnership(store, { clock, expiryMs }, [{ key, value }]);
  }

  function beatLater(): void {
    const run = () => {
      beating = beat()
        .catch(unlessAway)
        .then(
          () => {
            if (stopTimer) beatLater();
          },
          (error: unknown) => onLost(lostStore(store, error)),
        );
    };
    stopTimer = clock.startTimer(run, beatMs, { background: true });
  }

  async function forgetDead(): Promise<void> {
    const dead = (await readWorkers(store)).filter(({ record }) => clock.now() - record.seenAt > 100 * expiryMs);
    if (dead.length > 0) await store.commit({ deletes: dead.map((one) => one.key) });
  }

  return {
    name,
    async join() {
      startedAt = clock.now();
      await beat();
      await forgetDead();
      beatLater();
    },
    async leave() {
      stopTimer?.();
      stopTimer = undefined;
      // A store that is away has no time of a stop: the record ends by itself.
      if (store.trouble) return;
      await beating;
      await store.commit({ deletes: [key] });
    },
    all: () => livingWorkers(store, clock),
  };
}

/** Those seen of late, by whoever asks. @throws MailError `STORE_…` */
export async function livingWorkers(store: Store, clock: Clock): Promise<WorkerStatus[]> {
  const living = (await readWorkers(store)).filter(({ record }) => clock.now() - record.seenAt <= expiryMs);
  return living.map(({ key, record: { startedAt, seenAt, ...others } }) => {
    return { worker: String(key[2]), ...others, startedAt: new Date(startedAt), seenAt: new Date(seenAt) };
  });
}

async function readWorkers(store: Store) {
  const found = await store.list({ prefix, limit: 10_000 });
  return found.map(({ key, value }) => {
    const parsed = recordSchema.safeParse(value);
    if (parsed.success) return { key, record: parsed.data };
    throw new MailError(
      "STORE_RECORD_INVALID",
      `The record of a worker in ${store.name} cannot be read: it was not written by this package.`,
    );
  });
}

function lostStore(store: Store, error: unknown): MailError {
  const { message } = asMailError(error, "STORE_UNAVAILABLE", "it failed");
  return new MailError("LIFECYCLE_LOST_STORE", `This daemon no longer shares the store ${store.name}: ${message}`, { cause: error });
}
