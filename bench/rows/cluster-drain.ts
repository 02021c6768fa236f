/**
 * How fast many full mailboxes drain by several processes that share them over Redis, beside one process over LMDB.
 * Invariant: over all processes every message is handed over once and is marked.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateKey } from "m365-mail-daemon";
import { maxInFlight } from "../jobs/drain.js";
import type { PartPlace } from "../jobs/world.js";
import type { SimulatorPeer } from "../processes.js";
import { allCalls, type RedisServer, withRedis } from "../redis.js";
import type { Figure, RowContext } from "../row.js";
import { median } from "../statistics.js";
import { alone, type Form, type Parts, type Shares, type Span, sharesOf, together, withParts } from "./parts.js";

export interface DrainSizes {
  readonly queues: number;
  readonly messagesEach: number;
  /** The same, drained before by the same processes so that their code is compiled; 0: none. */
  readonly warmUpQueues: number;
  readonly workers: readonly number[];
}

export interface ClusterDrain extends Shares {
  readonly form: string;
  readonly messagesPerSecond: number;
  /** Of all processes of ours. */
  readonly clientCpuPerMessageUs: number;
  readonly redisCpuPerMessageUs: number;
  /** Commands, those inside scripts included. */
  readonly redisCallsPerMessage: number;
  readonly redisWireBytesPerMessage: number;
  /** By which its memory grew from before the sign-ins to after the stop, over all messages; what the queues themselves take included. */
  readonly redisBytesPerMessage: number;
  readonly turns: number;
}

export async function drains(context: RowContext, sizes: DrainSizes): Promise<ClusterDrain[]> {
  const forms = [alone, ...sizes.workers.map(together)];
  const runs: ClusterDrain[] = [];
  for (let pair = 0; pair < context.pairs; pair += 1) {
    // Every form comes first as often as may be.
    const order = [...forms.slice(pair % forms.length), ...forms.slice(0, pair % forms.length)];
    await context.processes.withSimulator(async (simulator) => {
      for (const form of order)
        runs.push(await withPlaces(form, (places, redis) => drain(context, simulator, { form, places, redis, sizes })));
    });
  }
  return forms.map(({ name }) => middle(runs.filter(({ form }) => form === name)));
}

/** The run in the middle, by its rate: its figures belong together. */
function middle(runs: readonly ClusterDrain[]): ClusterDrain {
  const rate = median(runs.map(({ messagesPerSecond }) => messagesPerSecond));
  const byDistance = runs.toSorted((a, b) => Math.abs(a.messagesPerSecond - rate) - Math.abs(b.messagesPerSecond - rate));
  return byDistance[0] as ClusterDrain;
}

type Places = (name: string) => PartPlace;

export async function withPlaces<T>({ isShared }: Form, work: (places: Places, redis: RedisServer | undefined) => Promise<T>): Promise<T> {
  const key = generateKey();
  if (isShared) return withRedis((redis) => work((prefix) => ({ url: redis.url, prefix, key }), redis));
  const folder = await mkdtemp(join(tmpdir(), "mail-daemon-bench-"));
  try {
    return await work((name) => ({ folder: join(folder, name), key }), undefined);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface Run {
  readonly form: Form;
  readonly places: Places;
  readonly redis: RedisServer | undefined;
  readonly sizes: DrainSizes;
}

function drain(context: RowContext, simulator: SimulatorPeer, { form, places, redis, sizes }: Run): Promise<ClusterDrain> {
  return withParts({ context, simulator, workers: form.workers, redis }, async (parts) => {
    const of = (name: string, queues: number) => drainOnce({ context, simulator, form, parts, place: places(name), queues, sizes });
    if (sizes.warmUpQueues > 0) await of("before", sizes.warmUpQueues);
    const before = await redis?.counters();
    const span = await of("measured", sizes.queues);
    const after = await redis?.counters();
    const messages = sizes.queues * sizes.messagesEach;
    const run: ClusterDrain = {
      form: form.name,
      messagesPerSecond: (messages / span.ms) * 1000,
      clientCpuPerMessageUs: (span.done.cpuMs * 1000) / messages,
      redisCpuPerMessageUs: ((span.redis?.cpuMs ?? 0) * 1000) / messages,
      redisCallsPerMessage: allCalls(span.redis?.calls ?? {}) / messages,
      redisWireBytesPerMessage: (span.redis?.wireBytes ?? 0) / messages,
      redisBytesPerMessage: before && after ? (after.usedMemoryBytes - before.usedMemoryBytes) / messages : 0,
      turns: span.done.turns,
      ...sharesOf(span),
    };
    const shares = `${percent(run.parts)} ours, ${percent(run.redis)} Redis, ${percent(run.simulator)} simulator`;
    context.tell(`${form.name}: ${run.messagesPerSecond.toFixed(0)}/s, ${shares}: bounded by ${run.boundedBy}`);
    return run;
  });
}

interface OneDrain extends Pick<Run, "form" | "sizes"> {
  readonly context: RowContext;
  readonly simulator: SimulatorPeer;
  readonly parts: Parts;
  readonly place: PartPlace;
  readonly queues: number;
}

async function drainOnce({ context, simulator, form, parts, place, queues, sizes }: OneDrain): Promise<Span> {
  const messages = queues * sizes.messagesEach;
  const mailboxes = await simulator.ask("mailboxes", queues, sizes.messagesEach);
  await parts.open(place, mailboxes, { startFrom: "everything", maxInFlight });
  await parts.signIn(mailboxes);
  await simulator.ask("clearLog");
  const span = await parts.span(async () => {
    await parts.start();
    await parts.marked(messages);
    await parts.stop();
  });
  context.noteRequests(await simulator.ask("report"));
  const handed = await parts.handed();
  const distinct = new Set(handed).size;
  if (distinct !== messages) context.fault(`${form.name}: ${distinct} of ${messages} messages were handed over`);
  if (handed.length > distinct) context.fault(`${form.name}: ${handed.length - distinct} messages were handed over twice`);
  const { read, all } = await simulator.ask(
    "read",
    mailboxes.map(({ address }) => address),
  );
  if (read !== messages || all !== messages) context.fault(`${form.name}: ${read} of ${all} messages are marked, ${messages} were to be`);
  return span;
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}

export function drainFigures({ queues, messagesEach }: DrainSizes, runs: readonly ClusterDrain[]): Figure[] {
  return runs.flatMap((run) => {
    const what = (name: string) => `${queues} queues of ${messagesEach}, ${run.form}: ${name}`;
    return [
      { what: what("drained"), value: run.messagesPerSecond, unit: "messages/s", note: `bounded by ${run.boundedBy}` },
      { what: what("CPU"), value: run.clientCpuPerMessageUs, unit: "µs/message" },
      { what: what("Redis's CPU"), value: run.redisCpuPerMessageUs, unit: "µs/message" },
      { what: what("simulator busy"), value: 100 * run.simulator, unit: "% of a core" },
    ];
  });
}
