/**
 * The network of one simulated process: the simulator's door with answers on their way for some (virtual) time, so that
 * other things happen meanwhile. It counts what is under way and notes which messages a round has shown.
 */
import type { LogEntry, Simulator } from "../../simulator/index.js";
import { mailboxRoutes } from "../../simulator/traffic/route-name.js";
import { sleep } from "../../src/base/clock.js";
import type { PendingWork } from "../support/pending-work.js";
import type { Life } from "./life.js";

export interface NetworkOptions {
  readonly sim: Simulator;
  readonly life: Life;
  readonly pending: PendingWork;
  /** A page of a round gave these messages as present. */
  readonly onShown: (ids: readonly string[]) => void;
  /** What came of a request, for the chronicle. */
  readonly onAnswer: (...what: readonly unknown[]) => void;
  /** More than four requests were under way for one mailbox. */
  readonly onCrowd: (mailbox: string, count: number) => void;
}

export interface Network {
  readonly fetch: typeof fetch;
  /** Whether the process sent the request of this number in the simulator's log. */
  sent(number: number): boolean;
  /** Whether its answer reached the process, whole where the parts of a batch are in it. */
  heard(number: number): boolean;
  /** Whether the process stopped waiting for an answer: the simulator may have been busy with it for longer. */
  readonly gaveUp: boolean;
}

/** A batch runs four parts at a time. */
const batchWeight = 4;
/** An answer that bars the mailbox is on its way for less than the simulator's tolerance for knocking. */
const longestBarringMs = 40;
const delays = [1, 20, 20, 60, 300, 2_500] as const;

export function createNetwork({ sim, life, pending, onShown, onAnswer, onCrowd }: NetworkOptions): Network {
  const { around: clock } = life;
  const sent = new Set<number>();
  const heard = new Set<number>();
  const underWay = new Map<string, number>();
  let gaveUp = false;

  function count({ mailbox, route }: LogEntry, change: 1 | -1): void {
    if (mailbox === undefined || !mailboxRoutes.has(route)) return;
    const now = (underWay.get(mailbox) ?? 0) + change * (route === "batch" ? batchWeight : 1);
    underWay.set(mailbox, now);
    if (now > batchWeight) onCrowd(mailbox, now);
  }

  function delayOf(entries: readonly LogEntry[]): number {
    const longest = delays[Math.floor(clock.random() * delays.length)] ?? 1;
    const bars = entries.some(({ status, retryAfterMs }) => status === 429 || retryAfterMs !== undefined);
    return Math.ceil(clock.random() * Math.min(longest, bars ? longestBarringMs : longest));
  }

  async function exchange(input: Parameters<typeof fetch>[0], init: RequestInit | undefined): Promise<Response> {
    // The entry is there when the call returns: see the simulator's in-process door.
    const answering = pending.track(sim.fetch(input, init));
    const entry = sim.log.entries().at(-1)!;
    sent.add(entry.number);
    count(entry, 1);
    try {
      const outcome = await answering.then(
        (response) => ({ response }),
        (error: unknown) => ({ error }),
      );
      const about = sim.log.entries().filter(({ number, batch }) => number === entry.number || batch === entry.number);
      if (entry.ids && entry.status === 200) onShown(entry.ids);
      const delayMs = delayOf(about);
      for (const { number, route, status, path, retryAfterMs } of about)
        onAnswer(number, route, status ?? "dropped", path.slice(0, 90), { retryAfterMs, delayMs });
      await sleep(clock, delayMs, init?.signal ?? undefined);
      if ("error" in outcome) throw outcome.error;
      const partsBar = about.some(({ batch, status }) => batch !== undefined && status === 429);
      if (!partsBar || (await outcome.response.clone().text()).endsWith("]}")) heard.add(entry.number);
      return outcome.response;
    } finally {
      gaveUp ||= init?.signal?.aborted ?? false;
      count(entry, -1);
    }
  }

  return {
    fetch: (input, init) => life.act("request", () => exchange(input, init)),
    sent: (number) => sent.has(number),
    heard: (number) => heard.has(number),
    get gaveUp() {
      return gaveUp;
    },
  };
}
