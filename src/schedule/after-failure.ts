/** What becomes of a queue whose turn failed: its state, and when the next turn comes. */
import type { Clock } from "../base/clock.js";
import type { MailError, MailErrorCode } from "../base/errors.js";
import type { QueueState } from "./events.js";
import { needsSignIn } from "./failure.js";
import { untilNextLook } from "./missing-folders.js";
import type { Session } from "./session.js";

export interface FailedTurn {
  readonly session: Pick<Session, "mailbox" | "settings">;
  readonly clock: Clock;
  /** Milliseconds, where nothing else decides. */
  readonly backoff: number;
  /** In a row. */
  readonly failures: number;
}

const unavailable: ReadonlySet<MailErrorCode> = new Set(["GRAPH_MAILBOX_UNAVAILABLE", "SYNC_FOLDER_NOT_FOUND", "SYNC_MAILBOX_TAKEN"]);

/** `nextInMs`: `Infinity` where the turn comes with a sign-in. */
export function afterFailure(error: MailError, turn: FailedTurn): { readonly state: QueueState; readonly nextInMs: number } {
  const state = stateAfter(error, turn);
  return { state, nextInMs: delayAfter(error, state, turn) };
}

function stateAfter({ code }: MailError, { session, clock }: FailedTurn): QueueState {
  if (needsSignIn.has(code)) return "waiting-for-sign-in";
  if (unavailable.has(code)) return "unavailable";
  return session.mailbox.gate.barredUntil > clock.now() ? "throttled" : "idle";
}

function delayAfter(error: MailError, to: QueueState, { session, clock, backoff, failures }: FailedTurn): number {
  // A fresh token that Graph refuses is not mended by waiting for another sign-in alone.
  if (to === "waiting-for-sign-in") return error.code === "GRAPH_UNAUTHORIZED" ? backoff : Number.POSITIVE_INFINITY;
  if (to === "unavailable") return untilNextLook(failures);
  const { mailbox, settings } = session;
  const waitMs = Math.max(backoff, Math.max(error.notBeforeAt ?? 0, mailbox.gate.barredUntil) - clock.now());
  // Where all queues wait for the same end they come after it as a level line.
  return mailbox.gate.isBarredForAll ? waitMs + clock.random() * settings.pollIntervalMs : waitMs;
}
