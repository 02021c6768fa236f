/**
 * The log: one line for each change of state, made from the daemon's events and from nothing else.
 *
 * Invariants: what is logged of an event is named in `log-lines.ts`, so no content of a mail; unless addresses are
 * allowed, no local part of one stands in any field. A queue that comes out of trouble says so at the level of `info`.
 */
import { disguised } from "../base/disguise.js";
import type { Emitter } from "../base/emitter.js";
import type { QueueState } from "../schedule/events.js";
import type { DaemonEvents } from "./events.js";
import { isTrouble, type Level, type Line, type LoggedEvent, lines } from "./log-lines.js";

/** What is used of a logger: pino has this shape, and so have Fastify's `log` and `console`. */
export interface Logger {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

export interface LogOptions {
  readonly logger: Logger;
  /** Whether addresses stand in it as they are. */
  readonly logAddresses: boolean;
  readonly on: Emitter<DaemonEvents>["on"];
}

/** Begins to log; the function returned ends it. */
export function startLog({ logger, logAddresses, on }: LogOptions): () => void {
  const shown = logAddresses ? (value: unknown) => value : withoutAddresses;
  /** Queues whose trouble was logged and not its end, with the state that was. */
  const troubled = new Map<string, QueueState>();

  function levelOf<Name extends LoggedEvent>(name: Name, payload: DaemonEvents[Name]): Level {
    const { level } = lines[name] as Line<DaemonEvents[Name]>;
    const own = typeof level === "function" ? level(payload) : level;
    return name === "queue:state" ? levelOfState(payload as DaemonEvents["queue:state"], own) : own;
  }

  /** A round that begins is no end of a trouble yet, and one that ends in the same as the last is no news. */
  function levelOfState(change: DaemonEvents["queue:state"], own: Level): Level {
    const { queue, to } = change;
    if (!isTrouble(change)) return to !== "polling" && troubled.delete(queue) ? "info" : own;
    const isKnown = troubled.get(queue) === to;
    troubled.set(queue, to);
    return isKnown ? "debug" : own;
  }

  function listen<Name extends LoggedEvent>(name: Name): () => void {
    const { text, fields } = lines[name] as Line<DaemonEvents[Name]>;
    return on(name, (payload) => {
      const details: Record<string, unknown> = { event: name };
      for (const field of fields) {
        const value = payload[field];
        // `event` is the line's own; that of a failed listener is what it listened to.
        if (value !== undefined && value !== Number.POSITIVE_INFINITY) details[field === "event" ? "of" : field] = shown(value);
      }
      logger[levelOf(name, payload)](details, text);
    });
  }

  const removers = (Object.keys(lines) as LoggedEvent[]).map((name) => listen(name));
  return () => {
    for (const remove of removers) remove();
  };
}

function withoutAddresses(value: unknown): unknown {
  return typeof value === "string" ? disguised(value) : value;
}
