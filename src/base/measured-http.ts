/**
 * A door to the network that tells how long each of its requests took and how it ended.
 *
 * Invariant: it changes nothing about a request, its answer or its error. It must not know who listens.
 */
import type { Clock } from "./clock.js";
import { MailError, type MailErrorCode } from "./errors.js";
import type { Http } from "./http.js";

/** How one request ended: with an answer, or with a failure. */
export interface RequestEnd {
  readonly method: string;
  /** Absent where there is no whole answer; of a stream its head is one. */
  readonly status?: number;
  /** Our code for what went wrong; `_OTHER` where whoever asked gave it up. */
  readonly failure?: MailErrorCode | "_OTHER";
  /** Milliseconds until the answer was read; of a stream until its head was. */
  readonly tookMs: number;
}

export interface MeasuringOptions {
  readonly clock: Clock;
  /** Must not throw. */
  readonly onEnd: (end: RequestEnd) => void;
}

export function measuredHttp(http: Http, { clock, onEnd }: MeasuringOptions): Http {
  return async (request) => {
    // What was given up before it was sent is no request.
    request.signal?.throwIfAborted();
    const { method } = request;
    const begunAt = clock.ticks();
    try {
      const answer = await http(request);
      onEnd({ method, status: answer.status, tookMs: clock.ticks() - begunAt });
      return answer;
    } catch (error) {
      onEnd({ method, failure: error instanceof MailError ? error.code : "_OTHER", tookMs: clock.ticks() - begunAt });
      throw error;
    }
  };
}
