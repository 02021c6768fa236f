/**
 * What one application asks of Graph over all its mailboxes: so many requests at once, so many in ten seconds, and none
 * while Graph refuses many mailboxes at once. Every request passes here on its way out of its mailbox's gate.
 *
 * Invariants: no request starts before `barredUntil`; places are given in a fair order, so a mailbox with a flood takes
 * its share and no more. After such a pause a few go first, and more with each answer that is none of refusal. Streams,
 * which hosts read at their own pace, get half of the places at the most, and none of those few. The governor must not know
 * what the requests are.
 */
import { backoffMs } from "../base/backoff.js";
import type { Clock } from "../base/clock.js";
import { type Bar, barredError, longestWaitMs, manyRefusedCode, Pause } from "./bar.js";
import { applicationAllowance, createBudget } from "./budget.js";
import { createFence } from "./fence.js";
import { createPlaces, type Pass } from "./places.js";
import { StreamPlaces } from "./stream-places.js";

/** What the whole application may ask for. */
export interface ApplicationLimits {
  /** Requests at once, the four parts that a batch runs at once counted as four. 1 or more. */
  readonly concurrency: number;
  readonly requestsPerTenSeconds: number;
}

export interface GovernedPass extends Pass {
  /** What it counts for. */
  readonly cost: number;
  /** The queue address, for messages. */
  readonly queue: string;
  /** Its place is held for as long as a host reads. */
  readonly streamed?: boolean | undefined;
}

export interface Governor {
  /** Resolves when it may be sent, with what is to be called when it is over. @throws MailError `GRAPH_THROTTLED` for a pause longer than a call should hang */
  enter(pass: GovernedPass): Promise<() => void>;
  /** Graph answered that mailbox: it did as it was asked, or wants a pause. */
  answered(mailbox: unknown, refusal?: Bar): void;
  /** Closes it for a pause of all that was made before a restart. */
  keep(bar: Bar): void;
  readonly barredUntil: number;
  /** Requests that count in the present ten seconds, as a share of what is allowed. */
  readonly load: number;
}

export interface GovernorOptions extends ApplicationLimits {
  readonly clock: Clock;
  /** Told of each new bar. */
  readonly onBar?: (bar: Bar) => void;
}

/** Places after a pause for all. */
const firstPlaces = 4;
/** Such a pause lasts so long at the least, longer with each that follows before all was well again. */
const leastPause = { baseMs: 5_000, capMs: 120_000 };

export function createGovernor({ clock, concurrency, requestsPerTenSeconds, onBar }: GovernorOptions): Governor {
  const allowance = { ...applicationAllowance, limit: requestsPerTenSeconds };
  const budget = createBudget(clock, allowance);
  const fence = createFence(clock);
  const places = createPlaces<GovernedPass>({ clock, width: concurrency, opensInMs, onEnter });
  const pause = new Pause(clock);
  const streams = new StreamPlaces(clock, concurrency);
  /** Pauses for all since all places were last open. */
  let pauses = 0;

  function opensInMs({ cost, queue }: GovernedPass): number {
    if (pause.leftMs > longestWaitMs) throw barredError(queue, pause.bar);
    return Math.max(pause.leftMs, budget.waitMs(cost));
  }

  function onEnter({ cost, streamed }: GovernedPass): void {
    budget.spend(cost);
    if (streamed) streams.entered();
  }

  function bar(next: Bar): void {
    if (!pause.extend(next)) return;
    places.width = Math.min(concurrency, firstPlaces + streams.held);
    onBar?.(next);
  }

  function widen(): void {
    if (places.width === concurrency) return;
    places.width += 1;
    if (places.width === concurrency) pauses = 0;
  }

  return {
    async enter(pass) {
      opensInMs(pass);
      const take = () => places.take(pass);
      return pass.streamed ? streams.enter(pass, take) : take();
    },
    answered(mailbox, refusal) {
      fence.answered(mailbox, refusal?.until);
      // What is answered during a pause was sent before it: it says nothing of how Graph takes what comes after.
      const isPaused = pause.leftMs > 0;
      if (!refusal) return isPaused ? undefined : widen();
      const until = fence.raised();
      if (until === undefined) return;
      if (!isPaused) pauses += 1;
      bar({ until: isPaused ? until : Math.max(until, clock.now() + backoffMs(clock, pauses, leastPause)), code: manyRefusedCode });
    },
    keep: bar,
    get barredUntil() {
      return pause.bar.until;
    },
    get load() {
      return budget.spent / allowance.limit;
    },
  };
}
