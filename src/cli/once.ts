/**
 * `run --once`: when all is done that can be done now, and how that went.
 *
 * Invariants: it ends for every queue: by a round after which nothing waits but later attempts, or because the queue
 * cannot be asked now; never while something is in flight, or is due and comes. A mail that is not due waits for a later
 * run, and so does a round that only such mail holds up.
 */
import type { Clock } from "../base/clock.js";
import type { MailDaemon } from "../daemon/mail-daemon.js";
import type { DaemonStatus, QueueStatus } from "../daemon/status.js";
import { type ExitCode, exitCodes } from "./exit-codes.js";

export interface Once {
  /** Resolves when it is over, with what `run` then ends with. */
  readonly over: Promise<ExitCode>;
  /** Looks no more. */
  end(): void;
}

/** Milliseconds between two looks. */
const intervalMs = 100;
/** A queue that fails so often in a row is not waited for. */
const mostFailures = 3;
/** Milliseconds without any change after which mail is left that is not due: what is due sooner is waited for. */
const soonMs = 5_000;
/** Milliseconds without any change after which marks are left that cannot be made: for a right that is missing, for room in the mailbox. */
const marksMs = 30_000;
/** The same for everything: longer than any request takes with its repetitions. */
const stuckMs = 600_000;

const nothingDue = ({ waiting, delayed }: QueueStatus) => waiting <= delayed;

/** To be made before the daemon starts, so that no failure is missed. */
export function watchOnce(daemon: Pick<MailDaemon, "on" | "status">, clock: Clock): Once {
  /** Queues that are not waited for, as their rounds fail. */
  const hopeless = new Set<string>();
  /** Queues whose round cannot go on before mail is due that waits for later. */
  const heldUp = new Set<string>();
  /** By queue, mail that waits for another attempt since this run. */
  const retrying = new Map<string, Set<string>>();
  let anyFailed = false;
  const failed = (queue: string, id: string) => {
    anyFailed = true;
    retrying.set(queue, (retrying.get(queue) ?? new Set()).add(id));
  };
  const settled = ({ queue, id }: { readonly queue: string; readonly id: string }) => void retrying.get(queue)?.delete(id);
  const removers = [
    daemon.on("queue:failed", ({ queue, folder, failures }) => {
      if (folder !== undefined || failures >= mostFailures) hopeless.add(queue);
    }),
    daemon.on("queue:polled", ({ queue }) => {
      const status = daemon.status().queues.find(({ address }) => address === queue);
      if (status?.lastRoundAt === undefined && status && status.waiting > 0 && nothingDue(status)) heldUp.add(queue);
      else heldUp.delete(queue);
    }),
    daemon.on("message:retrying", ({ queue, id }) => failed(queue, id)),
    daemon.on("message:settled", settled),
    daemon.on("message:gone", settled),
    daemon.on("message:quarantined", (about) => {
      anyFailed = true;
      settled(about);
    }),
  ];
  const ends: ReadonlySet<QueueStatus["state"]> = new Set(["waiting-for-sign-in", "unavailable", "throttled", "paused", "stopped"]);
  const cannotBeAsked = ({ address, state }: QueueStatus) => hopeless.has(address) || ends.has(state);
  const hadRound = (queue: QueueStatus) =>
    cannotBeAsked(queue) || (queue.inFlight === 0 && (queue.lastRoundAt !== undefined || heldUp.has(queue.address)));
  const isEmpty = (queue: QueueStatus) =>
    cannotBeAsked(queue) || (queue.marksWaiting === 0 && queue.waiting <= (retrying.get(queue.address)?.size ?? 0));
  const isLeft = (queue: QueueStatus, quietMs: number) =>
    isEmpty(queue) || (nothingDue(queue) && quietMs >= (queue.marksWaiting === 0 ? soonMs : marksMs));

  function codeOf({ queues, storeTrouble }: DaemonStatus): ExitCode {
    if (storeTrouble) return exitCodes.store;
    if (queues.some(({ state }) => state === "waiting-for-sign-in")) return exitCodes.signIn;
    if (queues.some(cannotBeAsked)) return exitCodes.unavailable;
    return anyFailed || queues.some(({ waiting, marksWaiting }) => waiting + marksWaiting > 0) ? exitCodes.failed : exitCodes.done;
  }

  let stopTimer: () => void = () => undefined;
  /** What the queues' numbers were when they last changed, and when that was. */
  let [numbers, changedAt] = ["", clock.ticks()];
  const over = new Promise<ExitCode>((resolve) => {
    const look = () => {
      const status = daemon.status();
      const { state, queues, storeTrouble } = status;
      const now = queues.map(({ waiting, inFlight, marksWaiting }) => `${waiting} ${inFlight} ${marksWaiting}`).join();
      if (now !== numbers) [numbers, changedAt] = [now, clock.ticks()];
      const quietMs = clock.ticks() - changedAt;
      const isDone = () => quietMs >= stuckMs || queues.every((queue) => isLeft(queue, quietMs));
      const isOver = storeTrouble ? quietMs >= stuckMs : queues.every(hadRound) && isDone();
      if (state === "running" && isOver) return resolve(codeOf(status));
      stopTimer = clock.startTimer(look, intervalMs);
    };
    look();
  });
  return {
    over,
    end() {
      stopTimer();
      for (const remove of removers) remove();
    },
  };
}
