/**
 * The queues of one daemon: all that it knows, those that run, and those that could not be taken.
 *
 * Invariants: an address is one queue, whatever its letter case; a queue is let go of only when its taking has ended;
 * once the store is lost none is taken any more. It must not know why the daemon starts or stops.
 */
import type { Accounts } from "../auth/accounts.js";
import { ConfigError, MailError } from "../base/errors.js";
import type { QueueSettings } from "../schedule/session.js";
import type { SweepResult } from "../schedule/sweep-verdict.js";
import type { DaemonQueue } from "./daemon-queue.js";
import { type QueueStatus, stoppedStatus } from "./status.js";

export interface Queues {
  /** Makes a queue known. @throws ConfigError `CONFIG_INVALID` when it is already */
  add(queue: QueueSettings): void;
  all(): QueueSettings[];
  /** @throws MailError `LIFECYCLE_UNKNOWN_QUEUE` */
  find(address: string): QueueSettings;
  /** @throws MailError `LIFECYCLE_UNKNOWN_QUEUE`, `LIFECYCLE_NOT_STARTED` */
  running(address: string): DaemonQueue;
  /** The queue as it runs; nothing when it does not. */
  peek(address: string): DaemonQueue | undefined;
  /** Sweeps one, or all; each to its end, whatever becomes of the others. @throws MailError the first that failed, and as `running` does */
  sweep(address?: string): Promise<SweepResult>;
  readonly runningCount: number;
  /** Queues that are worked on here at this moment. */
  readonly turns: number;
  /** Takes a known queue and begins to poll it. @throws MailError why it could not; the queue is unknown again then */
  take(queue: QueueSettings): Promise<void>;
  /**
   * Takes all, many at once; what is wrong with one queue alone (a broken record) stops only that queue.
   * @throws MailError of everything else, once those that were being taken with it have ended
   */
  takeAll(): Promise<void>;
  /** Lets go of a queue within the deadline and forgets it. Called again meanwhile it gives the same promise. */
  remove(address: string, deadlineMs: number): Promise<void>;
  /** Lets go of all that run, whatever fails. */
  close(deadlineMs: number, why: string): Promise<PromiseSettledResult<void>[]>;
  /** Ends all at once, without a write. */
  abandon(reason: MailError): void;
  /** As it is at `now`, epoch milliseconds. */
  status(now: number): QueueStatus[];
}

export interface QueuesOptions {
  readonly accounts: Pick<Accounts, "add" | "remove">;
  readonly run: (queue: QueueSettings) => Promise<DaemonQueue>;
  readonly onBroken: (queue: QueueSettings, error: MailError) => void;
}

/**
 * Queues that a start takes at once: their epochs share a transaction, which costs about a millisecond whatever its size.
 * Of more at once the process would feel the bursts.
 */
const takenAtOnce = 16;

export function createQueues({ accounts, run, onBroken }: QueuesOptions): Queues {
  /** All by address in lower case. */
  const known = new Map<string, QueueSettings>();
  /** Empty before the start and after the stop. */
  const running = new Map<string, DaemonQueue>();
  /** Queues that could not be taken at the start. */
  const broken = new Map<string, MailError>();
  /** What is under way; each leaves when it has ended. */
  const taking = new Map<string, Promise<void>>();
  const removing = new Map<string, Promise<void>>();
  /** Empty until the store was lost. */
  let lost: MailError | undefined;

  /** The one promise of a kind for a queue, until it has ended. */
  function once(promises: Map<string, Promise<void>>, key: string, work: () => Promise<void>): Promise<void> {
    const present = promises.get(key);
    if (present) return present;
    const promise = work().finally(() => promises.delete(key));
    promises.set(key, promise);
    return promise;
  }

  function add(queue: QueueSettings): void {
    const key = queue.address.toLowerCase();
    if (known.has(key)) {
      const got = `${JSON.stringify(queue.address)}, which there is already`;
      throw new ConfigError("CONFIG_INVALID", `Expected \`queue.address\` to be a new queue, got ${got}.`);
    }
    known.set(key, queue);
    accounts.add(queue);
  }

  function find(address: string): QueueSettings {
    const queue = known.get(String(address).toLowerCase());
    if (queue) return queue;
    throw new MailError("LIFECYCLE_UNKNOWN_QUEUE", `${address} is not one of the daemon's queues.`);
  }

  async function forget({ address }: QueueSettings): Promise<void> {
    const key = address.toLowerCase();
    running.delete(key);
    broken.delete(key);
    if (known.delete(key)) await accounts.remove(address);
  }

  function runningOf(address: string): DaemonQueue {
    const { address: queue } = find(address);
    const found = running.get(queue.toLowerCase());
    if (found) return found;
    const why = broken.get(queue.toLowerCase())?.message ?? "the daemon is not running.";
    throw new MailError("LIFECYCLE_NOT_STARTED", `${queue} is not being polled: ${why}`, { queue });
  }

  function takeOne(queue: QueueSettings): Promise<void> {
    const key = queue.address.toLowerCase();
    return once(taking, key, async () => {
      if (lost) throw lost;
      const one = await run(queue);
      running.set(key, one);
      if (lost) one.abandon(lost);
    });
  }

  /** The next few that neither run nor are broken: those that were added meanwhile are among them. */
  function untaken(): QueueSettings[] {
    const some: QueueSettings[] = [];
    for (const [key, queue] of known) {
      if (some.length === takenAtOnce) break;
      if (!running.has(key) && !broken.has(key)) some.push(queue);
    }
    return some;
  }

  async function takeOrBreak(queue: QueueSettings): Promise<void> {
    try {
      await takeOne(queue);
    } catch (error) {
      if (!(error instanceof MailError) || error.scope !== "queue") throw error;
      broken.set(queue.address.toLowerCase(), error);
      onBroken(queue, error);
    }
  }

  return {
    add,
    async sweep(address) {
      const asked = address === undefined ? [...known.values()].map((queue) => queue.address) : [address];
      const ends = await Promise.allSettled(asked.map(async (one) => runningOf(one).sweep()));
      return ends.reduce(sum, { listed: 0, known: 0, found: 0, gone: 0 });
    },
    find,
    all: () => [...known.values()],
    running: runningOf,
    peek: (address) => running.get(address.toLowerCase()),
    get runningCount() {
      return running.size;
    },
    get turns() {
      return [...running.values()].filter(({ mailbox }) => mailbox !== undefined).length;
    },
    take: (queue) =>
      takeOne(queue).catch(async (error: unknown) => {
        await forget(queue);
        throw error;
      }),
    async takeAll() {
      for (let some = untaken(); some.length > 0; some = untaken()) {
        const ends = await Promise.allSettled(some.map(takeOrBreak));
        for (const end of ends) if (end.status === "rejected") throw end.reason;
      }
    },
    remove(address, deadlineMs) {
      const queue = find(address);
      const key = queue.address.toLowerCase();
      return once(removing, key, async () => {
        await taking.get(key)?.catch(() => undefined); // Whoever takes it has the error.
        const one = running.get(key);
        await one?.close(deadlineMs, "removeQueue() was called");
        await one?.leave();
        await forget(queue);
      });
    },
    async close(deadlineMs, why) {
      await Promise.allSettled(taking.values());
      const closing = [...running.values()].map((queue) => queue.close(deadlineMs, why));
      const results = await Promise.allSettled([...closing, ...removing.values()]);
      running.clear();
      return results;
    },
    abandon(reason) {
      lost = reason;
      for (const queue of running.values()) queue.abandon(reason);
    },
    status: (now) => [...known].map(([key, queue]) => running.get(key)?.status(now) ?? stoppedStatus(queue, broken.get(key))),
  };
}

/** @throws the reason of a sweep that failed */
function sum(a: SweepResult, end: PromiseSettledResult<SweepResult>): SweepResult {
  if (end.status === "rejected") throw end.reason;
  const b = end.value;
  return { listed: a.listed + b.listed, known: a.known + b.known, found: a.found + b.found, gone: a.gone + b.gone };
}
