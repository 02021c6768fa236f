/**
 * `run --once`: when all is done that can be done now, and how that went.
 *
 * Invariant: it ends for every queue: by a round after which nothing waits but later attempts, or because the queue
 * cannot be asked now. A mail that failed in this run, or whose next attempt is not due, waits for a later run: of the
 * latter the status does not tell, so what stirs for seconds no more is taken for that.
 */
import type { Clock } from "../base/clock.js";
import type { MailDaemon } from "../daemon/mail-daemon.js";
import type { QueueStatus } from "../daemon/status.js";
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
/** Milliseconds without any change after which what still waits is taken to wait for its time. */
const quietMs = 5_000;

/** To be made before the daemon starts, so that no failure is missed. */
export function watchOnce(daemon: Pick<MailDaemon, "on" | "status">, clock: Clock): Once {
  /** Queues that are not waited for, as their rounds fail. */
  const hopeless = new Set<string>();
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
    daemon.on("message:retrying", ({ queue, id }) => failed(queue, id)),
    daemon.on("message:settled", settled),
    daemon.on("message:gone", settled),
    daemon.on("message:quarantined", (about) => {
      anyFailed = true;
      settled(about);
    }),
  ];
  const cannotBeAsked = ({ address, state }: QueueStatus) =>
    hopeless.has(address) || state === "waiting-for-sign-in" || state === "unavailable" || state === "throttled" || state === "stopped";
  const hadRound = (queue: QueueStatus) => cannotBeAsked(queue) || (queue.lastRoundAt !== undefined && queue.inFlight === 0);
  // A mark may wait for ever: for a right that is missing, for room in the mailbox.
  const isEmpty = (queue: QueueStatus) =>
    cannotBeAsked(queue) || (queue.marksWaiting === 0 && queue.waiting <= (retrying.get(queue.address)?.size ?? 0));

  function codeOf(queues: readonly QueueStatus[]): ExitCode {
    if (queues.some(({ state }) => state === "waiting-for-sign-in")) return exitCodes.signIn;
    if (queues.some(cannotBeAsked)) return exitCodes.unavailable;
    return anyFailed || !queues.every(isEmpty) ? exitCodes.failed : exitCodes.done;
  }

  let stopTimer: () => void = () => undefined;
  /** What the queues' numbers were when they last changed, and when that was. */
  let [numbers, changedAt] = ["", clock.ticks()];
  const over = new Promise<ExitCode>((resolve) => {
    const look = () => {
      const { state, queues } = daemon.status();
      const now = queues.map(({ waiting, inFlight, marksWaiting }) => `${waiting} ${inFlight} ${marksWaiting}`).join();
      if (now !== numbers) [numbers, changedAt] = [now, clock.ticks()];
      const isQuiet = clock.ticks() - changedAt >= quietMs;
      if (state === "running" && queues.every(hadRound) && (isQuiet || queues.every(isEmpty))) return resolve(codeOf(queues));
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
