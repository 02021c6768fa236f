/**
 * One queue in a running daemon: its session, its poller and its place with the scheduler, from taking to letting go.
 *
 * Invariant: whatever ends it (a stop, a removal, a lost queue, a broken record), no turn runs and nothing is handed
 * over afterwards.
 */
import type { QueueTokens } from "../auth/accounts.js";
import type { Clock } from "../base/clock.js";
import type { Emitter } from "../base/emitter.js";
import { MailError } from "../base/errors.js";
import type { ContentBudget } from "../delivery/content-budget.js";
import type { Delivery } from "../delivery/delivery.js";
import type { EmitDeliveryEvent } from "../delivery/events.js";
import { oldestUndelivered } from "../delivery/oldest-undelivered.js";
import { createQuarantine, type Quarantine } from "../delivery/quarantine.js";
import type { Solitude } from "../delivery/solitude.js";
import type { GraphClient } from "../graph/client.js";
import type { MailboxLimits } from "../graph/gate.js";
import type { Governor } from "../graph/governor.js";
import type { MarkAbilities } from "../mailbox/mark.js";
import type { EmitScheduleEvent } from "../schedule/events.js";
import { createLateness, type Lateness } from "../schedule/lateness.js";
import type { MailboxClaims } from "../schedule/mailbox-claims.js";
import type { Pace } from "../schedule/pace.js";
import type { Pacer } from "../schedule/pacer.js";
import { createPoller, type Poller } from "../schedule/poller.js";
import type { QueueMemory } from "../schedule/queue-memory.js";
import type { Scheduler } from "../schedule/scheduler.js";
import { openSession, type QueueSettings, type Session, type SessionOptions } from "../schedule/session.js";
import { createSweeper, type Sweeper } from "../schedule/sweep.js";
import { runTurn } from "../schedule/turn.js";
import type { WatchedStore } from "../state/watched-store.js";
import type { DaemonEvents } from "./events.js";

export interface RunningQueue {
  readonly session: Session;
  readonly poller: Poller;
  readonly sweeper: Sweeper;
  readonly lateness: Pick<Lateness, "isLate" | "noted">;
  /** Made at each call: it keeps nothing. */
  quarantine(): Quarantine;
  /** No rounds, no new deliveries; who waits for a round that has not begun, or for a sweep, is refused. */
  pause(): void;
  resume(): void;
  /** Drains within the deadline. */
  close(deadlineMs: number, why: string): Promise<void>;
  /** Its turn is lost. It ends at once, but for what its handlers decide: that is written, where the queue's epoch lets it. */
  lose(reason: MailError): void;
  /** After `lose`: resolves when all is decided and written, or refused; at the deadline the rest is given up. */
  settle(deadlineMs: number): Promise<void>;
  /** Ends at once, without a write. */
  abandon(reason: MailError): void;
}

export interface RunningQueueOptions {
  readonly settings: QueueSettings;
  readonly store: WatchedStore;
  readonly clock: Clock;
  readonly client: GraphClient;
  readonly tokens: QueueTokens;
  /** Throws once the store is not this process's any more. */
  readonly confirm: () => Promise<void>;
  readonly scheduler: Scheduler;
  readonly mailboxLimits: MailboxLimits;
  readonly hasDelta: boolean;
  readonly wantsHeaders: boolean;
  readonly abilities: MarkAbilities;
  readonly governor: Governor;
  readonly pace: Pace;
  readonly walkPacer: Pacer;
  readonly startPacer: Pacer;
  readonly claims: MailboxClaims;
  /** Shared by all queues of the daemon. */
  readonly solitude: Solitude;
  readonly contentBudget: ContentBudget;
  readonly handOver: (delivery: Delivery) => Promise<unknown> | undefined;
  readonly events: Pick<Emitter<DaemonEvents>, "emit">;
  /** See `SessionOptions`. */
  readonly confirmSend?: SessionOptions["confirmSend"];
  readonly bar?: SessionOptions["bar"];
  readonly recordPause?: SessionOptions["recordPause"];
  readonly insistWithinMs?: SessionOptions["insistWithinMs"];
  /** What it knew in its last turn, wherever that was. Default: nothing. */
  readonly memory?: QueueMemory | undefined;
  /** It has been abandoned, for that reason. */
  readonly onAbandoned?: (reason: MailError) => void;
}

/** Marks get so much of a stop's deadline at the least, milliseconds. */
const leastMarkMs = 1_000;

/** Takes the queue and begins to poll it. @throws MailError `STORE_…` */
export async function runQueue(options: RunningQueueOptions): Promise<RunningQueue> {
  const { settings, store, clock, client, tokens, scheduler, events, memory } = options;
  const { address } = settings;
  const emit = events.emit as EmitScheduleEvent & EmitDeliveryEvent;

  const session = await openSession({ ...options, emit, memory: memory?.session, onFailure: failed });
  const sweeper = createSweeper({ settings, clock, dueAt: memory?.sweepDueAt });
  const poller = createPoller({
    session,
    clock,
    emit,
    pace: options.pace,
    memory: memory?.poller,
    turn: (how) =>
      runTurn({ session, store, client, clock, emit, ...how, sweepStep: (work) => sweeper.step(work) })
        .catch((error: unknown) => {
          if (error instanceof MailError) sweeper.roundFailed(error);
          throw error;
        })
        .finally(() => lateness.look()),
    watchForSignIn: (signal) => tokens.watchForSignIn(signal),
    wake: () => scheduler.wake(address),
    storeTrouble: () => store.trouble?.error,
    onLost: failed,
  });
  const lateness = createLateness({
    clock,
    lateAfterMs: settings.lateAfterMs,
    noted: memory?.lateness,
    oldest: () => oldestUndelivered(session.ledger.open.values()),
    onLate({ entry: { id, attempts }, since }, undeliveredForMs) {
      const { waitingCount: waiting, inFlightCount: inFlight } = session.dispatcher;
      emit("queue:late", { queue: address, id, since, undeliveredForMs, attempts, waiting, inFlight, state: poller.state });
    },
    onOver: (lateForMs) => emit("queue:late-over", { queue: address, lateForMs }),
  });
  session.begin();
  lateness.look();
  scheduler.add(address, () => poller.run(), options.startPacer.reserve());

  function halt(reason: MailError): void {
    lateness.stop();
    sweeper.stop(reason);
    poller.stop(`${reason.code}: ${reason.message}`);
  }

  function lose(reason: MailError): void {
    halt(reason);
    session.lose(reason);
    options.onAbandoned?.(reason);
  }

  function abandon(reason: MailError): void {
    halt(reason);
    session.abandon(reason);
    options.onAbandoned?.(reason);
  }

  /** What fails after a loss does so because of it. */
  function failed(reason: MailError): void {
    if (!session.isLost) abandon(reason);
  }

  return {
    session,
    poller,
    sweeper,
    lateness,
    quarantine: () => createQuarantine({ ...session, queue: address, store, emit, folderName: (folder) => session.watched.nameOf(folder) }),
    lose,
    settle: (deadlineMs) => session.dispatcher.stop(deadlineMs),
    abandon,
    pause() {
      sweeper.cancel(new MailError("LIFECYCLE_PAUSED", `${address} was paused before its sweep was made.`, { queue: address }));
      poller.pause();
      lateness.pause();
    },
    resume() {
      poller.resume();
      lateness.resume();
    },
    async close(deadlineMs, why) {
      lateness.stop();
      sweeper.stop(new MailError("LIFECYCLE_STOPPED", `${address} is no longer polled: ${why}.`, { queue: address }));
      poller.stop(why);
      // The turn under way has a second to end: nothing more is begun meanwhile.
      const endsAt = clock.now() + deadlineMs;
      await Promise.all([scheduler.remove(address), session.isLost ? undefined : session.dispatcher.stop(deadlineMs)]);
      await session.close(Math.max(endsAt - clock.now(), Math.min(leastMarkMs, deadlineMs)));
    },
  };
}
