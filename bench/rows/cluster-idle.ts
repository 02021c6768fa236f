/**
 * What the turns of queues without mail cost where several processes share them over Redis, beside one process over LMDB: at an
 * easy rate, and as many as they can.
 */
import { setTimeout as wait } from "node:timers/promises";
import type { PartPlace } from "../jobs/world.js";
import type { SimulatorPeer } from "../processes.js";
import { allCalls, type RedisServer } from "../redis.js";
import type { Figure, RowContext } from "../row.js";
import type { Mailbox } from "../simulator-process.js";
import { percent, withPlaces } from "./cluster-drain.js";
import { alone, type Form, type Parts, type Shares, type Span, sharesOf, together, withParts } from "./parts.js";

export interface IdleSizes {
  readonly queues: number;
  /** Between the rounds of a queue, milliseconds: a rate that leaves the machine room. */
  readonly easyMs: number;
  /** The same: more than they can. */
  readonly hardMs: number;
  readonly windowMs: number;
  readonly workers: readonly number[];
}

/** Milliseconds between the first rounds of a start and the measurement. */
const settleMs = 5_000;

/** A span of idle turns; what is per turn is so over all processes. */
export interface IdleSpan extends Shares {
  readonly turnsPerSecond: number;
  readonly pollsPerTurn: number;
  /** From the beginning to the end of a turn; 0 alone over LMDB. */
  readonly turnMs: number;
  readonly clientCpuPerTurnUs: number;
  readonly redisCpuPerTurnUs: number;
  /** Commands by name, those inside scripts included. */
  readonly redisCallsPerTurn: Readonly<Record<string, number>>;
  readonly redisWireBytesPerTurn: number;
}

export interface ClusterIdle {
  readonly form: string;
  readonly easy: IdleSpan;
  readonly hard: IdleSpan;
}

export interface Idles {
  readonly runs: readonly ClusterIdle[];
  /** Of a queue that is signed in and had turns, all of it: sign-in, cursor, memory, job. */
  readonly redisBytesPerQueue: number;
  readonly redisKeysPerQueue: number;
}

export async function idles(context: RowContext, sizes: IdleSizes): Promise<Idles> {
  return context.processes.withSimulator(async (simulator) => {
    const inOne = await filled(context, simulator, alone, sizes, ({ place, mailboxes }) =>
      idle({ context, simulator, form: alone, place, mailboxes, redis: undefined, sizes }),
    );
    return filled(context, simulator, together(1), sizes, async ({ place, mailboxes, redis, bytesBefore, keysBefore }) => {
      const runs = [inOne];
      for (const workers of sizes.workers) {
        runs.push(await idle({ context, simulator, form: together(workers), place, mailboxes, redis, sizes }));
      }
      const { usedMemoryBytes, keys } = (await redis?.counters()) ?? { usedMemoryBytes: 0, keys: 0 };
      const per = (bytes: number) => bytes / sizes.queues;
      return { runs, redisBytesPerQueue: per(usedMemoryBytes - bytesBefore), redisKeysPerQueue: per(keys - keysBefore) };
    });
  });
}

interface Filled {
  readonly place: PartPlace;
  readonly mailboxes: readonly Mailbox[];
  readonly redis: RedisServer | undefined;
  readonly bytesBefore: number;
  readonly keysBefore: number;
}

/** Runs `work` with a store of so many queues that are signed in and had a round each. */
function filled<T>(
  context: RowContext,
  simulator: SimulatorPeer,
  form: Form,
  { queues, easyMs }: IdleSizes,
  work: (store: Filled) => Promise<T>,
): Promise<T> {
  return withPlaces(form, async (places, redis) => {
    const place = places("idle");
    const mailboxes = await simulator.ask("mailboxes", queues, 0);
    const before = await redis?.counters();
    await withParts({ context, simulator, workers: 1, redis }, async (parts) => {
      await parts.open(place, mailboxes, { pollIntervalMs: easyMs, minPollIntervalMs: easyMs });
      await parts.signIn(mailboxes);
      await parts.start();
      await parts.polled(queues);
      await parts.stop();
    });
    context.tell(`${form.isShared ? "Redis" : "LMDB"}: ${queues} queues signed in and polled once`);
    return work({ place, mailboxes, redis, bytesBefore: before?.usedMemoryBytes ?? 0, keysBefore: before?.keys ?? 0 });
  });
}

interface Run extends Omit<Filled, "bytesBefore" | "keysBefore"> {
  readonly context: RowContext;
  readonly simulator: SimulatorPeer;
  readonly form: Form;
  readonly sizes: IdleSizes;
}

function idle(run: Run): Promise<ClusterIdle> {
  const { context, simulator, form, redis, sizes } = run;
  return withParts({ context, simulator, workers: form.workers, redis }, async (parts) => {
    // The hard one compiles the code for the easy one.
    const hard = await spanOf(run, parts, "hard", sizes.hardMs);
    const easy = await spanOf(run, parts, "easy", sizes.easyMs);
    return { form: form.name, easy, hard };
  });
}

async function spanOf(
  { context, simulator, form, place, mailboxes, sizes }: Run,
  parts: Parts,
  name: string,
  intervalMs: number,
): Promise<IdleSpan> {
  await simulator.ask("clearLog");
  await parts.open(place, mailboxes, { pollIntervalMs: intervalMs, minPollIntervalMs: intervalMs });
  await parts.start();
  await parts.polled(mailboxes.length);
  // The rounds after the first are the ordinary ones.
  await wait(Math.min(intervalMs, settleMs));
  const span = await parts.span(() => wait(sizes.windowMs));
  await parts.stop();
  const report = await simulator.ask("report");
  context.noteRequests(report);
  if (span.done.turns === 0) context.fault(`${form.name}: no turn in ${sizes.windowMs} ms`);
  if (report.requests.token !== undefined)
    context.fault(`${form.name}: ${report.requests.token} tokens were asked for, all were in the store`);
  const idle = idleSpan(span);
  const shares = `${percent(idle.parts)} ours, ${percent(idle.redis)} Redis, ${percent(idle.simulator)} simulator`;
  context.tell(`${form.name}, ${name}: ${idle.turnsPerSecond.toFixed(0)} turns/s, ${shares}: bounded by ${idle.boundedBy}`);
  return idle;
}

function idleSpan(span: Span): IdleSpan {
  const { done, ms, redis } = span;
  const per = (value: number) => value / done.turns;
  const calls = Object.entries(redis?.calls ?? {}).map(([name, count]): [string, number] => [name, per(count)]);
  return {
    turnsPerSecond: (done.turns / ms) * 1000,
    pollsPerTurn: per(done.polls),
    turnMs: per(done.turnMs),
    clientCpuPerTurnUs: per(done.cpuMs * 1000),
    redisCpuPerTurnUs: per((redis?.cpuMs ?? 0) * 1000),
    redisCallsPerTurn: Object.fromEntries(calls),
    redisWireBytesPerTurn: per(redis?.wireBytes ?? 0),
    ...sharesOf(span),
  };
}

export function idleFigures({ queues }: IdleSizes, { runs, redisBytesPerQueue, redisKeysPerQueue }: Idles): Figure[] {
  return [
    ...runs.flatMap(({ form, easy, hard }) => {
      const what = (name: string) => `${queues} idle queues, ${form}: ${name}`;
      const own = [
        { what: what("turns at most"), value: hard.turnsPerSecond, unit: "/s", note: `bounded by ${hard.boundedBy}` },
        {
          what: what("CPU per turn"),
          value: easy.clientCpuPerTurnUs,
          unit: "µs",
          note: `at ${easy.turnsPerSecond.toFixed(0)} turns a second`,
        },
      ];
      if (easy.redis === 0) return own;
      return [
        ...own,
        { what: what("Redis's CPU per turn"), value: easy.redisCpuPerTurnUs, unit: "µs" },
        { what: what("Redis commands per turn"), value: allCalls(easy.redisCallsPerTurn), unit: "", note: "those inside scripts included" },
        { what: what("bytes to and from Redis per turn"), value: easy.redisWireBytesPerTurn, unit: "B" },
        { what: what("a turn takes"), value: easy.turnMs, unit: "ms" },
      ];
    }),
    { what: "Redis memory of a signed-in queue", value: redisBytesPerQueue / 1000, unit: "kB" },
    { what: "Redis keys of a signed-in queue", value: redisKeysPerQueue, unit: "" },
  ];
}
