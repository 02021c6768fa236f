/** Several processes with a part each in the same queues, as one: opened, started, measured and stopped together. */
import { cpus } from "node:os";
import type { QueueDefaults } from "m365-mail-daemon";
import type { Done, Progress } from "../jobs/part.js";
import type { PartPlace } from "../jobs/world.js";
import type { SimulatorPeer, WorkerPeer } from "../processes.js";
import { type RedisCounters, type RedisServer, since } from "../redis.js";
import type { RowContext } from "../row.js";
import type { Load, Mailbox } from "../simulator-process.js";

/** How the queues are held. */
export interface Form {
  readonly name: string;
  readonly workers: number;
  readonly isShared: boolean;
}

export const alone: Form = { name: "LMDB, one process", workers: 1, isShared: false };

export function together(workers: number): Form {
  return { name: `Redis, ${workers} ${workers === 1 ? "worker" : "workers"}`, workers, isShared: true };
}

/** What a span of time took. */
export interface Span {
  readonly ms: number;
  /** Of each process. */
  readonly parts: readonly Done[];
  /** Summed. */
  readonly done: Done;
  readonly simulator: Load;
  /** Empty without Redis. */
  readonly redis?: RedisCounters;
}

export interface Parts {
  open(place: PartPlace, mailboxes: readonly Mailbox[], defaults: QueueDefaults): Promise<void>;
  signIn(mailboxes: readonly Mailbox[]): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Resolves when so many messages were marked since `open`, over all parts. */
  marked(messages: number): Promise<void>;
  /** Resolves when so many queues had a round since `open`, wherever. */
  polled(queues: number): Promise<void>;
  /** Ids of the messages as they were handed over since `open`. */
  handed(): Promise<readonly string[]>;
  /** Measures while `work` goes on. */
  span(work: () => Promise<unknown>): Promise<Span>;
}

interface PartsOptions {
  readonly context: RowContext;
  readonly simulator: SimulatorPeer;
  readonly workers: number;
  readonly redis: RedisServer | undefined;
}

/** Runs `work` with fresh processes. */
export function withParts<T>({ context, simulator, workers, redis }: PartsOptions, work: (parts: Parts) => Promise<T>): Promise<T> {
  const progress = createProgress();
  return context.processes.withWorkers(simulator, { count: workers, told: progress.note }, (peers) =>
    work(partsOf(peers, { door: context.door, simulator, redis, progress })),
  );
}

function partsOf(
  peers: readonly WorkerPeer[],
  { door, simulator, redis, progress }: Pick<PartsOptions, "simulator" | "redis"> & Pick<RowContext, "door"> & { progress: ProgressSum },
): Parts {
  const all = <T>(ask: (peer: WorkerPeer) => Promise<T>): Promise<T[]> => Promise.all(peers.map(ask));
  return {
    async open(place, mailboxes, defaults) {
      progress.clear();
      const addresses = mailboxes.map(({ address }) => address);
      await all((peer) => peer.ask("open", door, place, { addresses, defaults }));
    },
    signIn: async (mailboxes) => peers[0]?.ask("signIn", mailboxes),
    start: async () => void (await all((peer) => peer.ask("startPart"))),
    stop: async () => void (await all((peer) => peer.ask("stopPart"))),
    marked: (messages) => progress.until((sum) => sum.marked >= messages),
    polled: (queues) => progress.until((sum) => sum.polled.size >= queues),
    handed: async () => (await all((peer) => peer.ask("handed"))).flat(),
    async span(work) {
      const [before, redisBefore] = [await all((peer) => peer.ask("done")), await redis?.counters()];
      await simulator.ask("beginLoad");
      const begun = performance.now();
      await work();
      const ms = performance.now() - begun;
      const load = await simulator.ask("endLoad");
      const [after, redisAfter] = [await all((peer) => peer.ask("done")), await redis?.counters()];
      const parts = after.map((one, index) => difference(before[index] as Done, one));
      const spent = redisBefore && redisAfter ? { redis: since(redisBefore, redisAfter) } : {};
      return { ms, parts, done: parts.reduce(sum), simulator: load, ...spent };
    },
  };
}

function difference(before: Done, after: Done): Done {
  return {
    cpuMs: after.cpuMs - before.cpuMs,
    turns: after.turns - before.turns,
    turnMs: after.turnMs - before.turnMs,
    polls: after.polls - before.polls,
  };
}

function sum(one: Done, other: Done): Done {
  return {
    cpuMs: one.cpuMs + other.cpuMs,
    turns: one.turns + other.turns,
    turnMs: one.turnMs + other.turnMs,
    polls: one.polls + other.polls,
  };
}

interface Sum {
  readonly marked: number;
  readonly polled: ReadonlySet<string>;
}

type ProgressSum = ReturnType<typeof createProgress>;

function createProgress() {
  const polled = new Set<string>();
  let marked = 0;
  /** Whoever waits for something to be reached. */
  const waiting = new Set<() => void>();
  const sumNow = (): Sum => ({ marked, polled });
  return {
    note(news: Progress) {
      marked += news.marked;
      for (const queue of news.polled) polled.add(queue);
      for (const look of [...waiting]) look();
    },
    clear() {
      marked = 0;
      polled.clear();
    },
    until: (isReached: (sum: Sum) => boolean) =>
      new Promise<void>((resolve) => {
        const look = () => {
          if (!isReached(sumNow())) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
}

/** Of one core, or of all: above it that is what bounds the rest. */
const busiest = { simulator: 0.7, redis: 0.7, process: 0.85, machine: 0.85 };

/** Shares of a core that each side took. */
export interface Shares {
  readonly simulator: number;
  readonly redis: number;
  /** All processes of ours. */
  readonly parts: number;
  /** What bounded it, in words. */
  readonly boundedBy: string;
}

export function sharesOf({ ms, parts, done, simulator, redis }: Span): Shares {
  const shares = { simulator: simulator.cpuMs / simulator.wallMs, redis: (redis?.cpuMs ?? 0) / ms, parts: done.cpuMs / ms };
  const all = shares.simulator + shares.redis + shares.parts;
  const cores = cpus().length;
  const bounds = [
    all > busiest.machine * cores ? `all ${cores} cores busy` : "",
    shares.simulator > busiest.simulator ? "the simulator" : "",
    shares.redis > busiest.redis ? "Redis" : "",
    parts.length === 1 && shares.parts > busiest.process ? "the process" : "",
  ].filter(Boolean);
  return { ...shares, boundedBy: bounds.length === 0 ? "none of them" : bounds.join(", ") };
}
