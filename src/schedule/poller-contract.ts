/** What the poller of one queue is made of, and what it can be asked for; `poller.ts` keeps it. */
import type { Advice } from "../auth/advice.js";
import type { Clock } from "../base/clock.js";
import type { MailError } from "../base/errors.js";
import type { Urgency } from "../graph/fair-order.js";
import type { Learnt } from "./cadence.js";
import type { EmitScheduleEvent, QueueState } from "./events.js";
import type { Pace } from "./pace.js";
import type { Session } from "./session.js";
import type { NotedStaleness } from "./staleness.js";
import type { TurnResult } from "./turn.js";

export interface PollerOptions {
  readonly session: Session;
  readonly clock: Clock;
  readonly emit: EmitScheduleEvent;
  readonly pace: Pace;
  /** One turn; see `turn.ts`. */
  readonly turn: (how: { readonly urgency: Urgency; readonly signal: AbortSignal }) => Promise<TurnResult>;
  /** Resolves when asking for a token makes sense again. */
  readonly watchForSignIn: (signal: AbortSignal) => Promise<void>;
  /** Asks the scheduler for a turn at once. */
  readonly wake: () => void;
  /** Why nothing could be recorded now; empty while the store is well. */
  readonly storeTrouble: () => MailError | undefined;
  /** Another process has taken the queue. */
  readonly onLost: (error: MailError) => void;
  /** What the poller before it knew. Default: nothing. */
  readonly memory?: PollerMemory | undefined;
}

/** What a poller knows beyond the session. Times are epoch milliseconds. */
export interface PollerMemory extends NotedStaleness {
  readonly state: QueueState;
  readonly why: string;
  readonly lastRoundAt?: number | undefined;
  readonly cadence: Learnt;
}

export interface Poller {
  /** What the scheduler runs. */
  run(): Promise<number>;
  /** Resolves when the pages of a round that begins after this call are recorded. @throws MailError why that round failed, or `LIFECYCLE_STOPPED` */
  pollNow(): Promise<void>;
  /** A turn comes at once, or right after the one under way. */
  wake(): void;
  pause(): void;
  resume(): void;
  /** No further turn begins, the one under way is cut off. */
  stop(why: string): void;
  readonly state: QueueState;
  /** Also while the round that began before `pause()` is still under way. */
  readonly isPaused: boolean;
  readonly why: string;
  /** What can be done about the state; empty where nothing can. */
  readonly advice: Advice;
  /** Epoch milliseconds of the last complete round; empty before the first. */
  readonly lastRoundAt: number | undefined;
  /** No round was complete for the queue's `staleAfterMs`. */
  readonly isStale: boolean;
  readonly memory: PollerMemory;
}
