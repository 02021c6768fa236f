/**
 * A Redis server of the test's own: on a free port of the loopback, with an append-only file that is written before a
 * command is answered, in a folder that is removed afterwards. A server that runs already is left alone.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";

/** Why tests that need a server of their own are skipped; empty where they run. `.ci/run` installs it, and CI must not skip. */
export const redisMissing: string | undefined =
  spawnSync("redis-server", ["--version"]).status === 0 ? undefined : "redis-server is not installed (`apt-get install redis-server`)";

if (redisMissing !== undefined) {
  if (process.env.CI === "true") throw new Error(`CI needs a Redis: ${redisMissing}.`);
  console.log(`Tests with Redis are skipped: ${redisMissing}.`);
}

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** SIGKILL: what was acknowledged is in the append-only file. Resolves once it has ended. */
  kill(): Promise<void>;
  /** Starts it again on the same port and files; resolves once it answers. */
  start(): Promise<void>;
  /** SIGSTOP and SIGCONT. */
  freeze(): void;
  thaw(): void;
  /** A client for the test's own looks. The server's stop ends it. */
  client(): Redis;
  /** Ends it and removes its files. Called again it does nothing. */
  stop(): Promise<void>;
}

/** Starts one, with more parameters if given; who calls it calls `stop`. */
export async function startRedis(parameters: readonly string[] = []): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), "redis-"));
  const port = await freePort();
  const clients = new Set<Redis>();
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    const begun = spawn(
      "redis-server",
      [
        "--port",
        String(port),
        "--bind",
        "127.0.0.1",
        "--dir",
        folder,
        "--save",
        "",
        "--appendonly",
        "yes",
        "--appendfsync",
        "always",
        ...parameters,
      ],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    child = begun;
    let printed = "";
    await new Promise<void>((resolve, reject) => {
      begun.stdout.setEncoding("utf8").on("data", (text: string) => {
        printed += text;
        if (printed.includes("Ready to accept connections")) resolve();
      });
      begun.once("error", reject);
      begun.once("exit", () => reject(new Error(`The Redis server ended at its start:\n${printed}`)));
    });
  }

  async function kill(): Promise<void> {
    const ending = child;
    child = undefined;
    if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
    const ended = once(ending, "exit");
    ending.kill("SIGKILL");
    await ended;
  }

  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill,
    start,
    freeze: () => void child?.kill("SIGSTOP"),
    thaw: () => void child?.kill("SIGCONT"),
    client() {
      const client = new Redis(port, "127.0.0.1", { maxRetriesPerRequest: null });
      // While the test has the server down.
      client.on("error", () => undefined);
      clients.add(client);
      return client;
    },
    async stop() {
      for (const client of clients) if (client.status !== "end") client.disconnect();
      clients.clear();
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Ends the connection of a client that is connected; its socket is closed then. */
export async function disconnected(client: Redis): Promise<void> {
  const ended = once(client, "end");
  client.disconnect();
  await ended;
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
