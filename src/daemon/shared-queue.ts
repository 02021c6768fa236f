/**
 * A queue whose turns go around among processes: this process runs those that come to it (`shared-turn.ts`), and can be
 * asked for everything between them too: by reading the store, or by an errand for whoever has the turn.
 *
 * Invariant: after `close` or `abandon` no turn runs here.
 */
import { backoffMs } from "../base/backoff.js";
import { asMailError, MailError } from "../base/errors.js";
import { inTime } from "../base/in-time.js";
import { unlessAway } from "../delivery/insist.js";
import type { QuarantineReading } from "../delivery/quarantine.js";
import type { Bar } from "../graph/bar.js";
import { pausedError } from "../schedule/failure.js";
import { barKeyOf, pauseRecord, writeLonger } from "../schedule/pause-record.js";
import type { Scheduler, Turn } from "../schedule/scheduler.js";
import type { SweepResult } from "../schedule/sweep-verdict.js";
import type { DaemonQueue } from "./daemon-queue.js";
import { ask, type Errand } from "./errands.js";
import type { DaemonEvents } from "./events.js";
import { readQuarantine } from "./quarantine-reading.js";
import type { RunningQueue, RunningQueueOptions } from "./running-queue.js";
import { beginTurn, pausedLookMs, type SharedTurn } from "./shared-turn.js";
import { nothingUnderWay, type QueueStatus, queueStatus } from "./status.js";
import { isPaused, pausedKey, readTurnNotes } from "./turn-notes.js";

export interface SharedQueueOptions
  extends Omit<RunningQueueOptions, "bar" | "recordPause" | "confirm" | "confirmSend" | "memory" | "onAbandoned"> {
  readonly scheduler: Scheduler;
  readonly worker: string;
  readonly turnMaxMs: number;
}

/** Between turns that could not begin, or that failed beyond a round. */
const againBackoff = { baseMs: 5_000, capMs: 300_000 };
/** A pause is given so long to be written at the end of a turn, milliseconds, or the whole of a shorter deadline. */
const leastPauseMs = 1_000;
/** A store that takes no writes for so long takes no turn either, milliseconds. */
const decidedWithinMs = 10_000;

/** Lets the turns come. */
export function shareQueue(options: SharedQueueOptions): DaemonQueue {
  const queue = new SharedQueue(options);
  const { scheduler, settings, startPacer } = options;
  scheduler.add(settings.address, (turn) => queue.run(turn), startPacer.reserve());
  return queue;
}

class SharedQueue implements DaemonQueue {
  readonly #options: SharedQueueOptions;
  /** Empty between turns here. */
  #turn: SharedTurn | undefined;
  /** Lost turns here whose handlers still work, or whose settlements wait for the store. */
  readonly #unsettled = new Set<RunningQueue>();
  /** Aborted when nothing is asked here any more. */
  readonly #ended = new AbortController();
  /** Aborted when no turn runs here any more: Graph may ask for a pause until then. */
  readonly #quiet = new AbortController();
  /** Why it ended at once; empty unless it did. */
  #abandoned: MailError | undefined;
  /** How the end is to be, and by when, in ticks; empty before. */
  #ending: { readonly deadlineMs: number; readonly endsAt: number; readonly why: string } | undefined;
  /** Turns in a row that could not begin. */
  #failures = 0;
  /** The last pause that Graph asked of the mailbox here; empty before one. */
  #bar: Bar | undefined;

  /** Beyond the turn in which it came, and without its epoch: whoever has the next turn keeps to a pause too. */
  readonly #writePause: (bar: Bar) => Promise<void>;
  /** Resolves when the last pause lies in the store, or cannot. */
  #pauseWritten = Promise.resolve();

  constructor(options: SharedQueueOptions) {
    const { store, clock, settings } = options;
    const { address: queue } = settings;
    this.#options = options;
    this.#writePause = pauseRecord({
      clock,
      of: queue,
      queue,
      signal: this.#quiet.signal,
      write: (bar) => writeLonger(store, barKeyOf(queue.toLowerCase()), bar, clock),
      onFailure: (error) => this.#turn?.running.abandon(error),
    });
  }

  #recordPause(bar: Bar): void {
    this.#bar = bar;
    this.#pauseWritten = this.#writePause(bar);
  }

  /** Whoever has the next turn is to read the pause: waited for as long as a stop allows, and in other turns a little. */
  async #leavePause(): Promise<void> {
    const { clock } = this.#options;
    const { endsAt, deadlineMs } = this.#ending ?? { endsAt: 0, deadlineMs: leastPauseMs };
    const mostMs = Math.max(endsAt - clock.ticks(), Math.min(deadlineMs, leastPauseMs));
    await inTime(clock, mostMs, this.#pauseWritten);
  }

  /** What the scheduler runs. */
  async run(turn: Turn): Promise<number> {
    if (this.#ending || this.#ended.signal.aborted) return 0;
    const { settings, events } = this.#options;
    const { address: queue } = settings;
    try {
      const { nextInMs, lost } = await this.#take(turn);
      await this.#leavePause();
      if (lost?.code === "LIFECYCLE_LOST_QUEUE") events.emit("queue:turn-lost", { queue, code: lost.code, reason: lost.message });
      else if (lost) throw lost;
      this.#failures = 0;
      return nextInMs;
    } catch (error) {
      const { code, message: reason } = asMailError(error, "STORE_UNAVAILABLE", `No turn of ${queue} could begin.`, { queue });
      if (code === "LIFECYCLE_LOST_QUEUE") return 0;
      this.#failures += 1;
      const nextInMs = backoffMs(this.#options.clock, this.#failures, againBackoff);
      events.emit("queue:failed", { queue, code, reason, failures: this.#failures, nextInMs });
      return nextInMs;
    } finally {
      this.#turn = undefined;
    }
  }

  async #take(turn: Turn): Promise<Awaited<SharedTurn["over"]>> {
    const { store, clock, settings, tokens } = this.#options;
    const [notes] = await Promise.all([readTurnNotes(store, settings.address), tokens.followRecord()]);
    // The turn raises the epoch, and refuses with that what was decided in those before.
    if (this.#unsettled.size > 0) {
      const decided = [...this.#unsettled].map(({ session }) => session.dispatcher.decided());
      await inTime(clock, decidedWithinMs, Promise.all(decided));
    }
    if (notes.isPaused && notes.errands.length === 0) return { nextInMs: pausedLookMs };
    const events = { emit: (...told: Parameters<typeof this.emit>) => this.emit(...told) };
    this.#turn = await beginTurn({
      ...this.#options,
      events,
      turn,
      bar: this.#bar,
      recordPause: (bar) => this.#recordPause(bar),
      ...notes,
    });
    if (this.#ending) this.#turn.end(this.#ending.deadlineMs, this.#ending.why);
    if (this.#abandoned) this.#turn.running.abandon(this.#abandoned);
    const { running, over } = this.#turn;
    const end = await over;
    if (end.lost) this.#settle(running);
    return end;
  }

  #settle(running: RunningQueue): void {
    this.#unsettled.add(running);
    if (this.#abandoned) running.abandon(this.#abandoned);
    void running.settle(Number.POSITIVE_INFINITY).finally(() => this.#unsettled.delete(running));
  }

  async #settleAll(deadlineMs: number): Promise<void> {
    await Promise.all([...this.#unsettled].map((one) => one.settle(deadlineMs)));
  }

  /** The end of a turn is none of the queue: that it stops here is told only where the daemon does. */
  emit<Name extends keyof DaemonEvents>(name: Name, payload: DaemonEvents[Name]): void {
    const isEndOfTurn = name === "queue:state" && (payload as DaemonEvents["queue:state"]).to === "stopped";
    if (!isEndOfTurn || this.#ending) this.#options.events.emit(name, payload);
  }

  async pollNow(): Promise<void> {
    await this.#assertNotPaused();
    await this.#ask({ what: "poll" });
  }

  async sweep(): Promise<SweepResult> {
    await this.#assertNotPaused();
    return (await this.#ask({ what: "sweep" })) as SweepResult;
  }

  async replay(id: string): Promise<void> {
    await this.#ask({ what: "replay", id: String(id) });
  }

  /** Of the whole queue, until `resume`, also over restarts. */
  async pause(): Promise<void> {
    const { store, clock, worker } = this.#options;
    await store.commit({ puts: [{ key: pausedKey(this.#key), value: { at: clock.now(), worker } }] });
    this.#turn?.running.pause();
  }

  async resume(): Promise<void> {
    const { store, clock, scheduler, settings } = this.#options;
    if (await this.#isPaused()) await store.commit({ puts: [{ key: pausedKey(this.#key), value: { resumedAt: clock.now() } }] });
    this.#turn?.running.resume();
    scheduler.wake(settings.address);
  }

  async quarantined() {
    return (await this.#reading()).list();
  }

  async explain(id: string) {
    return (await this.#reading()).explain(id);
  }

  status(now: number): QueueStatus {
    if (this.#turn) return queueStatus(this.#turn.running, now);
    const { address } = this.#options.settings;
    const why = "its turn is another process's, or has not come; statusOfAll() asks the store";
    return { address, state: "elsewhere", why, ...nothingUnderWay };
  }

  get mailbox() {
    return this.#turn?.running.session.mailbox;
  }

  async close(deadlineMs: number, why: string): Promise<void> {
    const { clock, scheduler, settings } = this.#options;
    const endsAt = clock.ticks() + deadlineMs;
    this.#ending = { deadlineMs, endsAt, why };
    this.#ended.abort(this.#stopped());
    this.#turn?.end(deadlineMs, why);
    await Promise.all([scheduler.remove(settings.address), this.#settleAll(deadlineMs)]);
    // The turn that has just ended may be a lost one too.
    await this.#settleAll(Math.max(0, endsAt - clock.ticks()));
    this.#quiet.abort(this.#stopped());
  }

  /** A stop leaves nothing: the queue goes on elsewhere. */
  async leave(): Promise<void> {
    const { claims, settings } = this.#options;
    await claims.leave(settings.address).catch(unlessAway); // Its claim then ends by itself.
  }

  abandon(reason: MailError): void {
    this.#abandoned = reason;
    this.#ended.abort(reason);
    this.#quiet.abort(reason);
    this.#turn?.running.abandon(reason);
    for (const running of this.#unsettled) running.abandon(reason);
  }

  get #key(): string {
    return this.#options.settings.address.toLowerCase();
  }

  #stopped(): MailError {
    const { address: queue } = this.#options.settings;
    return new MailError("LIFECYCLE_STOPPED", `${queue} is no longer polled here.`, { queue });
  }

  async #assertNotPaused(): Promise<void> {
    const { address: queue } = this.#options.settings;
    if (await this.#isPaused()) throw pausedError(queue);
  }

  async #isPaused(): Promise<boolean> {
    return isPaused(await this.#options.store.get(pausedKey(this.#key)));
  }

  #ask(errand: Errand): Promise<SweepResult | undefined> {
    const { store, clock, scheduler, settings } = this.#options;
    const { address: queue } = settings;
    return ask(errand, { store, clock, queue, wake: () => scheduler.wake(queue), signal: this.#ended.signal });
  }

  #reading(): Promise<QuarantineReading> {
    return readQuarantine(this.#options.store, this.#options.settings);
  }
}
