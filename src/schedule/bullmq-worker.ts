/**
 * This process's part in the turns of all: it knows some queues, takes their jobs as they are due, runs their turns and puts them back.
 *
 * Invariants: a queue has one run under way here, whatever its locks say, and after `remove` or `stop` none. A job of a queue that is not
 * known here is left to others, and ends when nobody has known it for long. Nothing waits for Redis for ever.
 */
import type { Clock } from "../base/clock.js";
import { inTime } from "../base/in-time.js";
import { openConnection, type RedisPlace, unavailable, within } from "./bullmq-connection.js";
import type { BullmqPackages, TurnJob } from "./bullmq-library.js";
import { createHeldTurns, type HeldTurn, type Lock } from "./held-turns.js";
import type { RunTurn, Scheduler } from "./scheduler.js";
import { createStalledTurns } from "./stalled-turns.js";
import { countTurns, type SchedulerCounts } from "./turn-counts.js";
import { createTurnJobs, jobIdOf, type NewJob } from "./turn-jobs.js";

export interface BullmqWorker extends Pick<Scheduler, "add" | "wake" | "remove" | "stop" | "trouble"> {
  counts(): Promise<SchedulerCounts>;
}

export interface BullmqWorkerOptions {
  readonly place: RedisPlace;
  readonly prefix: string;
  readonly concurrency: number;
  readonly lockMs: number;
  readonly clock: Clock;
}

interface Slot {
  readonly address: string;
  readonly run: RunTurn;
  /** A wake-up came during the turn that runs here. */
  woken: boolean;
  removed: boolean;
}

const queueName = "turns";
/** Between looks for what got lost in Redis. */
const lookMs = 60_000;
/** A queue that no process has known for as long is forgotten. */
const unknownMs = 600_000;
/** "When woken": the times of BullMQ end in 2039. */
const farMs = 365 * 86_400_000;
const shortlyMs = 1_000;
/** How long each step of a stop waits for a Redis that does not answer. */
const stopMs = 5_000;

/** Connects. @throws MailError `STORE_UNAVAILABLE` */
export async function createBullmqWorker(packages: BullmqPackages, options: BullmqWorkerOptions): Promise<BullmqWorker> {
  const { Queue, Worker, DelayedError } = packages.bullmq;
  const { place, concurrency, lockMs, clock } = options;
  /** By job id. */
  const slots = new Map<string, Slot>();
  /** Runs under way, by job id; they never reject. */
  const running = new Map<string, Promise<number>>();
  /** What Redis is asked for beside. */
  const errands = new Set<Promise<void>>();
  /** Still to be made in Redis; empty but for a moment. */
  let toMake: NewJob[] = [];
  /** The worker's loop; empty before the first `add`. */
  let loop: Promise<void> | undefined;
  let stopping = false;
  /** Clears the timer of the next look; empty before the first `add` and after `stop`. */
  let stopTimer: (() => void) | undefined;

  const stalledMs = Math.ceil(lockMs / 2);
  const link = await openConnection(packages, place, { clock, onReady });
  const { client } = link;
  const shared = { connection: client, prefix: `{${options.prefix}}` };
  const queue = new Queue(queueName, { ...shared, streams: { events: { maxLen: 1_000 } } });
  const worker = new Worker(queueName, take, {
    ...shared,
    concurrency,
    autorun: false,
    lockDuration: lockMs,
    // Ours tell which turn is lost, and count from when they were asked for.
    skipLockRenewal: true,
    // Nor does it know when to be patient.
    skipStalledCheck: true,
    stalledInterval: stalledMs,
    maxStalledCount: Number.MAX_SAFE_INTEGER,
    runRetryDelay: shortlyMs,
  });
  queue.on("error", link.failed);
  worker.on("error", link.failed);
  const jobs = createTurnJobs(packages.bullmq, queue, client);
  const turns = createHeldTurns({ clock, lockMs, renew, onRenewal: link.heard });
  const stalled = createStalledTurns({ clock, everyMs: stalledMs, look: findStalled });
  await begin();

  async function begin(): Promise<void> {
    /** Empty where nothing was refused, and nothing came. */
    let refusal: unknown;
    const ready = Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
    const isReady = ready.then(
      () => true,
      (cause: unknown) => {
        refusal = cause;
        return false;
      },
    );
    await within(clock, stopMs, ready);
    if (await Promise.race([isReady, false])) return turns.look();
    const { message } = (link.trouble?.cause ?? new Error("no answer")) as Error;
    refusal ??= new Error(`it gave one connection and not a second one within ${stopMs} ms (${message})`);
    await stop();
    throw unavailable(link.name, refusal);
  }

  function onReady(): void {
    // After a time without Redis; not the first time.
    if (loop === undefined || stopping) return;
    stalled.wait();
    turns.look();
    look();
  }

  async function renew(locks: readonly Lock[]): Promise<readonly string[]> {
    if (client.status !== "ready") throw link.trouble ?? unavailable(link.name, new Error("not connected"));
    try {
      if (locks.length === 0) await client.ping();
      else return await worker.extendJobLocks(ids(locks), tokens(locks), lockMs);
    } catch (cause) {
      throw unavailable(link.name, cause);
    }
    return [];
  }

  function findStalled(): void {
    // What is asked while it is away would be carried out as soon as it is back.
    if (client.status === "ready") errand(worker.getBackend().moveStalledJobsToWait());
  }

  /** Asks Redis for something that nobody waits for. */
  function errand(asked: Promise<unknown>): void {
    const done = asked.then(
      () => undefined,
      (error: unknown) => failed(error),
    );
    errands.add(done);
    void done.then(() => errands.delete(done));
  }

  /** A refusal by BullMQ (a negative number) is no trouble of Redis: the job went on elsewhere, or is gone and made again by a look. */
  function failed(error: unknown): void {
    if (typeof Object(error).code !== "number") link.failed(error);
  }

  function make(): void {
    const made = toMake;
    toMake = [];
    errand(jobs.make(made));
    // Not before there is something to take: what is not known here would go around.
    if (loop === undefined) {
      loop = worker.run().catch(link.failed);
      stalled.wait();
    }
    if (stopTimer === undefined) lookLater();
  }

  function lookLater(): void {
    stopTimer?.();
    if (!stopping) stopTimer = clock.startTimer(look, lookMs);
  }

  /** For what is missing in Redis, and for turns that are still owed. */
  function look(): void {
    lookLater();
    errand(jobs.serve());
    errand(
      jobs.missing([...slots.values()].map(({ address }) => address)).then((lost) => {
        return jobs.make(lost.filter((address) => slots.has(jobIdOf(address))).map((address) => ({ address, delayMs: 0 })));
      }),
    );
  }

  /** BullMQ's processor. The job is put back by then, completes (which removes it), or keeps its lock until others find it stalled. */
  async function take(job: TurnJob, token: string): Promise<void> {
    const slot = slots.get(job.id);
    try {
      if (stopping) await putBack(job, token, 0);
      else if (running.has(job.id)) await putBack(job, token, shortlyMs);
      else if (slot) await runOne(slot, job, token);
      else if (isForgotten(job)) return;
      else await leave(job, token);
    } catch (error) {
      failed(error);
    }
    throw new DelayedError();
  }

  async function runOne(slot: Slot, job: TurnJob, token: string): Promise<void> {
    slot.woken = false;
    if (job.progress) errand(job.updateProgress(0));
    const askedMs = Math.max(0, clock.now() - (job.processedOn ?? 0));
    const held = turns.hold({ id: job.id, token, queue: slot.address }, askedMs);
    const run = runTurn(slot, held);
    running.set(job.id, run);
    const delayMs = await run;
    running.delete(job.id);
    const { isLost } = held;
    held.release();
    const isAtOnce = stopping || slot.removed || slot.woken;
    if (!isLost) await putBack(job, token, isAtOnce ? 0 : delayMs);
    else if (slot.woken && !slot.removed) wake(slot.address);
  }

  async function runTurn({ run }: Slot, held: HeldTurn): Promise<number> {
    if (held.isLost) return shortlyMs;
    try {
      return await run(held.turn);
    } catch (error) {
      link.failed(error);
      return shortlyMs;
    }
  }

  async function putBack(job: TurnJob, token: string, delayMs: number): Promise<void> {
    await jobs.putBack(job, token, clock.now() + Math.min(Math.ceil(delayMs), farMs));
  }

  const unknownSince = (job: TurnJob) => Number(job.progress) || clock.now();
  const isForgotten = (job: TurnJob) => clock.now() - unknownSince(job) >= unknownMs;

  /** A job of a queue that others may know. */
  async function leave(job: TurnJob, token: string): Promise<void> {
    const since = unknownSince(job);
    if (!job.progress) await job.updateProgress(since);
    await putBack(job, token, Math.min(30_000, Math.max(shortlyMs, (clock.now() - since) / 10)));
  }

  function wake(address: string): void {
    const id = jobIdOf(address);
    const slot = slots.get(id);
    if (!slot) return;
    if (running.has(id)) slot.woken = true;
    else errand(jobs.wake(address));
  }

  async function remove(address: string): Promise<void> {
    const id = jobIdOf(address);
    const slot = slots.get(id);
    slots.delete(id);
    if (slot) slot.removed = true;
    await running.get(id);
  }

  async function stop(): Promise<void> {
    stopping = true;
    stopTimer?.();
    stalled.stop();
    await worker.pause(true);
    await Promise.all(running.values());
    turns.stop();
    // One that never stood is closed with the worker.
    const copy = await inTime(clock, 0, Promise.resolve(worker.getBackend().blockingClient)).catch(() => undefined);
    const isThere = await link.end(copy?.value);
    if (isThere) await within(clock, stopMs, Promise.all(errands));
    const closed = worker.close(false);
    await within(clock, isThere ? stopMs : 0, Promise.all([closed, loop]));
    // What still waits for an answer is refused by this.
    await link.close();
    await within(clock, stopMs, Promise.all([closed, loop, queue.close()]));
    slots.clear();
  }

  return {
    add(address, run, delayMs = 0) {
      slots.set(jobIdOf(address), { address, run, woken: false, removed: false });
      if (toMake.push({ address, delayMs }) === 1) queueMicrotask(make);
    },
    wake,
    remove,
    stop,
    get trouble() {
      return link.trouble;
    },
    counts: () =>
      countTurns(queue, client, clock).catch((cause: unknown) => {
        throw unavailable(link.name, cause);
      }),
  };
}

const ids = (locks: readonly Lock[]) => locks.map(({ id }) => id);
const tokens = (locks: readonly Lock[]) => locks.map(({ token }) => token);
