/**
 * The demo behind `npm run demo:cluster`, top to bottom: Redis, the simulator, three workers as processes of their own that
 * share nine queues; mail arrives, one worker is frozen for longer than its lock and wakes up, another one is killed, and in
 * the end every mail is accounted for.
 * Invariant: however it ends, no process, no file and no key in a Redis of it is left.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { createMailDaemon, environmentKeys, generateKey, redisStore } from "m365-mail-daemon";
import { simulatorFetch } from "m365-mail-daemon/simulator";
import { type Flags, readFlags } from "../demo/flags.js";
import { watchInterrupts } from "../demo/interrupts.js";
import { createLogbook, type Logbook } from "../demo/logbook.js";
import { perform } from "../demo/perform.js";
import { createScreen } from "../demo/screen.js";
import type { Credential, SimulatorNews, SimulatorOrder } from "../demo/simulator-process.js";
import type { Stage } from "../demo/stage.js";
import { judge } from "../demo/verdict.js";
import { type Crew, startCrew, type Worker } from "./crew.js";
import { createNarrator, type Narrator } from "./narrator.js";
import { lockMs, pollMs, queues, waves } from "./queues.js";
import { type DemoRedis, freePort, givenRedis, howToInstall, isInstalled, ownRedis } from "./redis.js";
import { openTicketSystem } from "./tickets.js";

const usage = `Usage: npm run demo:cluster [-- flags]

Three workers share nine queues by Redis, on this machine and without an account.
One is frozen with SIGSTOP for longer than its lock and wakes up again, another one
is killed with kill -9; in the end every mail is accounted for.

  --seconds N   how long mail arrives: 20 to 3600 (default 28)
  --seed N      which mail arrives: 0 to 4294967295 (default: random)
  --help        this text

It starts a Redis server of its own (redis-server must be installed), or uses
that of REDIS_URL, under a prefix of its own. NO_COLOR=1 prints without colours.
Exit code: 0 when nothing was lost and every duplicate is explained, 1 when not,
2 for an unknown flag, 130 when Ctrl-C ended it.`;

const names = ["worker-1", "worker-2", "worker-3"];
const keysVariable = "MAIL_DAEMON_KEYS";
/** The others have taken over after twice a lock at the latest, milliseconds. */
const frozenMs = 2.5 * lockMs;
/** A worker is frozen or killed once it has so many deliveries in flight; if none gets there in time, with what it has. */
const inFlightWanted = 3;
const victimMs = 3_000;
/** How long the rest of the mail may take after the last arrival; a process to be up; the workers to stop, milliseconds. */
const drainMs = 120_000;
const upMs = 30_000;
const stopMs = 20_000;

const flags = readFlags(process.argv.slice(2), { usualSeconds: 28, leastSeconds: 20, canKeep: false });
if (typeof flags === "string") {
  console.error(`${flags}\nTry: npm run demo:cluster -- --help`);
  process.exitCode = 2;
} else if (flags.help) {
  console.log(usage);
} else if (!process.env.REDIS_URL && !isInstalled()) {
  console.error(howToInstall);
  process.exitCode = 1;
} else {
  process.exitCode = await run(flags);
}

/** One run. Returns the exit code. */
function run(flags: Flags): Promise<number> {
  const interrupts = watchInterrupts({ gentle: false });
  const logbook = createLogbook();
  const narrator = createNarrator(createScreen(process.stdout, process.env), logbook, flags);
  return perform(narrator, interrupts, (stage) => story({ flags, logbook, narrator, stage }));
}

interface Cast {
  readonly flags: Flags;
  readonly logbook: Logbook;
  readonly narrator: Narrator;
  readonly stage: Stage;
}

async function story({ flags, logbook, narrator, stage }: Cast): Promise<number> {
  narrator.title();
  const redis = await startRedis(stage);
  narrator.redisIsUp(redis.about);

  // Microsoft 365: a tenant with nine users, on a port of this machine.
  const simulator = stage.start<SimulatorOrder, SimulatorNews>({
    name: "simulator",
    program: "simulator-process",
    onNews(news) {
      if (news.news === "arrived") logbook.arrived(news);
      else if (news.news === "wave") narrator.wave(news.queue, news.count);
    },
    onPrinted: narrator.printed,
  });
  simulator.send({ order: "open", seed: flags.seed, queues });
  const { url, tenantId, clientId, credentials } = await simulator.next("open", upMs);
  narrator.simulatorIsUp(simulator.pid, url);

  // Signed in once, by whichever process; the workers find the tokens in the store.
  process.env[keysVariable] = `demo:${generateKey()}`;
  await signIn({ redis, url, app: { tenantId, clientId }, credentials });
  narrator.signedIn();

  // The ticket system that the handlers call, and the workers.
  let crew: Crew | undefined;
  const tickets = await openTicketSystem((worker, ticket) => {
    crew?.delivered(worker);
    if (logbook.begun({ ...ticket, by: worker }).again) narrator.again(worker, ticket);
  });
  const startedAt = Date.now();
  crew = startCrew({
    stage,
    logbook,
    names,
    environment: (name) => ({
      MAIL_DAEMON_CLIENT_ID: clientId,
      MAIL_DAEMON_TENANT_ID: tenantId,
      MAIL_DAEMON_QUEUES: queues.map(({ address }) => address).join(" "),
      MAIL_DAEMON_PREFIX: redis.prefix,
      MAIL_DAEMON_LOCK_MS: String(lockMs),
      MAIL_DAEMON_POLL_MS: String(pollMs),
      MAIL_DAEMON_SIMULATOR: url,
      REDIS_URL: redis.url,
      TICKETS_URL: tickets.url(name),
    }),
    onLog: narrator.logged,
    onPrinted: narrator.printed,
  });
  await crew.started(upMs);
  narrator.workersAreUp(crew);

  // Mail arrives.
  narrator.mailBegins();
  const { seed, seconds } = flags;
  simulator.send({ order: "play", script: { seed, seconds, endless: false, queues, waves } });
  const played = simulator.next("played");
  await simulator.next("wave");
  const secondWave = simulator.next("wave");

  // In the first wave one is frozen for two and a half times its lock: the others take its turns over, and it must notice.
  const frozen = await busiest(crew, logbook);
  narrator.frozen(frozen, crew.freeze(frozen.name));
  await sleep(frozenMs, undefined, { ref: false });
  narrator.awake(frozen, crew.wake(frozen.name));

  // In the second one another is killed.
  await secondWave;
  const killed = await busiest(crew, logbook, frozen.name);
  narrator.killed(killed, await crew.kill(killed.name));

  // The last mail has arrived, all is handled and marked; the workers drain and end.
  await played;
  await logbook.until(() => logbook.isComplete, drainMs);
  await crew.stop(stopMs);

  // What the mailboxes and the request log say.
  simulator.send({ order: "report" });
  const { report } = await simulator.next("report", upMs);
  const { traffic, read, entraAskedAt } = report;
  const entra = { requests: entraAskedAt.length, byWorkers: entraAskedAt.filter((at) => at >= startedAt).length };
  const verdict = judge({ mails: logbook.facts(new Set(read)), traffic, entra, cutOffBy: "kill or freeze" });
  narrator.verdict(verdict);
  return verdict.complaints.length === 0 ? 0 : 1;
}

async function startRedis(stage: Stage): Promise<DemoRedis> {
  const { REDIS_URL: given } = process.env;
  const port = given ? 0 : await freePort();
  const redis = stage.adopt((onBreakdown) => (given ? givenRedis(given) : ownRedis(stage.folder, port, onBreakdown)));
  await redis.ready();
  return redis;
}

interface SignIns {
  readonly redis: DemoRedis;
  readonly url: string;
  readonly app: { readonly tenantId: string; readonly clientId: string };
  readonly credentials: readonly Credential[];
}

async function signIn({ redis, url, app, credentials }: SignIns): Promise<void> {
  const daemon = createMailDaemon({
    app,
    queues: queues.map(({ address }) => ({ address })),
    store: redisStore({ url: redis.url, prefix: redis.prefix }),
    vaultKeys: environmentKeys(keysVariable),
    fetch: simulatorFetch(url),
  });
  for (const { address, secret } of credentials) await daemon.signIn(address, { method: "refreshToken", refreshToken: secret });
  await daemon.stop();
}

/** The worker with the most in flight, once that is enough or the time is over; another one than `spared`. */
async function busiest(crew: Crew, logbook: Logbook, spared?: string): Promise<Worker> {
  const first = () => {
    const able = crew.workers.filter(({ name, state }) => state === "running" && name !== spared);
    return able.toSorted((a, b) => b.inFlight - a.inFlight)[0] as Worker;
  };
  for (const wanted of [inFlightWanted, 1]) if (await logbook.until(() => first().inFlight >= wanted, victimMs)) break;
  return first();
}
