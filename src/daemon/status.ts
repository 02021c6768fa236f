/** What the daemon says of itself at a glance; from memory, without asking anybody. */
import type { MailError, Responsible } from "../base/errors.js";
import type { QueueState } from "../schedule/events.js";
import type { QueueSettings } from "../schedule/session.js";
import type { RunningQueue } from "./running-queue.js";

export type DaemonState = "new" | "starting" | "running" | "stopping" | "stopped";

export interface QueueStatus {
  /** As configured. */
  readonly address: string;
  readonly state: QueueState;
  /** Why it is in that state: an error code with its sentence, or what was asked for. */
  readonly why: string;
  /** What can be done about it, where somebody can do something. */
  readonly remedy?: string;
  readonly who?: Responsible;
  /** The step of the set-up guide: an anchor in `docs/setup-entra.md`. */
  readonly step?: string;
  /** Recorded messages that wait for their (next) delivery. */
  readonly waiting: number;
  /** Deliveries under way. */
  readonly inFlight: number;
  /** Marks that are not yet on the server. */
  readonly marksWaiting: number;
  /** When the last round was complete; absent before the first. */
  readonly lastRoundAt?: Date;
}

export interface DaemonStatus {
  readonly state: DaemonState;
  readonly queues: readonly QueueStatus[];
}

export function queueStatus({ address }: QueueSettings, running: RunningQueue | undefined, broken: MailError | undefined): QueueStatus {
  if (!running) {
    const why = broken ? `${broken.code}: ${broken.message}` : "the daemon is not running";
    return { address, state: "stopped", why, waiting: 0, inFlight: 0, marksWaiting: 0 };
  }
  const { poller, session } = running;
  const { lastRoundAt } = poller;
  return {
    address,
    state: poller.state,
    why: poller.why,
    ...poller.advice,
    waiting: session.dispatcher.waitingCount,
    inFlight: session.dispatcher.inFlightCount,
    marksWaiting: session.outbox.waitingCount,
    ...(lastRoundAt === undefined ? {} : { lastRoundAt: new Date(lastRoundAt) }),
  };
}
