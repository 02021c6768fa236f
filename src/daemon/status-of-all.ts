/** The queues as all processes together have them: this one's from memory, the others' as their last turn left them. */
import type { Clock } from "../base/clock.js";
import { memoryKey, readMemory } from "../schedule/queue-memory.js";
import type { QueueSettings } from "../schedule/session.js";
import type { Store } from "../state/store.js";
import { type DaemonStatus, nothingUnderWay, type QueueStatus } from "./status.js";
import { pausedKey } from "./turn-notes.js";
import type { WorkerStatus } from "./workers.js";

/** `DaemonStatus` over all processes that share the queues. */
export interface StatusOfAll extends DaemonStatus {
  /** The processes seen within the last 15 s; empty where this one has its queues for itself. */
  readonly workers: readonly WorkerStatus[];
}

/** Queues read at once. */
const atOnce = 100;

/** @throws MailError `STORE_…` */
export async function statusOfAll(
  own: DaemonStatus,
  { queues, workers, store, clock }: { queues: readonly QueueSettings[]; workers: readonly WorkerStatus[]; store: Store; clock: Clock },
): Promise<StatusOfAll> {
  const here = new Map(own.queues.map((status) => [status.address, status]));
  const all: QueueStatus[] = [];
  for (let from = 0; from < queues.length; from += atOnce) {
    const some = queues.slice(from, from + atOnce);
    all.push(
      ...(await Promise.all(
        some.map(async ({ address }) => {
          const status = here.get(address);
          return status && status.state !== "elsewhere" ? status : statusOf(address, { store, clock });
        }),
      )),
    );
  }
  return { ...own, queues: all, workers };
}

async function statusOf(address: string, { store, clock }: { store: Store; clock: Clock }): Promise<QueueStatus> {
  const queueKey = address.toLowerCase();
  const [entry, paused] = await store.getMany([memoryKey(queueKey), pausedKey(queueKey)]);
  if (!entry) {
    const why = "it has had no turn yet";
    return { address, state: paused ? "paused" : "starting", why, ...nothingUnderWay };
  }
  const { memory, note } = readMemory(entry, address);
  const { poller, lateness } = memory;
  const undelivered = note.undeliveredSince === undefined ? {} : { oldestUndeliveredMs: Math.max(0, clock.now() - note.undeliveredSince) };
  return {
    address,
    state: paused ? "paused" : poller.state,
    why: paused ? "pause() was called" : poller.why,
    ...(note.remedy === undefined ? {} : { remedy: note.remedy }),
    waiting: note.waiting,
    delayed: note.delayed,
    inFlight: 0,
    marksWaiting: note.marksWaiting,
    ...(poller.lastRoundAt === undefined ? {} : { lastRoundAt: new Date(poller.lastRoundAt) }),
    stale: poller.staleSince !== undefined,
    late: lateness.lateSince !== undefined,
    ...undelivered,
    worker: note.worker,
    asOf: new Date(note.at),
  };
}
