/**
 * The tables of docs/scaling.md about several processes, from `bench/results/cluster.json`.
 * @typedef {{ readonly simulator: number, readonly redis: number, readonly parts: number, readonly boundedBy: string }} Shares
 * @typedef {Shares & { readonly form: string, readonly messagesPerSecond: number, readonly clientCpuPerMessageUs: number, readonly redisCpuPerMessageUs: number, readonly redisCallsPerMessage: number, readonly redisWireBytesPerMessage: number, readonly redisBytesPerMessage: number }} Drain
 * @typedef {Shares & { readonly turnsPerSecond: number, readonly turnMs: number, readonly clientCpuPerTurnUs: number, readonly redisCpuPerTurnUs: number, readonly redisCallsPerTurn: Readonly<Record<string, number>>, readonly redisWireBytesPerTurn: number }} Span
 * @typedef {{ readonly form: string, readonly easy: Span, readonly hard: Span }} Idle
 * @typedef {{ readonly sizes: { readonly drain: { readonly queues: number, readonly messagesEach: number }, readonly idle: { readonly queues: number } }, readonly drained: readonly Drain[], readonly idle: { readonly runs: readonly Idle[], readonly redisBytesPerQueue: number } }} Cluster
 * @typedef {{ readonly measuredAt: string, readonly machine: { readonly cpu: string, readonly cores: number, readonly node: string, readonly busy: boolean, readonly goesBefore: boolean }, readonly rows: readonly { readonly row: string, readonly door?: string, readonly figures: readonly { readonly what: string, readonly value: number }[], readonly details: unknown }[] }} ClusterResults
 */

/** @param {number} value */
export const shown = (value) => Number(value.toPrecision(3)).toLocaleString("en");

/** @param {ClusterResults} results @returns {Cluster} @throws Error where the row was not run */
export function clusterOf(results) {
  const row = results.rows.find((one) => one.row === "cluster");
  const details = /** @type {Cluster | undefined} */ (row?.details);
  if (details?.drained === undefined) throw new Error("The results of several processes have no row cluster");
  return details;
}

/** @param {ClusterResults} results @param {string} what @returns {number} */
export function clusterFigure(results, what) {
  const figure = results.rows.flatMap(({ figures }) => figures).find((one) => one.what === what);
  if (figure === undefined) throw new Error(`The results of several processes have no figure ${what}`);
  return figure.value;
}

/** @param {Readonly<Record<string, number>>} calls */
export const callsOf = (calls) => Object.values(calls).reduce((sum, one) => sum + one, 0);

/** @param {number} share of a core */
const percent = (share) => `${Math.round(share * 100)} %`;

/** @param {ClusterResults} results @returns {string} */
export function clusterTables(results) {
  const { sizes, drained, idle } = clusterOf(results);
  const { measuredAt, machine } = results;
  const before = machine.goesBefore ? ", with the benchmark's processes scheduled before theirs" : "";
  const others = machine.busy ? ` Others worked on them${before}.` : "";
  const drainRows = drained.map((one) => {
    const redis = one.redis === 0 ? "" : `${shown(one.redisCpuPerMessageUs)} µs`;
    return `| ${one.form} | ${shown(one.messagesPerSecond)} | ${shown(one.clientCpuPerMessageUs)} µs | ${redis} | ${percent(one.parts)} | ${percent(one.redis)} | ${percent(one.simulator)} | ${one.boundedBy} |`;
  });
  const turnRows = idle.runs.map(({ form, hard }) => {
    const ofRedis =
      hard.redis === 0
        ? "| | |"
        : `| ${shown(hard.redisCpuPerTurnUs)} µs | ${shown(callsOf(hard.redisCallsPerTurn))} | ${shown(hard.redisWireBytesPerTurn / 1000)} kB`;
    return `| ${form} | ${shown(hard.turnsPerSecond)} | ${shown(hard.clientCpuPerTurnUs)} µs ${ofRedis} | ${percent(hard.parts)} | ${percent(hard.redis)} | ${percent(hard.simulator)} | ${hard.boundedBy} |`;
  });
  return [
    `Measured ${measuredAt.slice(0, 10)} with Node ${machine.node.slice(1)} on ${machine.cores} cores (${machine.cpu}).${others}`,
    "",
    `${sizes.drain.queues} queues of ${sizes.drain.messagesEach} messages, delivered and marked:`,
    "",
    "| form | messages/s | our processor time, each message | Redis's | ours, of a core | Redis, of a core | simulator, of a core | bounded by |",
    "|---|---|---|---|---|---|---|---|",
    ...drainRows,
    "",
    `${sizes.idle.queues.toLocaleString("en")} signed-in queues without mail, asked for more turns than they can:`,
    "",
    "| form | turns/s at most | our processor time, each turn | Redis's | Redis commands | to and from Redis | ours, of a core | Redis, of a core | simulator, of a core | bounded by |",
    "|---|---|---|---|---|---|---|---|---|---|",
    ...turnRows,
    "",
    "| Redis keeps | |",
    "|---|---|",
    `| of a signed-in queue: sealed sign-in, cursor, what it knows between turns, its job | ${shown(idle.redisBytesPerQueue / 1000)} kB |`,
    `| of a known message, its mark done | ${shown(clusterFigure(results, "Redis memory of a known message"))} B |`,
  ].join("\n");
}
