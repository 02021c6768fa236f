/**
 * The daemon: options in, events and deliveries out; puts the floors together and takes them apart again.
 *
 * new → starting → running → stopping → stopped, never back. A start that fails undoes what it had begun and ends in
 * `stopped`; losing the store ends a running daemon as `stop()` does, but without a write.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { SignInResult } from "../auth/accounts.js";
import type { EmitAuthEvent } from "../auth/events.js";
import type { SignInMethod } from "../auth/sign-in.js";
import { type Clock, systemClock } from "../base/clock.js";
import { createEmitter, type Listener } from "../base/emitter.js";
import { asMailError, ConfigError, MailError } from "../base/errors.js";
import { createUndo } from "../base/undo.js";
import type { Delivery } from "../delivery/delivery.js";
import { createLocalScheduler } from "../schedule/local.js";
import type { QueueSettings } from "../schedule/session.js";
import { takeOwnership } from "../state/ownership.js";
import { assertVaultOpens, connect } from "./connection.js";
import type { DaemonEvents } from "./events.js";
import { daemonSettings, type MailDaemonOptions, type QueueOptions, queueSettings } from "./options.js";
import { type RunningQueue, runQueue } from "./running-queue.js";
import { type DaemonState, type DaemonStatus, queueStatus } from "./status.js";

export interface StopOptions {
  /** Milliseconds for the handlers under way and their marks, 0 or more. Default 30,000. */
  readonly deadlineMs?: number;
}

export interface MailDaemon extends AsyncDisposable {
  /**
   * Takes the store and begins to poll. Queues without a token wait for their sign-in; they do not fail the start.
   * Called again it gives the same promise.
   * @throws ConfigError `CONFIG_NO_HANDLER`, `CONFIG_KEY_INVALID`
   * @throws MailError `STORE_…`, `LIFECYCLE_STORE_IN_USE`, `AUTH_VAULT_…` when no record of any queue opens, `LIFECYCLE_STOPPED`
   */
  start(): Promise<void>;
  /**
   * Takes no new work, lets handlers and their marks finish until the deadline, lets go of the store. Called again it
   * gives the same promise. Inside a handler it resolves at once: await `stopped` elsewhere.
   */
  stop(options?: StopOptions): Promise<void>;
  /** Resolves when the daemon has stopped; with the error when it stopped by itself. Never rejects. */
  readonly stopped: Promise<MailError | undefined>;
  /** Adds a listener; the function returned removes it. */
  on<Name extends keyof DaemonEvents>(name: Name, listener: Listener<DaemonEvents[Name]>): () => void;
  once<Name extends keyof DaemonEvents>(name: Name, listener: Listener<DaemonEvents[Name]>): () => void;
  off<Name extends keyof DaemonEvents>(name: Name, listener: Listener<DaemonEvents[Name]>): void;
  status(): DaemonStatus;
  /** Signs a queue's account in, before or after `start()`. @throws MailError `AUTH_…`, `GRAPH_…`, `STORE_…`, `LIFECYCLE_UNKNOWN_QUEUE` */
  signIn(address: string, method: SignInMethod): Promise<SignInResult>;
  /** Removes the account's tokens from the vault; false when there were none. */
  signOut(address: string): Promise<boolean>;
  /**
   * Resolves when the pages of a round that begins now are recorded. Safe inside a handler.
   * @throws MailError why the round failed, `LIFECYCLE_NOT_STARTED`, `LIFECYCLE_PAUSED`, `LIFECYCLE_UNKNOWN_QUEUE`
   */
  pollNow(address: string): Promise<void>;
  /** No rounds and no new deliveries until `resume`. Not kept over a restart. */
  pause(address: string): Promise<void>;
  resume(address: string): Promise<void>;
  /** @throws ConfigError `CONFIG_INVALID`, also for an address that is a queue already */
  addQueue(queue: QueueOptions): Promise<void>;
  /** Lets go of a queue as `stop()` does; its state and token stay in the store. */
  removeQueue(address: string, options?: StopOptions): Promise<void>;
}

/**
 * The daemon (by its emitter) whose handler the running code is inside of. One for all daemons: Node 20 carries each
 * storage that was ever used along with every promise of the process, for good.
 */
const insideHandlerOf = new AsyncLocalStorage<object>();

/** Makes a daemon. Checks every option; touches neither disk nor network. @throws ConfigError `CONFIG_INVALID`, `CONFIG_KEY_INVALID` */
export function createMailDaemon(options: MailDaemonOptions): MailDaemon {
  return createDaemon(options, systemClock);
}

/** The same with the clock of a test. */
export function createDaemon(options: MailDaemonOptions, clock: Clock): MailDaemon {
  const settings = daemonSettings(options);
  const { store } = settings;
  const events = createEmitter<DaemonEvents>();
  const { accounts, client, vault } = connect(settings, { clock, emit: events.emit as EmitAuthEvent });
  const scheduler = createLocalScheduler({ clock, concurrency: settings.turnsAtOnce });
  /** By address in lower case; `running` is empty before the start and after the stop. */
  const queues = new Map<string, QueueSettings>();
  const running = new Map<string, RunningQueue>();
  /** Queues that could not be taken at the start, by address in lower case. */
  const broken = new Map<string, MailError>();
  const undo = createUndo();
  let state: DaemonState = "new";
  /** Empty until `start()` or `stop()` was called. */
  let started: Promise<void> | undefined;
  let stopping: Promise<void> | undefined;
  let tellStopped: (error: MailError | undefined) => void = () => undefined;
  const stopped = new Promise<MailError | undefined>((resolve) => {
    tellStopped = resolve;
  });
  for (const queue of settings.queues) admit(queue);

  function admit(queue: QueueSettings): void {
    queues.set(queue.address.toLowerCase(), queue);
    accounts.add(queue);
  }

  function known(address: string): QueueSettings {
    const queue = queues.get(String(address).toLowerCase());
    if (queue) return queue;
    throw new MailError("LIFECYCLE_UNKNOWN_QUEUE", `${address} is not one of the daemon's queues.`);
  }

  function runningQueue(address: string): RunningQueue {
    const { address: queue } = known(address);
    const found = running.get(queue.toLowerCase());
    if (found) return found;
    throw new MailError("LIFECYCLE_NOT_STARTED", `${queue} is not being polled: the daemon is ${state}.`, { queue });
  }

  function handOver(delivery: Delivery): Promise<unknown> | undefined {
    return insideHandlerOf.run(events, () => {
      const { handler } = settings;
      if (handler) return (async () => handler(delivery))();
      events.emit("message", delivery);
      return undefined;
    });
  }

  async function begin(): Promise<void> {
    if (!settings.handler && events.listenerCount("message") === 0) {
      throw new ConfigError(
        "CONFIG_NO_HANDLER",
        "Expected `handler` to be a function, or a listener of the event `message` before start(), got neither: nobody would take the mail.",
      );
    }
    state = "starting";
    await store.open();
    undo.push(() => store.close());
    await settings.keys.load();
    const ownership = await takeOwnership(store, { clock, onLost: lost });
    undo.push(() => ownership.release());
    await assertVaultOpens(vault, [...queues.values()]);
    for (const queue of queues.values()) await takeOrReport(queue);
    state = "running";
    events.emit("daemon:started", { queues: running.size });
  }

  async function take(queue: QueueSettings): Promise<void> {
    const { address } = queue;
    const tokens = accounts.tokens(address);
    running.set(
      address.toLowerCase(),
      await runQueue({
        settings: queue,
        store,
        clock,
        client,
        tokens,
        scheduler,
        handOver,
        events,
        gateWidth: settings.mailboxConcurrency,
      }),
    );
  }

  /** What is wrong with one queue alone (a broken record) stops only that queue. */
  async function takeOrReport(queue: QueueSettings): Promise<void> {
    try {
      await take(queue);
    } catch (error) {
      if (!(error instanceof MailError) || error.scope !== "queue") throw error;
      const { code, message: reason } = error;
      broken.set(queue.address.toLowerCase(), error);
      events.emit("queue:failed", { queue: queue.address, code, reason, failures: 1, nextInMs: Number.POSITIVE_INFINITY });
    }
  }

  function lost(error: MailError): void {
    for (const queue of running.values()) queue.abandon(error);
    stopping ??= end(0, error);
  }

  async function end(deadlineMs: number, error: MailError | undefined): Promise<void> {
    const why = error ? `${error.code}: ${error.message}` : "stop() was called";
    if (state === "running") events.emit("daemon:stopping", { why });
    // A start under way is let finish or fail first: half a start cannot be taken apart.
    await started?.catch(() => undefined);
    state = "stopping";
    const failure = await takeApart(deadlineMs, why);
    state = "stopped";
    const cause = error ?? failure;
    events.emit("daemon:stopped", { why, ...(cause ? { code: cause.code } : {}) });
    tellStopped(error);
    if (failure && !error) throw failure;
  }

  /** Lets go of everything, whatever fails; the first failure. */
  async function takeApart(deadlineMs: number, why: string): Promise<MailError | undefined> {
    const results = await Promise.allSettled([...running.values()].map((queue) => queue.close(deadlineMs, why)));
    running.clear();
    results.push(...(await Promise.allSettled([accounts.close(), scheduler.stop()])), ...(await Promise.allSettled([undo.run()])));
    const failed = results.find((result) => result.status === "rejected");
    return failed && asMailError(failed.reason, "STORE_UNAVAILABLE", "Not everything could be let go of at the stop.");
  }

  /** The store is open while `work` runs, also before the start. */
  async function withStore<T>(work: () => Promise<T>): Promise<T> {
    if (state === "stopped" || state === "stopping")
      throw new MailError("LIFECYCLE_STOPPED", "The daemon has been stopped; make a new one.");
    await store.open();
    try {
      return await work();
    } finally {
      await store.close();
    }
  }

  function stop({ deadlineMs = 30_000 }: StopOptions = {}): Promise<void> {
    if (!(deadlineMs >= 0))
      throw new ConfigError(
        "CONFIG_INVALID",
        `Expected \`deadlineMs\` to be a number of milliseconds, 0 or more, got ${String(deadlineMs)}.`,
      );
    stopping ??= end(deadlineMs, undefined);
    if (insideHandlerOf.getStore() !== events) return stopping;
    // Waiting for the handlers from inside one would wait for itself; `stopped` tells the end.
    stopping.catch(() => undefined);
    return Promise.resolve();
  }

  return {
    start() {
      if (stopping) return Promise.reject(new MailError("LIFECYCLE_STOPPED", "The daemon has been stopped; make a new one."));
      started ??= begin().catch((error: unknown) => {
        stopping ??= failedStart();
        return stopping.then(() => Promise.reject(error as Error));
      });
      return started;
    },
    stop: async (given) => stop(given),
    stopped,
    on: (name, listener) => events.on(name, listener),
    once: (name, listener) => events.once(name, listener),
    off: (name, listener) => events.off(name, listener),
    status: () => ({ state, queues: [...queues.entries()].map(([key, queue]) => queueStatus(queue, running.get(key), broken.get(key))) }),
    signIn: async (address, method) => {
      const queue = known(address);
      return withStore(() => accounts.signIn(queue.address, method));
    },
    signOut: async (address) => {
      const queue = known(address);
      return withStore(() => accounts.signOut(queue.address));
    },
    pollNow: async (address) => runningQueue(address).poller.pollNow(),
    pause: async (address) => runningQueue(address).poller.pause(),
    resume: async (address) => runningQueue(address).poller.resume(),
    async addQueue(given) {
      const queue = queueSettings(given, settings.defaults);
      if (queues.has(queue.address.toLowerCase()))
        throw new ConfigError(
          "CONFIG_INVALID",
          `Expected \`queue.address\` to be a new queue, got ${JSON.stringify(queue.address)}, which there is already.`,
        );
      admit(queue);
      if (state !== "running") return;
      await take(queue).catch(async (error: unknown) => {
        queues.delete(queue.address.toLowerCase());
        await accounts.remove(queue.address);
        throw error;
      });
    },
    async removeQueue(address, { deadlineMs = 30_000 } = {}) {
      const { address: queue } = known(address);
      const key = queue.toLowerCase();
      queues.delete(key);
      await running.get(key)?.close(deadlineMs, "removeQueue() was called");
      running.delete(key);
      broken.delete(key);
      await accounts.remove(queue);
    },
    [Symbol.asyncDispose]: () => stop(),
  };

  /** Undoes a start that failed; the error of the start is what counts. */
  async function failedStart(): Promise<void> {
    await takeApart(0, "the start failed");
    state = "stopped";
    tellStopped(undefined);
  }
}
