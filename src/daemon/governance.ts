/**
 * What all queues of a daemon share of Graph's limits: the governor with its pause, which is kept over restarts, the pace
 * of polling, and what spreads beginnings.
 */
import type { Clock } from "../base/clock.js";
import { asMailError, MailError } from "../base/errors.js";
import { unlessAway } from "../delivery/insist.js";
import { readBar } from "../graph/bar.js";
import { type ApplicationLimits, createGovernor, type Governor } from "../graph/governor.js";
import type { EmitScheduleEvent } from "../schedule/events.js";
import { createMailboxClaims, type MailboxClaims } from "../schedule/mailbox-claims.js";
import { createPace, type Pace } from "../schedule/pace.js";
import { createStartPacer, createWalkPacer, type Pacer } from "../schedule/pacer.js";
import { pauseRecord, writeLonger } from "../schedule/pause-record.js";
import { createSharedClaims } from "../schedule/shared-claims.js";
import type { Key, Store } from "../state/store.js";

export interface Governance {
  readonly governor: Governor;
  readonly pace: Pace;
  readonly walkPacer: Pacer;
  readonly startPacer: Pacer;
  readonly claims: MailboxClaims;
  /** Goes on with a pause from before the restart. @throws MailError `STORE_…` */
  restore(): Promise<void>;
  /** Keeps to the pauses that other processes are asked for too, from within half a second. */
  follow(): void;
  /** Nothing is written any more. */
  end(): void;
}

export interface GovernanceOptions {
  readonly limits: ApplicationLimits;
  /** Must be open from `restore` on. */
  readonly store: Store;
  readonly clock: Clock;
  /** Whether the queues' turns go around among processes. */
  readonly isShared: boolean;
  readonly emit: EmitScheduleEvent;
  /** The store refuses to record a pause. */
  readonly onFailure: (error: MailError) => void;
}

/** Milliseconds between looks for a pause that another process was asked for. */
const followMs = 500;

/** Where the pause of the whole application lies. */
export const pauseKey: Key = ["daemon", "pause"];

export function createGovernance({ limits, store, clock, isShared, emit, onFailure }: GovernanceOptions): Governance {
  const ended = new AbortController();
  const record = pauseRecord({
    clock,
    of: "the application",
    signal: ended.signal,
    write: (value) => writeLonger(store, pauseKey, value, clock),
    onFailure,
  });
  /** Until when the store had the application paused; what was read there is not written back. Epoch milliseconds. */
  let heardUntil = 0;
  /** Clears the timer of the next look; does nothing where none runs. */
  let stopFollowing = (): void => undefined;
  const allowed = limits.requestsPerTenSeconds / 10;

  const governor = createGovernor({
    clock,
    ...limits,
    onBar(bar) {
      emit("app:throttled", { ...bar });
      if (bar.until > heardUntil) void record(bar);
    },
  });

  async function restore(): Promise<void> {
    const kept = readBar((await store.get(pauseKey))?.value, clock.now());
    if (!kept || kept.until <= governor.barredUntil) return;
    heardUntil = kept.until;
    governor.keep(kept);
  }

  function follow(): void {
    if (ended.signal.aborted) return;
    const run = () => {
      restore()
        .catch(unlessAway)
        .then(follow, (error: unknown) =>
          onFailure(asMailError(error, "STORE_UNAVAILABLE", "The pause of the application could not be read.")),
        );
    };
    stopFollowing = clock.startTimer(run, followMs, { background: true });
  }

  return {
    governor,
    pace: createPace({ allowed, sent: () => governor.load * allowed }),
    walkPacer: createWalkPacer(clock),
    startPacer: createStartPacer(clock),
    claims: isShared ? createSharedClaims({ store, clock }) : createMailboxClaims(),
    restore,
    follow,
    end() {
      stopFollowing();
      ended.abort(new MailError("LIFECYCLE_STOPPED", "The daemon has stopped."));
    },
  };
}
