/**
 * A Redis server of a run's own, as the daemon wants one: on a free port of the loopback, with an append-only file that is
 * written before a command is answered, in a folder that is removed afterwards.
 * Invariant: a server that runs already is left alone.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";

/** Why the row that needs one is skipped; empty where it runs. */
export function redisMissing(): string | undefined {
  return spawnSync("redis-server", ["--version"]).status === 0 ? undefined : "redis-server is not installed";
}

/** What the server tells of itself, from its start. */
export interface RedisCounters {
  /** CPU of the server, all its threads, and of its children that write its files anew. */
  readonly cpuMs: number;
  /** Calls by command, those inside scripts included. */
  readonly calls: Readonly<Record<string, number>>;
  /** What came and went over its connections. */
  readonly wireBytes: number;
  readonly usedMemoryBytes: number;
  readonly keys: number;
}

export interface RedisServer {
  readonly url: string;
  counters(): Promise<RedisCounters>;
}

/** Runs `work` with a server. */
export async function withRedis<T>(work: (redis: RedisServer) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "mail-daemon-bench-redis-"));
  const port = await freePort();
  const durable = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];
  const server = spawn("redis-server", ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, ...durable], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(server, "exit");
  try {
    await ready(server);
    const client = new Redis(port, "127.0.0.1");
    const result = await work({ url: `redis://127.0.0.1:${port}`, counters: () => countersOf(client) });
    client.disconnect();
    return result;
  } finally {
    server.kill("SIGKILL");
    await ended;
    await rm(folder, { recursive: true, force: true });
  }
}

/** What passed between two looks; memory and keys as they were at the second. */
export function since(before: RedisCounters, after: RedisCounters): RedisCounters {
  const calls = Object.entries(after.calls).map(([name, count]): [string, number] => [name, count - (before.calls[name] ?? 0)]);
  return {
    ...after,
    cpuMs: after.cpuMs - before.cpuMs,
    calls: Object.fromEntries(calls.filter(([name, count]) => count > 0 && !looks.has(name))),
    wireBytes: after.wireBytes - before.wireBytes,
  };
}

/** Of all names. */
export function allCalls(calls: Readonly<Record<string, number>>): number {
  return Object.values(calls).reduce((sum, one) => sum + one, 0);
}

/** Our own. */
const looks = new Set(["info", "dbsize"]);

async function countersOf(client: Redis): Promise<RedisCounters> {
  const keys = await client.dbsize();
  const lines = (await client.info("everything")).split("\r\n").map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1)];
  });
  const told = new Map(lines);
  const number = (name: string) => {
    const value = Number(told.get(name));
    if (!Number.isFinite(value)) throw new Error(`The Redis server tells no ${name}.`);
    return value;
  };
  const calls = lines.flatMap(([name, value]): [string, number][] => {
    const count = /^calls=(\d+)/.exec(value)?.[1];
    return name.startsWith("cmdstat_") && count !== undefined ? [[name.slice("cmdstat_".length), Number(count)]] : [];
  });
  return {
    cpuMs: (number("used_cpu_user") + number("used_cpu_sys") + number("used_cpu_user_children") + number("used_cpu_sys_children")) * 1000,
    calls: Object.fromEntries(calls),
    wireBytes: number("total_net_input_bytes") + number("total_net_output_bytes"),
    usedMemoryBytes: number("used_memory"),
    keys,
  };
}

async function ready(server: ChildProcess): Promise<void> {
  let printed = "";
  await new Promise<void>((resolve, reject) => {
    server.stdout?.setEncoding("utf8").on("data", (text: string) => {
      printed += text;
      if (printed.includes("Ready to accept connections")) resolve();
    });
    server.once("error", reject);
    server.once("exit", () => reject(new Error(`The Redis server ended at its start:\n${printed}`)));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
