/** The queues as all processes together have them: this one's from memory, the others' as their last turn left them. */
import type { Clock } from "../base/clock.js";
import { memoryKey, readMemory } from "../schedule/queue-memory.js";
import type { QueueSettings } from "../schedule/session.js";
import type { Store } from "../state/store.js";
import { type DaemonStatus, nothingUnderWay, type QueueStatus } from "./status.js";
import { isPaused, pausedKey, resumedAtOf } from "./turn-notes.js";
import type { WorkerStatus } from "./workers.js";

/** `DaemonStatus` over all processes that share the queues. */
export interface StatusOfAll extends DaemonStatus {
  /** The processes seen within the last 15 s; empty where this one has its queues for itself. */
  readonly workers: readonly WorkerStatus[];
}

interface Reading {
  readonly store: Store;
  readonly clock: Clock;
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
        some.map(async (queue) => {
          const status = here.get(queue.address);
          return status && status.state !== "elsewhere" ? status : statusOf(queue, { store, clock });
        }),
      )),
    );
  }
  return { ...own, queues: all, workers };
}

/** What is wrong with the records of one queue is its own matter. */
async function statusOf(queue: QueueSettings, from: Reading): Promise<QueueStatus> {
  const { address } = queue;
  const queueKey = address.toLowerCase();
  const [entry, paused] = await from.store.getMany([memoryKey(queueKey), pausedKey(queueKey)]);
  const rests = isPaused(paused);
  const { memory, note, error } = entry ? readMemory(entry, address) : {};
  if (!memory || !note) {
    const why = error ? `${error.code}: ${error.message}` : "no turn of it has ended yet";
    return { address, state: rests ? "paused" : "starting", why, ...nothingUnderWay };
  }
  const { poller } = memory;
  const now = from.clock.now();
  const undeliveredMs = note.undeliveredSince === undefined ? undefined : Math.max(0, now - note.undeliveredSince);
  const roundlessSince = Math.max(poller.lastRoundAt ?? poller.roundlessSince, resumedAtOf(paused) ?? 0);
  return {
    address,
    state: rests ? "paused" : poller.state,
    why: rests ? "pause() was called" : poller.why,
    ...(note.remedy === undefined ? {} : { remedy: note.remedy }),
    waiting: note.waiting,
    delayed: note.delayed,
    inFlight: 0,
    marksWaiting: note.marksWaiting,
    ...(poller.lastRoundAt === undefined ? {} : { lastRoundAt: new Date(poller.lastRoundAt) }),
    // Also where no process has a turn of it any more, and none tells.
    stale: !rests && now - roundlessSince > queue.staleAfterMs,
    late: queue.lateAfterMs > 0 && undeliveredMs !== undefined && undeliveredMs > queue.lateAfterMs,
    ...(undeliveredMs === undefined ? {} : { oldestUndeliveredMs: undeliveredMs }),
    worker: note.worker,
    asOf: new Date(note.at),
  };
}
