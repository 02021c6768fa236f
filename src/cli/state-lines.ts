/**
 * What `run` tells on standard error: a line for each change that somebody may want to know of, or the event as JSON.
 *
 * Invariants: a queue that polls and rests in turn changes nothing; nothing of a mail but its id is told, and of a
 * handler's failure not even the reason, which may hold what it likes.
 */
import type { DaemonEvents } from "../daemon/events.js";
import type { MailDaemon } from "../daemon/mail-daemon.js";
import { plain } from "./status-table.js";

export interface StateLinesOptions {
  readonly daemon: Pick<MailDaemon, "on">;
  readonly json: boolean;
  /** Whether the table shows the states, so that no line need tell them. */
  readonly showsStates: boolean;
  /** Whether the reasons of failed deliveries are the sink's own. */
  readonly tellsReasons: boolean;
  /** The command that does something for a queue, such as `sign-in`, as it is typed. */
  readonly commandOf: (command: string, ...parameters: string[]) => string;
  readonly tell: (line: string) => void;
  readonly now: () => number;
}

/** The line of an event; nothing where there is nothing to tell. */
type Lines = { readonly [Name in keyof DaemonEvents]?: (payload: DaemonEvents[Name]) => string | undefined };

/** Tells until the function returned is called. */
export function tellStates(options: StateLinesOptions): () => void {
  const { daemon, json, tellsReasons, tell, now } = options;
  const removers = Object.entries(linesOf(options)).map(([name, lineOf]) =>
    daemon.on(name as keyof DaemonEvents, (payload) => {
      const line = (lineOf as (payload: unknown) => string | undefined)(payload);
      if (line === undefined) return;
      const at = new Date(now()).toISOString();
      tell(json ? JSON.stringify({ at, event: name, ...(tellsReasons ? payload : withoutHosts(name, payload)) }) : `${at} ${plain(line)}`);
    }),
  );
  return () => {
    for (const remove of removers) remove();
  };
}

/** A handler's own words are in the reasons of its deliveries. */
function withoutHosts(name: string, payload: object): object {
  if (!name.startsWith("message:") || !("reason" in payload)) return payload;
  const { reason: _, ...rest } = payload;
  return rest;
}

function linesOf({ showsStates, tellsReasons, commandOf }: StateLinesOptions): Lines {
  /** By queue, what was told last: what it does, or that it works; empty before the first round. */
  const conditions = new Map<string, string>();
  /** Queues whose newest delivery failed. */
  const failing = new Set<string>();
  const when = (at: number) => new Date(at).toISOString();
  const advice = (remedy: string | undefined) => (remedy === undefined ? "" : ` ${remedy}`);

  return {
    "daemon:started": ({ queues }) => `started: ${queues} ${queues === 1 ? "queue" : "queues"}`,
    "daemon:stopping": () => "stopping: what is in flight ends first",
    "daemon:stopped": ({ why, code }) => (code === undefined ? "stopped" : `stopped: ${why}`),
    "queue:state": ({ queue, to, why, remedy }) => {
      if (to === "starting" || to === "stopped") return undefined;
      const condition = to === "idle" || to === "polling" ? "working" : `${to} ${why}`;
      if (conditions.get(queue) === condition) return undefined;
      conditions.set(queue, condition);
      if (showsStates) return undefined;
      return condition === "working" ? `${queue}: polled from now on` : `${queue}: ${to}: ${why}${advice(remedy)}`;
    },
    "queue:sign-in-required": ({ queue, code, reason, remedy }) => {
      const command = code.startsWith("AUTH_VAULT_") ? "" : ` Run: ${commandOf("sign-in", queue)}`;
      return `${queue}: needs a sign-in: ${code}: ${reason} ${remedy}${command}`;
    },
    "queue:signed-in": ({ queue, method }) => `${queue}: signed in (${method})`,
    "queue:stale": ({ queue, why }) => `${queue}: stale, no round was complete for long: ${why}`,
    "queue:recovered": ({ queue }) => `${queue}: a round is complete again`,
    "queue:late": ({ queue }) => `${queue}: late, a mail waits for its delivery for too long`,
    "queue:late-over": ({ queue }) => `${queue}: no mail is late any more`,
    "queue:mailbox-changed": ({ queue }) => `${queue}: another mailbox lies behind the address from now on`,
    "queue:storm": ({ queue, by, messages, action }) => `${queue}: a storm of mail of one ${by}, ${messages} so far: ${action}`,
    "app:refused": ({ code, reason, remedy }) => `the application is refused: ${code}: ${reason} ${remedy}`,
    "app:accepted": () => "the application is accepted again",
    "app:throttled": ({ until }) => `Graph refuses many mailboxes at once: nothing is asked before ${when(until)}`,
    "token:expiring": ({ queue, token, expiresAt, reason, remedy }) =>
      token === "refresh" ? `${queue}: the sign-in ends at ${when(expiresAt)}: ${reason}${advice(remedy)}` : undefined,
    "store:unavailable": ({ store, code, reason, remedy }) => `the store ${store} is in trouble: ${code}: ${reason}${advice(remedy)}`,
    "store:recovered": ({ store }) => `the store ${store} works again`,
    "message:retrying": ({ queue, id, attempt, reason, nextAt }) => {
      if (failing.has(queue)) return undefined;
      failing.add(queue);
      const why = tellsReasons ? reason : `${commandOf("explain", queue, id)} says why`;
      return `${queue}: a delivery failed (attempt ${attempt}, the next at ${when(nextAt)}): ${why}`;
    },
    "message:settled": ({ queue }) => (failing.delete(queue) ? `${queue}: deliveries go through again` : undefined),
    "message:quarantined": ({ queue, id, attempts }) =>
      `${queue}: a mail rests in quarantine after ${attempts} ${attempts === 1 ? "attempt" : "attempts"}; ${commandOf("explain", queue, id)} says why`,
  };
}
