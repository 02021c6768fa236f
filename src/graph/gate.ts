/**
 * The limit of one mailbox: at most `width` requests at once, a batch alone (its parts run four at a time on the
 * server, whatever their mailbox: Graph throttling limits), and nothing at all while Graph asked for a pause.
 *
 * Invariant: no request starts before `barredUntil`. The gate must not know what the requests are.
 */
import PQueue from "p-queue";
import { type Clock, sleep } from "../base/clock.js";

/** Why and until when Graph wants no request of this mailbox. */
export interface Bar {
  /** Epoch milliseconds. */
  readonly until: number;
  /** Graph's error code, for the operator. */
  readonly code: string;
}

export interface GatePass {
  /** Takes the whole gate. Default false. */
  readonly exclusive?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface Gate {
  /** Runs `work` when there is room; an abort before it starts rejects with the signal's reason. */
  run<T>(work: () => Promise<T>, pass?: GatePass): Promise<T>;
  /** Closes the gate until then; an earlier end than the present one changes nothing. */
  bar(bar: Bar): void;
  /** Epoch milliseconds until which the gate is closed; in the past when it is open. */
  readonly barredUntil: number;
}

export interface GateOptions {
  readonly clock: Clock;
  /** Requests at once, 1 to 4. */
  readonly width: number;
  /** Told of each new bar. */
  readonly onBar?: (bar: Bar) => void;
}

export function createGate({ clock, width, onBar }: GateOptions): Gate {
  const singles = new PQueue({ concurrency: width });
  /** One batch at a time; while it runs, no single is under way. */
  const exclusives = new PQueue({ concurrency: 1 });
  let barredUntil = 0;

  async function opened<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    signal?.throwIfAborted();
    while (clock.now() < barredUntil) await sleep(clock, barredUntil - clock.now(), signal);
    return work();
  }

  async function alone<T>(work: () => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    singles.pause();
    try {
      await singles.onPendingZero();
      return await opened(work, signal);
    } finally {
      singles.start();
    }
  }

  return {
    run: (work, { exclusive = false, signal } = {}) =>
      exclusive ? exclusives.add(() => alone(work, signal)) : singles.add(() => opened(work, signal)),
    bar(bar) {
      if (bar.until <= Math.max(barredUntil, clock.now())) return;
      barredUntil = bar.until;
      onBar?.(bar);
    },
    get barredUntil() {
      return barredUntil;
    },
  };
}
