/**
 * The daemon: options in, events and deliveries out; puts the floors together and takes them apart again.
 *
 * new → starting → running → stopping → stopped, never back. A start that fails undoes what it had begun and ends in
 * `stopped`; losing the store ends a running daemon as `stop()` does, but without a write.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import type { EmitAuthEvent } from "../auth/events.js";
import { type Clock, systemClock } from "../base/clock.js";
import { createEmitter, type Emitter } from "../base/emitter.js";
import { asMailError, ConfigError, type MailError } from "../base/errors.js";
import { sharedWait } from "../base/shared-wait.js";
import { createUndo } from "../base/undo.js";
import { createContentBudget } from "../delivery/content-budget.js";
import type { Delivery } from "../delivery/delivery.js";
import { createSolitude } from "../delivery/solitude.js";
import type { EmitScheduleEvent } from "../schedule/events.js";
import { createLocalScheduler } from "../schedule/local.js";
import type { EmitStoreEvent } from "../state/events.js";
import { watchStore } from "../state/watched-store.js";
import { beginQueue } from "./begin-queue.js";
import { assertVaultOpens, connect } from "./connection.js";
import { examine } from "./doctor.js";
import type { DaemonEvents } from "./events.js";
import { createGovernance } from "./governance.js";
import type { MailDaemon, StopOptions } from "./mail-daemon.js";
import { observe } from "./observation.js";
import { daemonSettings, type MailDaemonOptions, queueSettings } from "./options.js";
import { createPossession } from "./possession.js";
import { createQueues } from "./queues.js";
import { type DaemonState, type DaemonStatus, storeStatus, turnsStatus } from "./status.js";
import { statusOfAll } from "./status-of-all.js";
import { deadlineError, stoppedError } from "./stop-errors.js";

/**
 * The daemon (by its emitter) whose handler the running code is inside of. One for all daemons: Node 20 carries each
 * storage that was ever used along with every promise of the process, for good.
 */
const insideHandlerOf = new AsyncLocalStorage<object | undefined>();

const defaultDeadlineMs = 30_000;

/** Makes a daemon. Checks every option; touches neither disk nor network. @throws ConfigError `CONFIG_INVALID`, `CONFIG_KEY_INVALID` */
export function createMailDaemon(options: MailDaemonOptions): MailDaemon {
  return createDaemon(options, systemClock);
}

/** The same with the clock of a test. */
export function createDaemon(options: MailDaemonOptions, clock: Clock): MailDaemon {
  const given = daemonSettings(options);
  const emitter = createEmitter<DaemonEvents>();
  /** Its listeners are outside of every handler, also where a handler's own call leads to the event. */
  const events: Emitter<DaemonEvents> = {
    ...emitter,
    emit(name, payload) {
      if (emitter.listenerCount(name) === 0) emitter.emit(name, payload);
      else insideHandlerOf.run(undefined, () => emitter.emit(name, payload));
    },
  };
  const store = watchStore(given.store, { clock, emit: events.emit as EmitStoreEvent });
  const settings = { ...given, store };
  const scheduler = settings.scheduler ?? createLocalScheduler({ clock });
  const governance = createGovernance({
    limits: settings.applicationLimits,
    store,
    clock,
    isShared: scheduler.isShared,
    emit: events.emit as EmitScheduleEvent,
    onFailure: lost,
  });
  const observation = observe(settings, { clock, emitter: events, status: () => status() });
  const emit = events.emit as EmitAuthEvent;
  const { accounts, client, vault } = connect(settings, { clock, governor: governance.governor, emit, ...observation.connection });
  const possession = createPossession({ store, clock, isShared: scheduler.isShared, turns: () => queues.turns, onLost: lost });
  const solitude = createSolitude({ clock });
  const contentBudget = createContentBudget(settings.highWaterBytes);
  const queues = createQueues({
    accounts,
    run: (queue) =>
      beginQueue({
        settings: settings.cloud.hasHeaders ? queue : { ...queue, content: { ...queue.content, headers: false } },
        store,
        clock,
        client,
        tokens: accounts.tokens(queue.address),
        confirm: () => possession.confirm(),
        worker: possession.worker,
        turnMaxMs: settings.turnMaxMs,
        scheduler,
        handOver,
        events,
        solitude,
        contentBudget,
        mailboxLimits: settings.mailboxLimits,
        hasDelta: settings.cloud.hasDelta,
        wantsHeaders: queue.content.headers !== false,
        abilities: settings.cloud,
        ...governance,
      }),
    onBroken: ({ address: queue }, { code, message: reason }) =>
      events.emit("queue:failed", { queue, code, reason, failures: 1, nextInMs: Number.POSITIVE_INFINITY }),
  });
  for (const queue of settings.queues) queues.add(queue);
  const undo = createUndo();
  /** Aborted when the daemon ends: sign-ins under way, and what a start hangs on. */
  const ending = new AbortController();
  /** What works with the store beside the queues: sign-ins, sign-outs, the doctor. */
  const signIns = new Set<Promise<unknown>>();
  let state: DaemonState = "new";
  /** The start's own work, and what `start()` gives: that and, after a failure, the end. Empty until `start()`. */
  let beginning: Promise<void> | undefined;
  let started: Promise<void> | undefined;
  /** Empty until something ends the daemon. */
  let stopping: Promise<void> | undefined;
  /** Empty until the store was lost. */
  let loss: MailError | undefined;
  let tellStopped: (error: MailError | undefined) => void = () => undefined;
  const stopped = new Promise<MailError | undefined>((resolve) => {
    tellStopped = resolve;
  });

  void stopped.then(() => observation.end());
  const status = (): DaemonStatus => ({
    state,
    queues: queues.status(clock.now()),
    ...storeStatus(store.trouble),
    ...turnsStatus(scheduler.trouble),
  });

  function handOver(delivery: Delivery): Promise<unknown> | undefined {
    observation.handedOver(delivery);
    return insideHandlerOf.run(emitter, () => {
      const { handler } = settings;
      if (handler) return (async () => handler(delivery))();
      emitter.emit("message", delivery);
      return undefined;
    });
  }

  async function begin(): Promise<void> {
    if (!settings.handler && emitter.listenerCount("message") === 0) {
      throw new ConfigError(
        "CONFIG_NO_HANDLER",
        "Expected `handler` to be a function, or a listener of the event `message` before start(), got neither: nobody would take the mail.",
      );
    }
    state = "starting";
    await store.open();
    undo.push(() => store.close());
    await sharedWait(vault.ready(), ending.signal);
    await possession.take();
    undo.push(() => possession.release());
    await governance.restore();
    await scheduler.open();
    if (scheduler.isShared) governance.follow();
    await sharedWait(assertVaultOpens(vault, queues.all()), ending.signal);
    await queues.takeAll();
    if (loss) throw loss;
    accounts.keepAlive();
    state = "running";
    events.emit("daemon:started", { queues: queues.runningCount });
  }

  async function startOrEnd(): Promise<void> {
    beginning = begin();
    try {
      await beginning;
    } catch (error) {
      stopping ??= failedStart();
      // The error of the start is what counts, whatever the end brings.
      await stopping.catch(() => undefined);
      throw error;
    }
  }

  function lost(error: MailError): void {
    loss = error;
    queues.abandon(error);
    stopping ??= end(0, error);
  }

  async function end(deadlineMs: number, error: MailError | undefined): Promise<void> {
    const why = error ? `${error.code}: ${error.message}` : "stop() was called";
    // A start under way is let finish or fail first, within the deadline: half a start cannot be taken apart.
    const stopTimer = clock.startTimer(() => ending.abort(stoppedError()), deadlineMs);
    if (state === "starting") await beginning?.catch(() => undefined);
    stopTimer();
    if (state === "running") events.emit("daemon:stopping", { why });
    state = "stopping";
    const failure = await takeApart(deadlineMs, why);
    state = "stopped";
    const cause = error ?? loss ?? failure;
    events.emit("daemon:stopped", { why, ...(cause ? { code: cause.code } : {}) });
    tellStopped(error);
    if (failure && !error) throw failure;
  }

  /** Lets go of everything, whatever fails; the first failure. */
  async function takeApart(deadlineMs: number, why: string): Promise<MailError | undefined> {
    ending.abort(stoppedError());
    await Promise.allSettled(signIns);
    const results = await queues.close(deadlineMs, why);
    governance.end();
    results.push(...(await Promise.allSettled([accounts.close(), scheduler.stop()])), ...(await Promise.allSettled([undo.run()])));
    const failed = results.find((result) => result.status === "rejected");
    return failed && asMailError(failed.reason, "STORE_UNAVAILABLE", "Not everything could be let go of at the stop.");
  }

  /** The store is open while `work` runs, also before the start. */
  function withStore<T>(work: () => Promise<T>): Promise<T> {
    return awaited(async () => {
      await store.open();
      try {
        return await work();
      } finally {
        await store.close();
      }
    });
  }

  /** A stop ends it and waits for it. */
  async function awaited<T>(work: () => Promise<T>): Promise<T> {
    assertNotStopped();
    const done = work();
    signIns.add(done);
    return done.finally(() => signIns.delete(done));
  }

  function stop({ deadlineMs = defaultDeadlineMs }: StopOptions = {}): Promise<void> {
    const wrong = deadlineError(deadlineMs);
    if (wrong) return Promise.reject(wrong);
    stopping ??= end(deadlineMs, undefined);
    if (insideHandlerOf.getStore() !== emitter) return stopping;
    // Waiting for the handlers from inside one would wait for itself; `stopped` tells the end.
    stopping.catch(() => undefined);
    return Promise.resolve();
  }

  function assertNotStopped(): void {
    if (stopping) throw stoppedError();
  }

  return {
    start() {
      if (stopping) return Promise.reject(stoppedError());
      started ??= startOrEnd();
      return started;
    },
    stop,
    stopped,
    on: (name, listener) => events.on(name, listener),
    once: (name, listener) => events.once(name, listener),
    off: (name, listener) => events.off(name, listener),
    status,
    statusOfAll: () =>
      withStore(async () => statusOfAll(status(), { queues: queues.all(), workers: await possession.workers(), store, clock })),
    signIn: async (address, method) => {
      const queue = queues.find(address);
      return withStore(() => accounts.signIn(queue.address, method, { signal: ending.signal }));
    },
    signOut: async (address) => {
      const { address: queue } = queues.find(address);
      return withStore(() => accounts.signOut(queue));
    },
    doctor: async (address) => {
      const asked = address === undefined ? queues.all() : [...new Set([address].flat().map(queues.find))];
      const beside = { governor: state === "running" ? governance.governor : undefined, ownsStore: possession.isTaken };
      const about = { settings, queues: asked, known: queues.all(), running: queues.peek };
      return awaited(() => examine({ ...about, ...beside, clock, signal: ending.signal }));
    },
    rotateKeys: () => withStore(() => sharedWait(accounts.rotateKeys(), ending.signal)),
    pollNow: async (address) => queues.running(address).pollNow(),
    sweep: (address) => queues.sweep(address),
    pause: async (address) => queues.running(address).pause(),
    resume: async (address) => queues.running(address).resume(),
    quarantined: async (address) => queues.running(address).quarantined(),
    explain: async (address, id) => queues.running(address).explain(id),
    replay: async (address, id) => queues.running(address).replay(id),
    async addQueue(given) {
      const queue = queueSettings(given, settings.defaults, { cloud: settings.cloud });
      assertNotStopped();
      queues.add(queue);
      if (state === "running") await queues.take(queue);
    },
    async removeQueue(address, { deadlineMs = defaultDeadlineMs } = {}) {
      const wrong = deadlineError(deadlineMs);
      if (wrong) throw wrong;
      assertNotStopped();
      await queues.remove(address, deadlineMs);
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
