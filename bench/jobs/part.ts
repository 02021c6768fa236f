/**
 * One process's part in a set of queues: all of it over LMDB, or that of one among several that share them over Redis.
 * Invariant: it only counts; the parent measures, as it alone sees all parts.
 */
import { bullmqScheduler, type MailDaemon, type QueueDefaults, redisStore, type Scheduler } from "m365-mail-daemon";
import type { Mailbox } from "../simulator-process.js";
import { cpuMs } from "./measured.js";
import { benchDaemon, type DaemonPlace, type PartPlace, type SharedPlace, signInAll, type World } from "./world.js";

/** What a process has done since it began. */
export interface Done {
  /** Of the process, all its threads. */
  readonly cpuMs: number;
  /** Turns that ended; alone over LMDB, rounds. */
  readonly turns: number;
  /** From the beginning to the end of these turns, summed; 0 alone over LMDB. */
  readonly turnMs: number;
  readonly polls: number;
}

/** What is new since the last time. */
export interface Progress {
  readonly marked: number;
  /** Queues that had their first round here. */
  readonly polled: readonly string[];
}

export interface Part {
  signIn(mailboxes: readonly Mailbox[]): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
  done(): Done;
  /** Ids of the messages as they were handed over, each as often as it was. */
  handed(): readonly string[];
}

export interface PartPlan {
  readonly addresses: readonly string[];
  readonly defaults: QueueDefaults;
}

/** How often progress is told at most, milliseconds: its messages are work too. */
const tellMs = 20;

export function openPart(world: World, place: PartPlace, { addresses, defaults }: PartPlan, tell: (progress: Progress) => void): Part {
  const counts = { turns: 0, turnMs: 0, polls: 0 };
  const handed: string[] = [];
  const seen = new Set<string>();
  const polled: string[] = [];
  let marked = 0;
  /** What is new will be told. */
  let isTelling = false;

  function tellSoon(): void {
    if (isTelling) return;
    isTelling = true;
    setTimeout(() => {
      isTelling = false;
      tell({ marked, polled: polled.splice(0) });
      marked = 0;
    }, tellMs);
  }

  const daemon = daemonAt(world, place, counts, {
    queues: addresses.map((address) => ({ address })),
    defaults,
    handler: ({ message }) => void handed.push(message.id),
  });
  daemon.on("message:marked", () => {
    marked += 1;
    tellSoon();
  });
  daemon.on("queue:polled", ({ queue }) => {
    counts.polls += 1;
    if (seen.has(queue)) return;
    seen.add(queue);
    polled.push(queue);
    tellSoon();
  });

  return {
    signIn: (mailboxes) => signInAll(daemon, mailboxes),
    start: () => daemon.start(),
    stop: () => daemon.stop(),
    done: () => ({ ...counts, turns: isShared(place) ? counts.turns : counts.polls, cpuMs: cpuMs() }),
    handed: () => handed,
  };
}

function isShared(place: PartPlace): place is SharedPlace {
  return "url" in place;
}

function daemonAt(
  world: World,
  place: PartPlace,
  counts: { turns: number; turnMs: number },
  options: Parameters<typeof benchDaemon>[2],
): MailDaemon {
  if (!isShared(place)) return benchDaemon(world, place satisfies DaemonPlace, options);
  const { url, prefix } = place;
  const scheduler = counted(bullmqScheduler({ connection: url, prefix }), counts);
  return benchDaemon(world, place, { ...options, store: redisStore({ url, prefix }), scheduler });
}

/** The same scheduler, whose turns are counted and timed. */
function counted(scheduler: Scheduler, counts: { turns: number; turnMs: number }): Scheduler {
  return {
    isShared: scheduler.isShared,
    open: () => scheduler.open(),
    add(address, run, delayMs) {
      scheduler.add(
        address,
        async (turn) => {
          const begun = performance.now();
          try {
            return await run(turn);
          } finally {
            counts.turns += 1;
            counts.turnMs += performance.now() - begun;
          }
        },
        delayMs,
      );
    },
    wake: (address) => scheduler.wake(address),
    remove: (address) => scheduler.remove(address),
    stop: () => scheduler.stop(),
    get trouble() {
      return scheduler.trouble;
    },
  };
}
