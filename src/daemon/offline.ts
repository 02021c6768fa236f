/**
 * What can be asked of a store on which no daemon of this process runs, and done there, without asking Graph or Entra.
 *
 * Invariants: looking takes nothing and writes nothing, so it may be done beside a daemon that runs elsewhere; what is
 * done for good (a replay) is done by the owner of the store, over the queue's own ledger, so no running daemon is
 * contradicted and the next one goes on from it.
 */
import { sessionEnd } from "../auth/session-end.js";
import { createVault, type Vault } from "../auth/vault.js";
import { type Clock, systemClock } from "../base/clock.js";
import { MailError } from "../base/errors.js";
import { openLedger } from "../delivery/ledger.js";
import { readLedger } from "../delivery/ledger-reading.js";
import { oldestUndelivered } from "../delivery/oldest-undelivered.js";
import { createQuarantine, type QuarantinedMessage, type QuarantineOptions, type QuarantineReading } from "../delivery/quarantine.js";
import type { MessageStory } from "../delivery/story.js";
import { readCursor } from "../mailbox/cursor.js";
import type { QueueSettings } from "../schedule/session.js";
import { owningDaemon, takeOwnership } from "../state/ownership.js";
import type { Store } from "../state/store.js";
import { type DaemonSettings, daemonSettings, type MailDaemonOptions } from "./options.js";
import { readQuarantine } from "./quarantine-reading.js";
import { nothingUnderWay, type QueueStatus } from "./status.js";
import { type StatusOfAll, statusOfAll } from "./status-of-all.js";
import { livingWorkers } from "./workers.js";

/** Whether a queue's account is signed in, as far as the vault can tell: what Entra would say now is not known. */
export interface SignInState {
  /** As configured. */
  readonly queue: string;
  /** The queue address itself unless the queue names another. */
  readonly account: string;
  /** Why somebody has to sign in; absent where the vault holds a sign-in that opens and has not ended. */
  readonly problem?: string;
}

export interface OfflineStore {
  readonly queues: readonly QueueSettings[];
  /** @throws MailError `LIFECYCLE_UNKNOWN_QUEUE` */
  find(address: string): QueueSettings;
  /** The daemon that owns the store all the same, in this process or another, as `LIFECYCLE_STORE_IN_USE`. @throws MailError `STORE_…` */
  owner(): Promise<MailError | undefined>;
  /**
   * As of queues that are stopped; where processes share them now, as their last turns left them. Opens no record of the vault.
   * @throws MailError `STORE_…`
   */
  status(): Promise<StatusOfAll>;
  /** In the order of the queues. @throws MailError `STORE_…` */
  signIns(): Promise<SignInState[]>;
  /** As of `MailDaemon`. @throws MailError `STORE_…`, `LIFECYCLE_UNKNOWN_QUEUE` */
  explain(address: string, id: string): Promise<MessageStory | undefined>;
  /** As of `MailDaemon`. @throws MailError `STORE_…`, `LIFECYCLE_UNKNOWN_QUEUE` */
  quarantined(address: string): Promise<QuarantinedMessage[]>;
  /**
   * As of `MailDaemon`: the next daemon delivers it; without an id, all that rest in quarantine. `tell` gets each when that
   * is durable. Like a start, it counts what was in flight when the last daemon was killed as crashed.
   * @throws MailError `LIFECYCLE_STORE_IN_USE`, `DELIVERY_UNKNOWN_MESSAGE`, `STORE_…`, `LIFECYCLE_UNKNOWN_QUEUE`
   */
  replay(address: string, id: string | undefined, tell: (id: string) => void): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the store.
 * @throws ConfigError `CONFIG_…`; MailError `STORE_…`
 */
export async function openOffline(options: MailDaemonOptions, clock: Clock = systemClock): Promise<OfflineStore> {
  const settings = daemonSettings(options);
  await settings.store.open();
  return new SettledStore(settings, clock);
}

/** Whatever a replay leads to is the next daemon's. */
const nobody = { dispatcher: { add: () => undefined }, outbox: { add: () => undefined, drop: () => undefined }, emit: () => undefined };

class SettledStore implements OfflineStore {
  readonly queues: readonly QueueSettings[];
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #vault: Vault;

  constructor({ queues, store, keys }: DaemonSettings, clock: Clock) {
    this.queues = queues;
    this.#store = store;
    this.#clock = clock;
    this.#vault = createVault({ store, keys, clock });
  }

  find(address: string): QueueSettings {
    const found = this.queues.find((queue) => queue.address.toLowerCase() === address.toLowerCase());
    if (found) return found;
    throw new MailError("LIFECYCLE_UNKNOWN_QUEUE", `${address} is not one of the configured queues.`);
  }

  owner(): Promise<MailError | undefined> {
    return owningDaemon(this.#store, { clock: this.#clock });
  }

  async status(): Promise<StatusOfAll> {
    const [store, clock] = [this.#store, this.#clock];
    const workers = await livingWorkers(store, clock);
    if (workers.length > 0) return statusOfAll({ state: "stopped", queues: [] }, { queues: this.queues, workers, store, clock });
    const owner = await this.owner();
    const queues: QueueStatus[] = [];
    for (const queue of this.queues) queues.push(await this.#statusOf(queue, owner).catch((error) => brokenStatus(queue, error)));
    return { state: "stopped", queues, workers };
  }

  async #statusOf({ address, account = address }: QueueSettings, owner: MailError | undefined): Promise<QueueStatus> {
    const { open } = await readLedger(this.#store, address);
    const entries = [...open.values()];
    const marksWaiting = entries.filter(({ state }) => state === "marking").length;
    const oldest = oldestUndelivered(entries);
    const isSignedIn = (await this.#vault.version(account)) !== null;
    const lastRoundAt = await this.#lastRoundAt(address);
    return {
      address,
      state: "stopped",
      why: owner ? owner.message : `no daemon runs on this store; ${isSignedIn ? "" : "nobody is "}signed in`,
      ...(isSignedIn ? {} : { remedy: `Sign ${account} in.` }),
      waiting: entries.length - marksWaiting,
      delayed: entries.filter(({ state, notBeforeAt = 0 }) => state === "retrying" && notBeforeAt > this.#clock.now()).length,
      inFlight: 0,
      marksWaiting,
      ...(lastRoundAt === undefined ? {} : { lastRoundAt: new Date(lastRoundAt) }),
      stale: false,
      late: false,
      ...(oldest ? { oldestUndeliveredMs: Math.max(0, this.#clock.now() - oldest.since) } : {}),
    };
  }

  /** Of any of its folders. */
  async #lastRoundAt(queue: string): Promise<number | undefined> {
    const cursors = await this.#store.list({ prefix: [queue.toLowerCase(), "cursor"], limit: mostFolders });
    const ends = cursors.flatMap((entry) => readCursor(entry, queue).roundAt ?? []);
    return ends.length === 0 ? undefined : Math.max(...ends);
  }

  async signIns(): Promise<SignInState[]> {
    const problems = new Map<string, string | undefined>();
    const states: SignInState[] = [];
    for (const { address: queue, account = queue } of this.queues) {
      const key = account.toLowerCase();
      if (!problems.has(key)) problems.set(key, await this.#problemOf(account));
      const problem = problems.get(key);
      states.push({ queue, account, ...(problem === undefined ? {} : { problem }) });
    }
    return states;
  }

  async #problemOf(account: string): Promise<string | undefined> {
    try {
      const entry = await this.#vault.read(account);
      if (!entry) return "nobody has signed in yet";
      const { at } = sessionEnd(entry.record);
      return at <= this.#clock.now() ? `the sign-in ended on ${new Date(at).toISOString()}` : undefined;
    } catch (error) {
      if (error instanceof MailError && error.scope === "queue") return `${error.code}: ${error.message}`;
      throw error;
    }
  }

  async #reading(address: string): Promise<QuarantineReading> {
    return readQuarantine(this.#store, this.find(address));
  }

  async explain(address: string, id: string): Promise<MessageStory | undefined> {
    return (await this.#reading(address)).explain(id);
  }

  async quarantined(address: string): Promise<QuarantinedMessage[]> {
    return (await this.#reading(address)).list();
  }

  async replay(address: string, id: string | undefined, tell: (id: string) => void): Promise<void> {
    const { address: queue } = this.find(address);
    const [store, clock] = [this.#store, this.#clock];
    // Once it is lost, the next owner raises the queue's epoch before it reads: what is written later than that is refused.
    const ownership = await takeOwnership(store, { clock, onLost: () => undefined });
    try {
      const ledger = await openLedger({ store, clock, queue, confirm: () => ownership.confirm() });
      const options: QuarantineOptions = { ...nobody, queue, store, ledger, folderName: (folder) => folder };
      const quarantine = createQuarantine(options);
      const ids = id === undefined ? (await quarantine.list()).map((one) => one.id) : [id];
      for (const one of ids) {
        await quarantine.replay(one);
        tell(one);
      }
    } finally {
      await ownership.release();
    }
  }

  async close(): Promise<void> {
    this.#vault.close();
    await this.#store.close();
  }
}

/** A record that cannot be read stops only its own queue. @throws what reaches further */
function brokenStatus({ address }: QueueSettings, error: unknown): QueueStatus {
  if (!(error instanceof MailError) || error.scope !== "queue") throw error;
  return {
    address,
    state: "stopped",
    why: `${error.code}: ${error.message}`,
    ...nothingUnderWay,
  };
}

/** More folders than a queue ever watched. */
const mostFolders = 10_000;
