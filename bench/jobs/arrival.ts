/**
 * The time from a mail's arrival in the mailbox to the handler, by one clock: with the adaptive cadence at its default for
 * queues of all kinds, and for `pollNow` in queues that are otherwise quiet.
 */
import { setTimeout as wait } from "node:timers/promises";
import type { QueueDefaults } from "m365-mail-daemon";
import { inLanes } from "../lanes.js";
import type { Mailbox } from "../simulator-process.js";
import { type Arrivals, arrivedAt } from "../traffic.js";
import { benchDaemon, newKey, signInAll, type World, withFolder } from "./world.js";

export interface ArrivalPlan {
  readonly arrivals: readonly Arrivals[];
  /** Empty: the daemon's own defaults. */
  readonly intervals: Pick<QueueDefaults, "pollIntervalMs" | "minPollIntervalMs">;
  /** Queues that get mail only together with a `pollNow`. */
  readonly asked: readonly string[];
  /** Milliseconds before the first mail counts. */
  readonly warmUpMs: number;
  readonly windowMs: number;
  /** How many times each of the asked queues is. */
  readonly times: number;
}

export interface Arrived {
  /** Milliseconds by mail, by address. */
  readonly lags: ReadonlyMap<string, readonly number[]>;
  /** From the call of `pollNow` to the handler. */
  readonly askedMs: readonly number[];
  readonly handed: number;
  readonly sent: number;
  readonly doubled: number;
}

export async function arrival(world: World, mailboxes: readonly Mailbox[], plan: ArrivalPlan): Promise<Arrived> {
  const { simulator } = world;
  const lags = new Map<string, readonly number[]>();
  const seen = new Set<string>();
  /** Who waits for the next mail of an asked queue. */
  const waiting = new Map<string, () => void>();
  let [handed, countFrom] = [0, Number.POSITIVE_INFINITY];
  return withFolder(async (folder) => {
    const place = { folder, key: newKey() };
    const daemon = benchDaemon(world, place, {
      queues: mailboxes.map(({ address }) => ({ address })),
      defaults: plan.intervals,
      handler({ queue, message }) {
        handed += 1;
        seen.add(message.id);
        waiting.get(queue)?.();
        const at = arrivedAt(message.subject);
        if (at >= countFrom && !waiting.has(queue)) lags.set(queue, [...(lags.get(queue) ?? []), Date.now() - at]);
      },
    });
    await signInAll(daemon, mailboxes);
    await daemon.start();
    await simulator.ask("beginArrivals", plan.arrivals);
    await wait(plan.warmUpMs);
    countFrom = Date.now();
    const askedMs: number[] = [];
    const asking = inLanes(Array.from({ length: plan.times }, () => plan.asked).flat(), 1, async (address) => {
      await simulator.ask("deliverNow", address);
      const begun = performance.now();
      const came = new Promise<void>((resolve) => waiting.set(address, resolve));
      await daemon.pollNow(address);
      await came;
      askedMs.push(performance.now() - begun);
    });
    await Promise.all([wait(plan.windowMs), asking]);
    const sent = await simulator.ask("endArrivals");
    // What came last is found within the longest interval.
    for (let lookedMs = 0; seen.size < sent && lookedMs < 60_000; lookedMs += 100) await wait(100);
    await daemon.stop();
    return { lags, askedMs, handed: seen.size, sent, doubled: handed - seen.size };
  });
}
