/**
 * The demo behind `npm start`, top to bottom: Microsoft 365 is played by a simulator in a process of its own, the daemon
 * runs in another, mail arrives, the daemon is killed and started again, and in the end every mail is accounted for.
 * Invariant: however it ends, no process and no file of it is left.
 */
import { generateKey } from "m365-mail-daemon";
import type { Child } from "./child.js";
import type { DaemonNews, DaemonOrder } from "./daemon-process.js";
import { type Flags, readFlags, usage } from "./flags.js";
import { type Interrupts, watchInterrupts } from "./interrupts.js";
import { createLogbook, type Logbook } from "./logbook.js";
import { createNarrator, type Narrator } from "./narrator.js";
import { perform } from "./perform.js";
import { queues } from "./queues.js";
import { createScreen } from "./screen.js";
import type { Credential, SimulatorNews, SimulatorOrder } from "./simulator-process.js";
import type { Stage } from "./stage.js";
import { type EntraFacts, judge } from "./verdict.js";

/** In the middle of all mail. */
const waves = [{ at: 0.5, queue: "support@contoso.com" }];
/** The kill comes as soon as so many deliveries are in flight; the wave brings them about. */
const inFlightAtKill = 4;
/** If the wave does not, within this time after it, any delivery will do; on a busy machine that may take a while. */
const killWaitMs = 3_000;
const longKillWaitMs = 30_000;
/** How long the rest of the mail may take after the last arrival, milliseconds. */
const drainMs = 20_000;
/** How long a process may take to be up, the daemon to stop, and its process to end after that, milliseconds. */
const upMs = 30_000;
const stopMs = 40_000;
const endMs = 5_000;
/** For so long after the restart every access token is still good, so there is nothing to ask Entra for. */
const freshTokensMs = 30 * 60_000;

const flags = readFlags(process.argv.slice(2), { usualSeconds: 16, leastSeconds: 4, canKeep: true });
if (typeof flags === "string") {
  console.error(`${flags}\nTry: npm start -- --help`);
  process.exitCode = 2;
} else if (flags.help) {
  console.log(usage);
} else {
  process.exitCode = await run(flags);
}

/** One run. Returns the exit code. */
function run(flags: Flags): Promise<number> {
  const interrupts = watchInterrupts({ gentle: flags.keep });
  const logbook = createLogbook();
  const narrator = createNarrator(createScreen(process.stdout, process.env), logbook, flags);
  return perform(narrator, interrupts, (stage) => story({ flags, interrupts, logbook, narrator, stage }));
}

interface Cast {
  readonly flags: Flags;
  readonly interrupts: Interrupts;
  readonly logbook: Logbook;
  readonly narrator: Narrator;
  readonly stage: Stage;
}

async function story({ flags, interrupts, logbook, narrator, stage }: Cast): Promise<number> {
  narrator.title();

  // Microsoft 365: a tenant with five users, on a port of this machine.
  const simulator = stage.start<SimulatorOrder, SimulatorNews>({
    name: "simulator",
    program: "simulator-process",
    onNews: note,
    onPrinted: narrator.printed,
  });
  simulator.send({ order: "open", seed: flags.seed, queues });
  const { url, tenantId, clientId, credentials } = await simulator.next("open", upMs);
  narrator.simulatorIsUp(simulator.pid, url);

  // The daemon: it signs every queue in and begins to poll.
  const environment = { MAIL_DAEMON_KEYS: `demo:${generateKey()}` };
  let daemon = await startDaemon(credentials);
  narrator.daemonIsUp(daemon.pid, stage.folder);

  // Mail arrives.
  narrator.mailBegins();
  const { seed, seconds, keep } = flags;
  simulator.send({ order: "play", script: { seed, seconds, endless: keep, queues, waves } });
  const played = simulator.next("played");
  const wave = simulator.next("wave");

  // In the middle of a wave of mails the daemon is killed, with deliveries in flight.
  let restartedAt: number | undefined;
  if ((await Promise.race([wave, interrupts.ending])) !== undefined) {
    const enough = await logbook.until(() => logbook.inFlightCount() >= inFlightAtKill, killWaitMs);
    if (!enough) await logbook.until(() => logbook.inFlightCount() > 0, longKillWaitMs);
    const killedAt = Date.now();
    await daemon.kill();
    narrator.killed(daemon.pid, logbook.cutOff());

    // The same store, the same keys, no sign-in: it goes on where it was cut off.
    logbook.isBack();
    restartedAt = Date.now();
    daemon = await startDaemon([]);
    narrator.restarted(Date.now() - killedAt);
  }

  // The last mail has arrived, all is handled and marked; one more look, and the daemon stops.
  await Promise.race([played, interrupts.ending]);
  if (keep) narrator.ending();
  simulator.send({ order: "halt" });
  await played;
  await logbook.until(() => logbook.isComplete, drainMs);
  daemon.send({ order: "finish" });
  await daemon.next("stopped", stopMs);
  await daemon.dismiss(endMs);

  // What the mailboxes and the request log say.
  simulator.send({ order: "report" });
  const { report } = await simulator.next("report", upMs);
  const { traffic, read, entraAskedAt } = report;
  const verdict = judge({ mails: logbook.facts(new Set(read)), traffic, entra: entraFacts(entraAskedAt, restartedAt) });
  narrator.verdict(verdict);
  return verdict.complaints.length === 0 ? 0 : 1;

  async function startDaemon(signIns: readonly Credential[]): Promise<Child<DaemonOrder, DaemonNews>> {
    const started = stage.start<DaemonOrder, DaemonNews>({
      name: "daemon",
      program: "daemon-process",
      environment,
      onNews: note,
      onPrinted: narrator.printed,
    });
    if (signIns.length === 0) narrator.restarting(started.pid);
    started.send({ order: "start", url, tenantId, clientId, folder: stage.folder, credentials: signIns });
    await started.next("started", upMs);
    return started;
  }

  function note(news: SimulatorNews | DaemonNews): void {
    if (news.news === "arrived") logbook.arrived(news);
    else if (news.news === "begun") narrator.ticket(news, logbook.begun(news));
    else if (news.news === "settled") logbook.settled(news);
    else if (news.news === "marked") logbook.marked(news);
    else narrator.heard(news);
  }
}

function entraFacts(askedAt: readonly number[], restartedAt: number | undefined): EntraFacts {
  if (restartedAt === undefined) return { requests: askedAt.length };
  const afterRestart = askedAt.filter((at) => at >= restartedAt && at < restartedAt + freshTokensMs).length;
  return { requests: askedAt.length, afterRestart };
}
