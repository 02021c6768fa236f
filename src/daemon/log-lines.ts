/**
 * What a log line says of each event: its level, its sentence, and which fields of the payload stand in it.
 *
 * Invariant: only fields that are named here are ever logged. None of them holds content of a mail, or what a host's own
 * code said, which may quote it: ids, codes, counts, times and sentences of ours.
 */
import type { QueueState } from "../schedule/events.js";
import type { DaemonEvents } from "./events.js";

export type Level = "debug" | "info" | "warn" | "error";

export interface Line<Payload> {
  readonly level: Level | ((payload: Payload) => Level);
  readonly text: string;
  readonly fields: readonly (keyof Payload & string)[];
}

/** The delivery itself is a mail, and never logged. */
export type LoggedEvent = Exclude<keyof DaemonEvents, "message">;

type Lines = { readonly [Name in LoggedEvent]: Line<DaemonEvents[Name]> };

const advice = ["remedy", "who", "step"] as const;
const alarm = ["code", "reason", ...advice, "serviceCode", "diagnosis"] as const;

type StateChange = DaemonEvents["queue:state"];

/** States in which a queue gets no mail although it should. */
const troubledStates: ReadonlySet<QueueState> = new Set(["waiting-for-sign-in", "unavailable", "throttled"]);

/** Whether something is the matter with the queue: by its state, or by the error code that is the why of another one. */
export function isTrouble({ to, why }: Pick<StateChange, "to" | "why">): boolean {
  return troubledStates.has(to) || /^[A-Z]+_[A-Z_]+:/.test(why);
}

/** What an idle queue failed with is told by `queue:failed`, a pause by `queue:throttled`. */
function levelOfState(change: StateChange): Level {
  const { to } = change;
  if (to === "polling" || to === "idle") return "debug";
  return to !== "throttled" && isTrouble(change) ? "warn" : "info";
}

export const lines: Lines = {
  "daemon:started": { level: "info", text: "the daemon has started", fields: ["queues"] },
  "daemon:stopping": { level: "info", text: "the daemon is stopping", fields: ["why"] },
  "daemon:stopped": {
    level: ({ code }) => (code === undefined ? "info" : "error"),
    text: "the daemon has stopped",
    fields: ["why", "code"],
  },
  "store:unavailable": {
    level: "error",
    text: "the store cannot be written or read",
    fields: ["store", "code", "reason", "remedy", "since"],
  },
  "store:recovered": { level: "info", text: "the store works again", fields: ["store", "unavailableForMs"] },
  "listener:failed": { level: "error", text: "a listener of the host failed", fields: ["event"] },

  "queue:state": {
    level: levelOfState,
    text: "the queue's state has changed",
    fields: ["queue", "from", "to", "why", ...advice],
  },
  "queue:polled": {
    level: "debug",
    text: "a round is complete",
    fields: ["queue", "requests", "batchParts", "pages", "messages", "lagMs", "nextInMs"],
  },
  "queue:failed": {
    // Further ones are the same trouble: a change is told again by the queue's state.
    level: ({ failures }) => (failures > 1 ? "debug" : "warn"),
    text: "a turn of the queue failed",
    fields: ["queue", "folder", "code", "reason", "serviceCode", "failures", "nextInMs", ...advice],
  },
  "queue:stale": {
    level: "error",
    text: "the queue has had no complete round for too long",
    fields: ["queue", "lastRoundAt", "staleForMs", "state", "why", ...advice],
  },
  "queue:recovered": { level: "info", text: "the queue has complete rounds again", fields: ["queue", "staleForMs"] },
  "queue:late": {
    level: "error",
    text: "a message is undelivered for too long",
    fields: ["queue", "id", "since", "undeliveredForMs", "attempts", "waiting", "inFlight", "state"],
  },
  "queue:late-over": { level: "info", text: "no message is undelivered for too long any more", fields: ["queue", "lateForMs"] },
  "queue:throttled": { level: "warn", text: "the mailbox is not asked for a while", fields: ["queue", "until", "code"] },
  "app:throttled": { level: "warn", text: "no mailbox is asked for a while", fields: ["until", "code"] },
  "queue:cursor-lost": {
    level: "warn",
    text: "a folder is walked over again",
    fields: ["queue", "folder", "code", "serviceCode", "from", "to"],
  },
  "queue:mode-changed": {
    level: "info",
    text: "how a folder's rounds are made has changed",
    fields: ["queue", "folder", "mode", "code", "nextTryAt", ...advice],
  },
  "queue:folder-changed": { level: "info", text: "a watched folder has changed", fields: ["queue", "folder", "change", "path", "as"] },
  "queue:turn-lost": { level: "warn", text: "the queue's turn is another process's now", fields: ["queue", "code", "reason"] },
  "queue:mailbox-changed": { level: "warn", text: "another mailbox lies behind the queue", fields: ["queue", "from", "to"] },
  "queue:swept": {
    level: "debug",
    text: "a sweep is complete",
    fields: ["queue", "listed", "known", "found", "gone", "unlisted", "pruned"],
  },
  "queue:sweep-failed": { level: "warn", text: "a sweep could not be made", fields: ["queue", "folder", "code", "reason"] },
  "queue:storm": {
    level: "warn",
    text: "one sender or conversation writes too much",
    fields: ["queue", "id", "by", "key", "messages", "since", "action"],
  },
  "queue:storm-over": { level: "info", text: "a storm is over", fields: ["queue", "id", "by", "key", "messages", "since"] },

  "queue:sign-in-required": {
    level: "error",
    text: "the queue waits until somebody signs its account in",
    fields: ["queue", "account", ...alarm],
  },
  "queue:signed-in": { level: "info", text: "the queue's account was signed in", fields: ["queue", "account", "method"] },
  "app:refused": { level: "error", text: "Entra refuses the application", fields: ["account", ...alarm] },
  "app:accepted": { level: "info", text: "Entra accepts the application again", fields: [] },
  "token:refreshed": { level: "debug", text: "a new access token is in use", fields: ["queue", "account", "expiresAt"] },
  "token:expiring": {
    level: "warn",
    text: "a token comes to its end",
    fields: ["queue", "account", "token", "expiresAt", "why", "code", "reason", ...advice],
  },

  "message:settled": { level: "debug", text: "a message was acknowledged", fields: ["queue", "id", "attempt"] },
  // Its reason is what the handler threw, here and below.
  "message:retrying": { level: "debug", text: "an attempt failed", fields: ["queue", "id", "attempt", "nextAt"] },
  "message:quarantined": { level: "warn", text: "a message rests in quarantine", fields: ["queue", "id", "attempts", "crashes"] },
  "message:replayed": { level: "info", text: "a message is delivered again on demand", fields: ["queue", "id"] },
  "message:found-by-sweep": { level: "warn", text: "a sweep found a message that no round had brought", fields: ["queue", "id", "folder"] },
  "message:marked": { level: "debug", text: "a mark was made", fields: ["queue", "id", "outcome", "vanished"] },
  "message:mark-failed": { level: "warn", text: "a mark can never be made", fields: ["queue", "id", "reason"] },
  "message:gone": { level: "warn", text: "a message was deleted before it could be read", fields: ["queue", "id"] },
  "message:reduced": { level: "warn", text: "a message is delivered with what can be had of it", fields: ["queue", "id", "code"] },
  "message:changed-elsewhere": {
    level: "debug",
    text: "somebody else changed a message",
    fields: ["queue", "id", "change", "settled", "action"],
  },
};
