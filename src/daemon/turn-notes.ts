/** What lies in the store for the next turn of a queue: what the last one knew, what was asked for, whether it is paused. */
import { memoryKey, type QueueMemory, readMemory } from "../schedule/queue-memory.js";
import type { Entry, Key, Store } from "../state/store.js";

export interface TurnNotes {
  /** Empty before the first turn. */
  readonly memory: QueueMemory | undefined;
  readonly errands: readonly Entry[];
  readonly isPaused: boolean;
}

/** Beside the two others; more errands than ever wait at once. */
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
  const notes = await store.list({ prefix: [queueKey, "turn"], limit: most });
  const under = (key: Key) => notes.filter((note) => note.key[2] === key[2]);
  const [memory] = under(memoryKey(queueKey));
  return {
    memory: memory && readMemory(memory, queue).memory,
    errands: under(errandPrefix(queueKey)),
    isPaused: under(pausedKey(queueKey)).length > 0,
  };
}
