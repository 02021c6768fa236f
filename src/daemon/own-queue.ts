/** A queue that runs in this process for as long as the daemon does. */
import type { MailError } from "../base/errors.js";
import { pausedError } from "../schedule/failure.js";
import type { DaemonQueue } from "./daemon-queue.js";
import type { RunningQueue } from "./running-queue.js";
import { queueStatus } from "./status.js";

export function ownQueue(running: RunningQueue): DaemonQueue {
  return new OwnQueue(running);
}

/** A class, so that ten thousand queues share its methods. */
class OwnQueue implements DaemonQueue {
  readonly #running: RunningQueue;

  constructor(running: RunningQueue) {
    this.#running = running;
  }

  pollNow() {
    return this.#running.poller.pollNow();
  }

  async sweep() {
    const { session, poller, sweeper } = this.#running;
    if (poller.isPaused) throw pausedError(session.settings.address);
    const swept = sweeper.demand();
    poller.wake();
    return swept;
  }

  async pause() {
    this.#running.pause();
  }

  async resume() {
    this.#running.resume();
  }

  quarantined() {
    return this.#running.quarantine().list();
  }

  explain(id: string) {
    return this.#running.quarantine().explain(id);
  }

  replay(id: string) {
    return this.#running.quarantine().replay(id);
  }

  status(now: number) {
    return queueStatus(this.#running, now);
  }

  get mailbox() {
    return this.#running.session.mailbox;
  }

  close(deadlineMs: number, why: string) {
    return this.#running.close(deadlineMs, why);
  }

  async leave() {
    // Its end let go of everything.
  }

  abandon(reason: MailError) {
    this.#running.abandon(reason);
  }
}
