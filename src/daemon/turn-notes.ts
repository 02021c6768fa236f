/** What lies in the store for the next turn of a queue: what the last one knew, what was asked for, whether it is paused. */
import type { MailError } from "../base/errors.js";
import { type MemoryReading, memoryKey, type QueueMemory, readMemory } from "../schedule/queue-memory.js";
import type { Entry, Key, Store } from "../state/store.js";

export interface TurnNotes {
  /** Empty before the first turn, and where it cannot be read. */
  readonly memory: QueueMemory | undefined;
  /** Why it cannot be read; empty where it can. */
  readonly unread?: MailError | undefined;
  readonly errands: readonly Entry[];
  readonly isPaused: boolean;
  /** Epoch milliseconds of the last resuming; 0 before one. */
  readonly resumedAt: number;
}

/** Errands that are looked at at once. */
const most = 1_000;

/** Where a pause of the queue lies, which holds in all processes. */
export function pausedKey(queueKey: string): Key {
  return [queueKey, "turn", "paused"];
}

/** Where errands lie. */
export function errandPrefix(queueKey: string): Key {
  return [queueKey, "turn", "errand"];
}

/** `queue`: as configured. @throws MailError `STORE_…` */
export async function readTurnNotes(store: Store, queue: string): Promise<TurnNotes> {
  const queueKey = queue.toLowerCase();
  const [[memory, paused], errands] = await Promise.all([
    store.getMany([memoryKey(queueKey), pausedKey(queueKey)]),
    store.list({ prefix: errandPrefix(queueKey), limit: most }),
  ]);
  const reading: Partial<MemoryReading> = memory ? readMemory(memory, queue) : {};
  return {
    memory: reading.memory,
    unread: reading.error,
    errands,
    isPaused: isPaused(paused),
    resumedAt: resumedAtOf(paused) ?? 0,
  };
}

/** `note`: what lies under `pausedKey`. */
export function isPaused(note: Pick<Entry, "value"> | undefined): boolean {
  return note !== undefined && resumedAtOf(note) === undefined;
}

/** Empty while it is paused, and where it never was. */
export function resumedAtOf(paused: Pick<Entry, "value"> | undefined): number | undefined {
  const { resumedAt } = (paused?.value ?? {}) as { readonly resumedAt?: unknown };
  return typeof resumedAt === "number" ? resumedAt : undefined;
}
