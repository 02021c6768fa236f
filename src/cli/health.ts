/**
 * What a daemon's status means for whoever restarts it, and for whoever waits for it.
 *
 * Invariant: everything is said by code; no local part of an address stands in it. A queue that waits for its sign-in is
 * no reason to restart a process, nor to take it for not ready: the others run. It is named for a person to see.
 */
import { disguised } from "../base/disguise.js";
import type { DaemonStatus, QueueStatus } from "../daemon/status.js";

export interface Health {
  readonly isWell: boolean;
  /** For a JSON answer. */
  readonly body: HealthBody;
}

interface HealthBody {
  readonly status: "ok" | "failing";
  readonly daemon: DaemonStatus["state"];
  readonly problems: readonly Problem[];
  readonly queues?: QueueCounts;
  /** Queues that somebody should look at; at most {@link mostNamed}. */
  readonly attention?: readonly QueueNote[];
}

interface Problem {
  /** A code of `MailError`. */
  readonly code: string;
  /** ISO 8601. */
  readonly since?: string;
  readonly remedy?: string;
}

interface QueueCounts {
  readonly total: number;
  /** By state; those in which no queue is are left out. */
  readonly states: Readonly<Partial<Record<QueueStatus["state"], number>>>;
  readonly stale: number;
  readonly late: number;
}

interface QueueNote extends Pick<QueueStatus, "state" | "stale" | "late" | "who" | "step"> {
  /** A hash in the place of the local part, as in the log. */
  readonly queue: string;
  readonly code?: string;
}

const mostNamed = 100;

/** The process does its work: false once the daemon has stopped, and while its store is in trouble. */
export function liveness(status: DaemonStatus): Health {
  const stopped = status.state === "stopped" ? [{ code: "LIFECYCLE_STOPPED" }] : [];
  return health(status, [...stopped, ...storeProblems(status)]);
}

/** The daemon gets mail and hands it over: true only while it runs and its store is well. */
export function readiness(status: DaemonStatus): Health {
  const { state, queues } = status;
  const isEnding = state === "stopping" || state === "stopped";
  const lifecycle = state === "running" ? [] : [{ code: isEnding ? "LIFECYCLE_STOPPED" : "LIFECYCLE_NOT_STARTED" }];
  const { isWell, body } = health(status, [...lifecycle, ...storeProblems(status)]);
  const attention = queues.filter(needsAttention).slice(0, mostNamed).map(noteOf);
  return { isWell, body: { ...body, queues: countsOf(queues), attention } };
}

function health({ state }: DaemonStatus, problems: readonly Problem[]): Health {
  const isWell = problems.length === 0;
  return { isWell, body: { status: isWell ? "ok" : "failing", daemon: state, problems } };
}

/** Of the store, and of what carries the turns of many processes. */
function storeProblems({ storeTrouble, turnTrouble }: DaemonStatus): readonly Problem[] {
  const of = ({ why, remedy }: { readonly why: string; readonly remedy?: string }) => {
    return { code: codeOf(why) ?? "STORE_UNAVAILABLE", ...(remedy === undefined ? {} : { remedy: disguised(remedy) }) };
  };
  return [
    ...(storeTrouble ? [{ ...of(storeTrouble), since: storeTrouble.since.toISOString() }] : []),
    ...(turnTrouble ? [of(turnTrouble)] : []),
  ];
}

function countsOf(queues: readonly QueueStatus[]): QueueCounts {
  const states: Partial<Record<QueueStatus["state"], number>> = {};
  for (const { state } of queues) states[state] = (states[state] ?? 0) + 1;
  return {
    total: queues.length,
    states,
    stale: queues.filter(({ stale }) => stale).length,
    late: queues.filter(({ late }) => late).length,
  };
}

function needsAttention({ state, why, stale, late }: QueueStatus): boolean {
  return stale || late || state === "waiting-for-sign-in" || state === "unavailable" || codeOf(why) !== undefined;
}

function noteOf({ address, state, why, who, step, stale, late }: QueueStatus): QueueNote {
  const code = codeOf(why);
  return {
    queue: disguised(address),
    state,
    ...(code === undefined ? {} : { code }),
    ...(who === undefined ? {} : { who }),
    ...(step === undefined ? {} : { step }),
    stale,
    late,
  };
}

/** A why that tells an error is its code with its sentence. */
function codeOf(why: string): string | undefined {
  return /^([A-Z]+_[A-Z_]+):/.exec(why)?.[1];
}
