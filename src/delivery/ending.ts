/**
 * How far the end of a queue's deliveries has come: first nothing more is begun, then nothing is read, begun or handed over any more, and
 * last the ends of those under way are not written either. Each step takes those before it along.
 */
import { setMaxListeners } from "node:events";
import type { Clock } from "../base/clock.js";
import { MailError } from "../base/errors.js";
import { insisting } from "./insist.js";

export interface Ending {
  readonly closing: AbortSignal;
  readonly ended: AbortSignal;
  close(reason: MailError): void;
  end(reason: MailError): void;
  giveUp(reason: MailError): void;
  /** Repeats a write while the store is away, until `ended`. */
  untilEnded<T>(write: () => Promise<T>): Promise<T>;
  /** Likewise, until `givenUp`. */
  untilGivenUp<T>(write: () => Promise<T>): Promise<T>;
}

export interface EndingOptions {
  readonly clock: Clock;
  readonly insistWithinMs?: number | undefined;
}

export function createEnding({ clock, insistWithinMs: mostMs }: EndingOptions): Ending {
  const steps = [new AbortController(), new AbortController(), new AbortController()] as const;
  const [closing, ended, givenUp] = steps;
  // Each write in trouble listens, and each reading of a MIME; Node takes more than ten for a leak.
  setMaxListeners(0, ...steps.map(({ signal }) => signal));

  function close(reason: MailError): void {
    closing.abort(reason);
  }

  function end(reason: MailError): void {
    close(reason);
    ended.abort(reason);
  }

  return {
    closing: closing.signal,
    ended: ended.signal,
    close,
    end,
    giveUp(reason) {
      end(reason);
      givenUp.abort(reason);
    },
    untilEnded: (write) => insisting(write, { clock, signal: ended.signal, mostMs }),
    untilGivenUp: (write) => insisting(write, { clock, signal: givenUp.signal, mostMs }),
  };
}

/** Why deliveries that a stop cut off were. */
export function stopped(queue: string): MailError {
  const message = `The daemon stopped before the handler had finished; ${queue} delivers the message again at the next start.`;
  return new MailError("LIFECYCLE_STOPPED", message, { queue });
}
