/**
 * The demo's Redis: that of `REDIS_URL`, under a prefix of the demo's own, or a server of its own on a free port of the
 * loopback, which has written what it acknowledges.
 * Invariant: nothing of the demo is left in a Redis that it was given.
 */
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { Redis } from "ioredis";

export interface DemoRedis {
  /** With its password, if it has one: not for people. */
  readonly url: string;
  /** What all keys begin with. */
  readonly prefix: string;
  /** For people. */
  readonly about: string;
  /** Resolves once it answers. */
  ready(): Promise<void>;
  /** Takes away what the demo has written to a server that it was given, or ends its own. */
  kill(): Promise<void>;
}

export const howToInstall = `This demo needs Redis 7 or newer, and there is none:
  Debian, Ubuntu    apt-get install redis-server
  macOS             brew install redis
  Fedora            dnf install redis
It starts a server of its own for as long as it runs. Or name one that runs,
with appendonly yes and appendfsync always:
  REDIS_URL=redis://127.0.0.1:6379 npm run demo:cluster`;

const host = "127.0.0.1";
const retryMs = 20;

/** A Redis that is there already. */
export function givenRedis(url: string): DemoRedis {
  const prefix = `demo-cluster-${randomBytes(6).toString("hex")}`;
  const { hostname, port } = new URL(url);
  return {
    url,
    prefix,
    about: `${hostname}:${port || "6379"} of REDIS_URL, keys under ${prefix}`,
    // One that does not answer is told by the store, with what to do.
    ready: () => Promise.resolve(),
    async kill() {
      const client = new Redis(url, { lazyConnect: true, retryStrategy: null, maxRetriesPerRequest: 0 });
      // What goes wrong is told by the command that it goes wrong for.
      client.on("error", () => undefined);
      try {
        await client.connect();
        for await (const keys of client.scanStream({ match: `*${prefix}*`, count: 1_000 })) if (keys.length > 0) await client.unlink(keys);
      } finally {
        client.disconnect();
      }
    },
  };
}

export const isInstalled = (): boolean => spawnSync("redis-server", ["--version"]).status === 0;

/** Starts a server with its files in `folder`. */
export function ownRedis(folder: string, port: number, onBreakdown: (error: Error) => void): DemoRedis {
  const parameters = { port, bind: host, dir: folder, save: "", appendonly: "yes", appendfsync: "always" };
  const given = Object.entries(parameters).flatMap(([name, value]) => [`--${name}`, String(value)]);
  // In a group of its own: the terminal's Ctrl-C is for the demo, which ends it last.
  const server = spawn("redis-server", given, { stdio: "ignore", detached: true });
  let mayEnd = false;
  const gone = once(server, "exit").then(() => {
    if (!mayEnd) onBreakdown(new Error(`The Redis server ended unasked (${server.signalCode ?? `exit code ${server.exitCode}`}).`));
  });
  return {
    url: `redis://${host}:${port}`,
    prefix: "demo-cluster",
    about: `process ${server.pid} on ${host}:${port}, appendonly yes, appendfsync always`,
    async ready() {
      const client = new Redis(port, host, { maxRetriesPerRequest: null, retryStrategy: () => retryMs });
      // Until the server listens.
      client.on("error", () => undefined);
      await Promise.race([client.ping(), gone]);
      client.disconnect();
    },
    kill() {
      mayEnd = true;
      server.kill("SIGKILL");
      return gone;
    },
  };
}

/** A free port of the loopback. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, "listening");
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, "close");
  return port;
}
