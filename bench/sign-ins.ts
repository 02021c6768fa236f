/**
 * What signed-in queues cost: the time from a start until the daemon runs and until every queue has polled once, with
 * that many sealed records in LMDB, and the memory that a signed-in, idle queue keeps. The simulator has a process of its own.
 * Usage: npm run bench:sign-ins -- [queues]
 */
import { fork } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { createMailDaemon, generateKey, keyRing, lmdbStore, type MailDaemon } from "m365-mail-daemon";
import { createSimulator, simulatorFetch } from "m365-mail-daemon/simulator";

/** One run, as its process is told. */
interface Run {
  readonly url: string;
  readonly clientId: string;
  readonly tenantId: string;
  readonly path: string;
  readonly key: string;
  readonly addresses: readonly string[];
}

interface Figures {
  readonly startMs: number;
  readonly polledMs: number;
  readonly cpuMs: number;
  /** Heap and external memory after a collection. */
  readonly bytes: number;
}

const few = 100;

if (process.send)
  process.once("message", (run: Run) => void measure(run).then((figures) => process.send?.(figures, () => process.disconnect())));
else await compare(Number(process.argv[2] ?? 10_000));

function daemonOf({ url, clientId, tenantId, path, key, addresses }: Run): MailDaemon {
  return createMailDaemon({
    app: { clientId, tenantId },
    queues: addresses.map((address) => ({ address })),
    store: lmdbStore(path),
    vaultKeys: keyRing([{ id: "bench", key }]),
    defaults: { pollIntervalMs: 86_400_000, minPollIntervalMs: 86_400_000 },
    fetch: simulatorFetch(url),
    handler: () => undefined,
  });
}

async function measure(run: Run): Promise<Figures> {
  const daemon = daemonOf(run);
  const polled = new Promise<void>((resolve) => {
    const seen = new Set<string>();
    daemon.on("queue:polled", ({ queue }) => {
      if (seen.add(queue).size === run.addresses.length) resolve();
    });
  });
  const [begun, cpu] = [performance.now(), process.cpuUsage()];
  await daemon.start();
  const startMs = performance.now() - begun;
  await polled;
  const polledMs = performance.now() - begun;
  const { user, system } = process.cpuUsage(cpu);
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  await daemon.stop();
  return { startMs, polledMs, cpuMs: (user + system) / 1000, bytes: heapUsed + external };
}

async function compare(queues: number): Promise<void> {
  const simulator = createSimulator({ seed: 1 });
  const door = await simulator.listen();
  const folder = await mkdtemp(join(tmpdir(), "sign-ins-"));
  try {
    const figures: Figures[] = [];
    for (const count of [few, queues]) {
      const addresses = Array.from({ length: count }, (_, number) => `queue${number}.of${count}@contoso.com`);
      const { clientId, tenantId } = simulator;
      const run = { url: door.url, clientId, tenantId, path: join(folder, String(count)), key: generateKey(), addresses };
      const begun = performance.now();
      await signInAll(run, (address) => simulator.addUser({ address }).issueRefreshToken());
      const signInMs = performance.now() - begun;
      simulator.log.clear();
      const measured = await measuredApart(run);
      figures.push(measured);
      console.log(
        `${count} queues: signed in at ${(signInMs / count).toFixed(1)} ms each; started after ${measured.startMs.toFixed(0)} ms, ` +
          `all polled once after ${measured.polledMs.toFixed(0)} ms (${(measured.cpuMs / count).toFixed(2)} ms of CPU each), ` +
          `${simulator.log.count({ route: "token" })} token requests`,
      );
    }
    const [small, large] = figures as [Figures, Figures];
    const each = (large.bytes - small.bytes) / (queues - few);
    console.log(
      `memory of a signed-in queue that has polled: ${(each / 1024).toFixed(1)} KiB (heap and external, ${few} to ${queues} queues)`,
    );
  } finally {
    await door.close();
    await rm(folder, { recursive: true });
  }
}

/** Real sign-ins, a few at once. */
async function signInAll(run: Run, refreshTokenOf: (address: string) => string): Promise<void> {
  const daemon = daemonOf(run);
  const waiting = [...run.addresses];
  const lane = async () => {
    for (let address = waiting.pop(); address !== undefined; address = waiting.pop()) {
      await daemon.signIn(address, { method: "refreshToken", refreshToken: refreshTokenOf(address) });
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  await daemon.stop();
}

function measuredApart(run: Run): Promise<Figures> {
  const child = fork(process.argv[1] as string, [], { execArgv: ["--expose-gc"] });
  return new Promise((resolve, reject) => {
    child.once("message", (figures) => resolve(figures as Figures));
    child.once("exit", (code) => reject(new Error(`The measuring process ended early (${code}).`)));
    child.send(run);
  });
}
