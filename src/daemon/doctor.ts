/**
 * The doctor: walks the whole chain from key and store over the network, Entra, token and mailbox to the clock, and says
 * what it finds and what to do.
 *
 * Invariants: it touches no mail and takes no ownership; what it writes is a renewed token, which anybody who renews one
 * must keep, and a pause that Entra asks for. It speaks through accounts of its own, so that nothing it meets changes what
 * the daemon's queues wait for or tell; where a queue runs here, through that queue's gate. It never asks twice, and
 * nobody who asked for a pause.
 */
import type { EmitAuthEvent } from "../auth/events.js";
import type { Clock } from "../base/clock.js";
import { readBar } from "../graph/bar.js";
import { createGovernor, type Governor } from "../graph/governor.js";
import type { QueueSettings } from "../schedule/session.js";
import type { Store } from "../state/store.js";
import { type Connection, connect } from "./connection.js";
import type { DaemonQueue } from "./daemon-queue.js";
import type { Renewed } from "./doctor/account.js";
import { hidesTokens, lookAtApplication } from "./doctor/application.js";
import { type DoctorCheck, type Finding, type Seen, seeing, skipped, skippedFor, type Telling, walk } from "./doctor/finding.js";
import { lookAtClock, lookAtKeys, lookAtOwner, lookAtStore, storeRemedy } from "./doctor/machine.js";
import { type ProxyEnvironment, thisEnvironment } from "./doctor/proxy-use.js";
import { accountOf, isShared, queueLinks } from "./doctor/queue.js";
import { lookAtWay, type Way } from "./doctor/way.js";
import { pauseKey } from "./governance.js";
import type { DaemonSettings } from "./options.js";

export interface DoctorOptions {
  readonly settings: DaemonSettings;
  /** Those to look at. */
  readonly queues: readonly QueueSettings[];
  /** All of the daemon's: what they need decides what an account's token is asked for. */
  readonly known: readonly QueueSettings[];
  /** The queue as it runs in this process, if it does. */
  readonly running: (address: string) => DaemonQueue | undefined;
  /** The running daemon's; absent where none runs in this process. */
  readonly governor: Governor | undefined;
  /** Whether the daemon of this process owns the store. */
  readonly ownsStore: boolean;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Default: that of this process. */
  readonly environment?: ProxyEnvironment;
}

/** Queues looked at at once. */
const atOnce = 8;
const ofMachine: Telling = { step: "this-machine" };
const unheard: EmitAuthEvent = () => undefined;

/** All findings, in the order of the chain, queue by queue. @throws the reason of an abort */
export async function examine(options: DoctorOptions): Promise<Finding[]> {
  const { settings, clock, signal } = options;
  const governor = options.governor ?? createGovernor({ clock, ...settings.applicationLimits });
  const connection = connect(settings, { clock, governor, emit: unheard });
  let isOpen = false;
  try {
    const keys = await seeing(() => lookAtKeys(connection.vault, signal), signal, ofMachine);
    const store = await seeing(
      async () => {
        await settings.store.open();
        isOpen = true;
        if (!options.governor) await keepPause(governor, settings.store, clock);
        return lookAtStore(settings.store);
      },
      signal,
      { ...ofMachine, remedy: storeRemedy },
    );
    return await examineWith({ ...options, governor, connection }, { keys, store });
  } finally {
    // What was renewed and could not be written is told already.
    await connection.accounts.close().catch(() => undefined);
    if (isOpen) await settings.store.close().catch(() => undefined);
  }
}

/** Where no daemon runs in this process, or another one's does: a pause of the whole application holds here as well. */
async function keepPause(governor: Governor, store: Store, clock: Clock): Promise<void> {
  const pause = readBar((await store.get(pauseKey))?.value, clock.now());
  if (pause) governor.keep(pause);
}

interface Examination extends DoctorOptions {
  readonly governor: Governor;
  readonly connection: Connection;
}

async function examineWith(options: Examination, { keys, store }: { keys: Seen; store: Seen }): Promise<Finding[]> {
  const { settings, clock, signal, connection } = options;
  const { cloud, clientId, tenantId } = settings;
  const isStored = store.outcome !== "failed";
  const owner = isStored
    ? await seeing(() => lookAtOwner(settings.store, { clock, isOurs: options.ownsStore }), signal, ofMachine)
    : skippedFor("store");
  const environment = options.environment ?? thisEnvironment();
  const isGlobalFetch = settings.fetch === undefined;
  const way = await lookAtWay({ doors: connection.doors, cloud, tenantId, clock, isGlobalFetch, environment, signal });
  const noWay = obstacle(way);
  const application =
    noWay === undefined
      ? await seeing(() => lookAtApplication({ http: connection.doors.authority, cloud, clientId, tenantId, clock, signal }), signal)
      : skippedFor(noWay);
  const { time, ...links } = way;
  const whole: Partial<Record<DoctorCheck, Seen>> = { "vault-key": keys, store, owner, ...links, application };
  const findings = Object.entries(whole).map(([check, seen]) => ({ check: check as DoctorCheck, ...seen }));
  const hidden = {
    "vault-record": keys.outcome === "failed" ? "vault-key" : isStored ? undefined : "store",
    consent: noWay ?? (hidesTokens(application) ? "application" : undefined),
  } as const;
  const clockSeen = time ? lookAtClock(time) : skipped("No server told its time.");
  return [...findings, ...(await examineQueues(options, hidden)), { check: "clock", ...clockSeen }];
}

function obstacle(way: Way): DoctorCheck | undefined {
  return (["dns", "proxy", "tls", "authority"] as const).find((check) => way[check].outcome === "failed");
}

async function examineQueues(options: Examination, hidden: Partial<Record<DoctorCheck, DoctorCheck | undefined>>): Promise<Finding[]> {
  const { queues, known, connection, signal } = options;
  const wanted = new Set(queues.map(accountOf));
  const together = known.filter((queue) => wanted.has(accountOf(queue)));
  for (const queue of together) connection.accounts.add(queue);
  const shared = new Set(together.filter(isShared).map(accountOf));
  const renewals = new Map<string, Promise<Renewed>>();
  const findings: Finding[] = [];
  for (let at = 0; at < queues.length; at += atOnce) {
    const some = queues.slice(at, at + atOnce).map((settings) => {
      const links = queueLinks(settings, { ...options, renewals, isAccountShared: shared.has(accountOf(settings)) });
      return walk(links, { queue: settings.address, hidden, signal });
    });
    findings.push(...(await Promise.all(some)).flat());
  }
  return findings;
}
