/** Whether a Redis server keeps what it acknowledges: seen when the store is opened, before anything is written. */
import type { RedisConnection } from "../base/redis-library.js";
import { isAnswer, reason, unfit } from "./redis-failure.js";

/** The oldest that knows the scripts' `#!lua`. */
const oldestVersion = 7;

export interface DurabilityOptions {
  /** For messages. */
  readonly name: string;
  readonly durability: "required" | "unchecked";
}

/** @throws MailError `STORE_NOT_WRITABLE`, and what the connection fails with */
export async function checkServer(connection: RedisConnection, options: DurabilityOptions): Promise<void> {
  const servers = connection.isCluster ? (connection.nodes?.("master") ?? []) : [connection];
  for (const server of servers) await checkOne(server, options);
}

async function checkOne(server: RedisConnection, { name, durability }: DurabilityOptions): Promise<void> {
  const told = await infoOf(server);
  const version = told("redis_version");
  if (Number.parseInt(version, 10) < oldestVersion) {
    throw unfit(name, `its server is Redis ${version}`, `Use Redis ${oldestVersion} or newer.`);
  }
  const policy = told("maxmemory_policy");
  if (policy !== "" && policy !== "noeviction") {
    throw unfit(
      name,
      `its server drops keys when its memory is full (maxmemory-policy ${policy}), and with them mail`,
      "Set: maxmemory-policy noeviction. A full server then refuses, and the daemon waits.",
    );
  }
  if (durability === "required") await checkDurable(server, name, told("aof_enabled") === "1");
}

async function checkDurable(server: RedisConnection, name: string, isAppending: boolean): Promise<void> {
  const appendfsync = isAppending ? await appendfsyncOf(server, name) : "";
  if (appendfsync === "always") return;
  throw unfit(
    name,
    isAppending
      ? `its server acknowledges before it has written (appendfsync ${appendfsync})`
      : "its server keeps no append-only file, and forgets what it acknowledged when it ends",
    'Set: appendonly yes, and appendfsync always. Or say { durability: "unchecked" }, and bear that acknowledged work is lost with the server.',
  );
}

async function appendfsyncOf(server: RedisConnection, name: string): Promise<string> {
  try {
    const [, value] = (await server.call("config", "GET", "appendfsync")) as string[];
    return String(value);
  } catch (error) {
    if (!isAnswer(error)) throw error;
    throw unfit(
      name,
      `its server does not say how it writes (${reason(error)})`,
      'A managed Redis may forbid CONFIG: make sure that it has appendfsync always, or waits for a replica, then say { durability: "unchecked" }.',
    );
  }
}

async function infoOf(server: RedisConnection): Promise<(name: string) => string> {
  const lines = String(await server.call("info")).split("\r\n");
  const values = new Map(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
  return (name) => values.get(name) ?? "";
}
