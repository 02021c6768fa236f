/**
 * The jobs in Redis: one for each queue, which never completes; between turns it waits for its time.
 *
 * Invariants: a wake-up is written down before the job is looked for among those that wait, and who puts a job back looks at what is
 * written down afterwards: one of the two finds the other. What could not be served at once is looked at again later: the runner may
 * have ended between the two.
 */
import { createHash, randomUUID } from "node:crypto";
import type { BullmqLibrary, RedisClient, TurnData, TurnJob, TurnQueue } from "./bullmq-library.js";

export interface TurnJobs {
  /** Makes the jobs that are not there. @throws as Redis refuses */
  make(jobs: readonly NewJob[]): Promise<void>;
  /** Those of the addresses that have no job. */
  missing(addresses: readonly string[]): Promise<string[]>;
  /** The queue's turn comes at once, or after the one that runs in whichever process. */
  wake(address: string): Promise<void>;
  /** Brings turns that are still owed. */
  serve(): Promise<void>;
  /** Ends the job's turn; the next one comes at that time (epoch milliseconds), or at once where it was woken since it began. */
  putBack(job: TurnJob, token: string, at: number): Promise<void>;
}

export interface NewJob {
  readonly address: string;
  readonly delayMs: number;
}

const chunkSize = 500;
/** What BullMQ answers where a job is not there, or is in another state. */
const absent = -1;
const elsewhere = -3;

/** Ids may have no colon and be no number. */
export function jobIdOf(address: string): string {
  return `q-${createHash("sha256").update(address.toLowerCase()).digest("base64url")}`;
}

export function createTurnJobs({ Job }: Pick<BullmqLibrary, "Job">, queue: TurnQueue, client: RedisClient): TurnJobs {
  const mine = randomUUID();
  let wakes = 0;
  /** Turns begun when a wake-up was written down that met no waiting job, by address; empty while none is owed. */
  const owed = new Map<string, string | null>();

  const keyOf = (address: string) => queue.toKey(jobIdOf(address));
  const handleOf = (data: TurnData) => new Job(queue, "turn", data, {}, jobIdOf(data.address));

  async function make(jobs: readonly NewJob[]): Promise<void> {
    for (let from = 0; from < jobs.length; from += chunkSize) {
      await queue.addBulk(
        jobs.slice(from, from + chunkSize).map(({ address, delayMs }) => ({
          name: "turn",
          data: { address: address.toLowerCase(), wake: "" },
          opts: { jobId: jobIdOf(address), delay: delayMs, removeOnComplete: true, removeOnFail: true },
        })),
      );
    }
  }

  async function wake(address: string): Promise<void> {
    const job = handleOf({ address: address.toLowerCase(), wake: `${mine}-${++wakes}` });
    if (!(await took(job.updateData(job.data), absent))) return await make([{ address, delayMs: 0 }]);
    const begun = await client.hget(keyOf(address), "ats");
    if (!(await took(job.promote(), elsewhere))) owed.set(address, begun);
  }

  async function serve(): Promise<void> {
    for (const [address, begun] of [...owed]) {
      const isServed = (await client.hget(keyOf(address), "ats")) !== begun;
      const job = handleOf({ address: address.toLowerCase(), wake: "" });
      if (isServed || (await took(job.promote(), elsewhere))) owed.delete(address);
    }
  }

  async function missing(addresses: readonly string[]): Promise<string[]> {
    const found: string[] = [];
    for (let from = 0; from < addresses.length; from += chunkSize) {
      const chunk = addresses.slice(from, from + chunkSize);
      const isWhole = (await client.exists(...chunk.map(keyOf))) === chunk.length;
      if (isWhole) continue;
      const there = await Promise.all(chunk.map((address) => client.exists(keyOf(address))));
      found.push(...chunk.filter((_, index) => there[index] === 0));
    }
    return found;
  }

  async function putBack(job: TurnJob, token: string, at: number): Promise<void> {
    try {
      await job.moveToDelayed(at, token);
    } finally {
      // Also where it failed: an answer that was lost looks the same.
      const data = await client.hget(queue.toKey(job.id), "data");
      if (data !== null && (JSON.parse(data) as TurnData).wake !== job.data.wake) await took(job.promote(), elsewhere);
    }
  }

  return { make, missing, wake, serve, putBack };
}

/** Whether it went through; `false` for the answer that is expected otherwise. */
async function took(asked: Promise<unknown>, otherwise: number): Promise<boolean> {
  try {
    await asked;
    return true;
  } catch (error) {
    if (Object(error).code === otherwise) return false;
    throw error;
  }
}
