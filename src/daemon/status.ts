/** What the daemon says of itself at a glance; from memory, without asking anybody. */
import type { MailError, Responsible } from "../base/errors.js";
import { oldestUndelivered } from "../delivery/oldest-undelivered.js";
import type { QueueState } from "../schedule/events.js";
import type { QueueSettings } from "../schedule/session.js";
import type { StoreTrouble } from "../state/watched-store.js";
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
  /** Of these, the ones that are not due: their next attempt, or the next question for what could not be read, has its time. */
  readonly delayed: number;
  /** Deliveries under way. */
  readonly inFlight: number;
  /** Marks that are not yet on the server. */
  readonly marksWaiting: number;
  /** When the last round was complete; absent before the first. */
  readonly lastRoundAt?: Date;
  /** No round was complete for the queue's `staleAfterMs`; told by `queue:stale`. */
  readonly stale: boolean;
  /** Its oldest undelivered message is so for longer than the queue's `lateAfterMs`; told by `queue:late`. */
  readonly late: boolean;
  /** Milliseconds since the oldest message was found (or replayed) that is neither settled nor in quarantine nor gone; absent when there is none. */
  readonly oldestUndeliveredMs?: number;
  /** The process that had its last turn, and when that ended: where the queue's turns go around, and this is not from memory. */
  readonly worker?: string;
  readonly asOf?: Date;
}

export interface DaemonStatus {
  readonly state: DaemonState;
  readonly queues: readonly QueueStatus[];
  /** The store cannot be written or read, and no queue asks for mail; absent while it is well. */
  readonly storeTrouble?: {
    readonly since: Date;
    /** An error code with its sentence. */
    readonly why: string;
    readonly remedy?: string;
  };
  /** No turn can come to this process (see `scheduler`); absent while all is well. */
  readonly turnTrouble?: {
    /** An error code with its sentence. */
    readonly why: string;
    readonly remedy?: string;
  };
}

/** `trouble`: of the scheduler. */
export function turnsStatus(trouble: MailError | undefined): Pick<DaemonStatus, "turnTrouble"> {
  if (!trouble) return {};
  const { code, message, remedy } = trouble;
  return { turnTrouble: { why: `${code}: ${message}`, ...(remedy === undefined ? {} : { remedy }) } };
}

export function storeStatus(trouble: StoreTrouble | undefined): Pick<DaemonStatus, "storeTrouble"> {
  if (!trouble) return {};
  const { code, message, remedy } = trouble.error;
  return { storeTrouble: { since: new Date(trouble.since), why: `${code}: ${message}`, ...(remedy === undefined ? {} : { remedy }) } };
}

/** The numbers of a queue that does not run, or of which nothing is known here. */
export const nothingUnderWay = { waiting: 0, delayed: 0, inFlight: 0, marksWaiting: 0, stale: false, late: false } as const;

/** Of a queue that does not run. `broken`: what is the matter with it. */
export function stoppedStatus({ address }: QueueSettings, broken: MailError | undefined): QueueStatus {
  const why = broken ? `${broken.code}: ${broken.message}` : "the daemon is not running";
  return { address, state: "stopped", why, ...nothingUnderWay };
}

/** `now`: epoch milliseconds. */
export function queueStatus({ poller, session, lateness }: RunningQueue, now: number): QueueStatus {
  const { address } = session.settings;
  const { lastRoundAt } = poller;
  const oldest = oldestUndelivered(session.ledger.open.values());
  return {
    address,
    state: poller.state,
    why: poller.why,
    ...poller.advice,
    waiting: session.dispatcher.waitingCount,
    delayed: session.dispatcher.delayedCount,
    inFlight: session.dispatcher.inFlightCount,
    marksWaiting: session.outbox.waitingCount,
    ...(lastRoundAt === undefined ? {} : { lastRoundAt: new Date(lastRoundAt) }),
    stale: poller.isStale,
    late: lateness.isLate,
    ...(oldest ? { oldestUndeliveredMs: Math.max(0, now - oldest.since) } : {}),
  };
}
