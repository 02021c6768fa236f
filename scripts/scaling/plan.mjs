/**
 * The worked plan of docs/scaling.md: how many turns, requests, workers and Redis servers so many queues want. What is chosen
 * stands in `chosen`; all else is measured, or follows.
 */
import { callsOf, clusterFigure, clusterOf, shown } from "./cluster.mjs";

/** @typedef {import("./cluster.mjs").ClusterResults} ClusterResults */

/** What Graph allows one application in ten seconds; a gate compares it with the daemon's own. */
export const applicationLimit = 130_000;

/** Another installation puts its own here. */
const chosen = {
  queues: 100_000,
  intervalS: 30,
  mailsPerQueueAndDay: 20,
  workingHours: 8,
  /** The busiest minute over the mean of the working day. */
  peak: 3,
  /** Graph's answer to a small request, milliseconds. */
  graphMs: 150,
  /** The host's handler, milliseconds: a turn lasts until its deliveries are settled. */
  handlerMs: 500,
  /** The most of a core that a process, or Redis, is planned for. */
  headroom: 0.6,
  coresPerMachine: 4,
  /** A message stays known for as long after it was last in a watched folder; and the days a week with mail. */
  knownDays: 90,
  mailDaysPerWeek: 5,
  tokenMinutes: 75,
  longTokenHours: 28,
};

/** A token is refreshed, on the mean, when so much of its life has passed. */
const refreshedAfter = 0.85;
/** Of a message that arrives, counted singly: its content is fetched, its mark is set. */
const partsPerMessage = 2;

/** @param {number} value */
const whole = (value) => Math.round(value).toLocaleString("en");

/** @param {ClusterResults} results @returns {string} */
export function planTable(results) {
  const { idle, drained } = clusterOf(results);
  const shared = idle.runs.filter(({ hard }) => hard.redis > 0);
  const worst = (/** @type {(run: (typeof shared)[number]) => number} */ what) => Math.max(...shared.map(what));
  const most = (/** @type {(run: (typeof drained)[number]) => number} */ what) => Math.max(...drained.map(what));
  const turnUs = worst(({ hard }) => hard.clientCpuPerTurnUs);
  const redisTurnUs = worst(({ hard }) => hard.redisCpuPerTurnUs);
  const messageUs = most((run) => run.clientCpuPerMessageUs);
  const redisMessageUs = most((run) => run.redisCpuPerMessageUs);
  const turnCalls = worst(({ hard }) => callsOf(hard.redisCallsPerTurn));
  const messageCalls = most((run) => run.redisCallsPerMessage);
  const turnBytes = worst(({ hard }) => hard.redisWireBytesPerTurn);
  const messageBytes = most((run) => run.redisWireBytesPerMessage);
  const ownTurnMs = worst(({ easy }) => easy.turnMs);
  const queueBytes = idle.redisBytesPerQueue;
  const knownBytes = clusterFigure(results, "Redis memory of a known message");

  const { queues, intervalS, mailsPerQueueAndDay, workingHours, peak, graphMs, handlerMs, headroom, coresPerMachine } = chosen;
  const { knownDays, mailDaysPerWeek, tokenMinutes, longTokenHours } = chosen;
  const turns = queues / intervalS;
  const mails = queues * mailsPerQueueAndDay;
  const messages = (mails / (workingHours * 3600)) * peak;
  const requests = (turns + messages * partsPerMessage) * 10;
  const turnMs = graphMs + ownTurnMs;
  const deliveryMs = handlerMs + partsPerMessage * graphMs;
  const atOnce = (turns * turnMs + messages * deliveryMs) / 1000;
  const cores = (turns * turnUs + messages * messageUs) / 1e6;
  const redisCores = (turns * redisTurnUs + messages * redisMessageUs) / 1e6;
  const groups = Math.ceil(redisCores / headroom);
  const needed = Math.ceil(cores / headroom / groups);
  const workers = (needed + 1) * groups;
  const machines = Math.max(Math.ceil(workers / coresPerMachine), needed + 1);
  const calls = turns * turnCalls + messages * messageCalls;
  const wire = ((turns * turnBytes + messages * messageBytes) * 8) / 1e6;
  const known = mailsPerQueueAndDay * ((knownDays * mailDaysPerWeek) / 7);
  const memory = (queues * (queueBytes + known * knownBytes)) / 1e9;
  const refreshes = (minutes = 0) => queues / ((minutes / 60) * refreshedAfter);

  const lines = [
    ["turns a second", `${whole(queues)} queues / ${intervalS} s`, whole(turns)],
    [
      "messages a second, in the busiest minute",
      `${whole(queues)} × ${mailsPerQueueAndDay} mails / ${workingHours} h working day × ${peak}`,
      whole(messages),
    ],
    [
      "Graph requests in 10 s",
      `(${whole(turns)} turns × 1 + ${whole(messages)} messages × ${partsPerMessage}) × 10`,
      `${whole(requests)} of ${whole(applicationLimit)}, ${Math.round((requests / applicationLimit) * 100)} %`,
    ],
    ["a turn takes", `${graphMs} ms for Graph's answer + ${shown(ownTurnMs)} ms`, `${shown(turnMs)} ms`],
    ["a delivery keeps its turn for", `${handlerMs} ms of your handler + ${partsPerMessage} × ${graphMs} ms of Graph`, `${deliveryMs} ms`],
    ["turns at once", `${whole(turns)} × ${shown(turnMs)} ms + ${whole(messages)} messages × ${deliveryMs} ms`, whole(atOnce)],
    [
      "cores for the workers",
      `${whole(turns)} turns × ${shown(turnUs)} µs + ${whole(messages)} messages × ${shown(messageUs)} µs, your handlers not counted`,
      shown(cores),
    ],
    [
      "cores for Redis",
      `${whole(turns)} turns × ${shown(redisTurnUs)} µs + ${whole(messages)} messages × ${shown(redisMessageUs)} µs`,
      shown(redisCores),
    ],
    ["Redis servers, as each works on one core", `${shown(redisCores)} / ${headroom}`, whole(groups)],
    ["queues of each Redis", `${whole(queues)} / ${groups}`, whole(queues / groups)],
    [
      "workers of each Redis, one of them to spare",
      `${shown(cores)} cores / ${headroom} / ${groups} = ${shown(cores / headroom / groups)}, so ${needed} + 1`,
      whole(needed + 1),
    ],
    ["workers in all", `${groups} × ${needed + 1}`, whole(workers)],
    [
      `machines of ${coresPerMachine} cores, no two workers of one Redis on the same`,
      `${workers} / ${coresPerMachine}, at least ${needed + 1}`,
      whole(machines),
    ],
    [
      "`concurrency` of each worker, at least",
      `${whole(atOnce)} / (${groups} × ${needed}) × 2 for what comes unevenly`,
      whole(Math.ceil((atOnce / (groups * needed)) * 2)),
    ],
    [
      "`limits.applicationRequestsPerTenSeconds` of each worker",
      `${whole(applicationLimit)} / ${workers}`,
      whole(Math.floor(applicationLimit / workers)),
    ],
    [
      "Redis commands a second, of each",
      `(${whole(turns)} turns × ${shown(turnCalls)} + ${whole(messages)} messages × ${shown(messageCalls)}) / ${groups}`,
      whole(calls / groups),
    ],
    [
      "network of each Redis",
      `(${whole(turns)} turns × ${shown(turnBytes / 1000)} kB + ${whole(messages)} messages × ${shown(messageBytes / 1000)} kB) × 8 / ${groups}`,
      `${shown(wire / groups)} Mbit/s`,
    ],
    ["known messages of a queue", `${mailsPerQueueAndDay} mails × ${knownDays} days × ${mailDaysPerWeek}/7`, whole(known)],
    [
      "Redis memory, of each",
      `${whole(queues)} × (${shown(queueBytes / 1000)} kB + ${whole(known)} × ${shown(knownBytes)} B) / ${groups}`,
      `${shown(memory / groups)} GB`,
    ],
    [
      "tokens refreshed an hour",
      `${whole(queues)} / (${tokenMinutes} min × ${refreshedAfter}); with tokens of ${longTokenHours} h`,
      `${whole(refreshes(tokenMinutes))}; ${whole(refreshes(longTokenHours * 60))}`,
    ],
  ];
  return ["| what | from | makes |", "|---|---|---|", ...lines.map((line) => `| ${line.join(" | ")} |`)].join("\n");
}
