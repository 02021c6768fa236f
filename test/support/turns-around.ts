/**
 * A scheduler whose turns go around among the daemons of one process, in turn, for tests of what a daemon makes of such
 * turns; the real one is tested with its own engine. Time is the clock's.
 */
import type { Clock } from "../../src/base/clock.js";
import { MailError } from "../../src/base/errors.js";
import type { RunTurn, Scheduler } from "../../src/schedule/scheduler.js";

export interface TurnsAround {
  /** A scheduler for one more daemon. */
  member(): Member;
  /** Queues whose turn is under way. */
  readonly underWay: ReadonlySet<string>;
}

export interface Member extends Scheduler {
  /** Its turns are lost: others take them at once, and it hears of it when `thaw` is called. */
  freeze(): void;
  thaw(): void;
  /** Turns begun. */
  readonly turns: number;
  /** One is under way. */
  readonly isBusy: boolean;
}

interface Shared {
  stopTimer: (() => void) | undefined;
  holder: Handle | undefined;
  woken: boolean;
  last: number;
}

interface Handle {
  readonly member: object;
  readonly lost: AbortController;
  isHeld: boolean;
}

export function createTurnsAround(clock: Clock): TurnsAround {
  const queues = new Map<string, Shared>();
  const members: { readonly runs: Map<string, RunTurn>; isFrozen: boolean; readonly self: object; count: number }[] = [];
  const underWay = new Set<string>();

  function dueIn(address: string, delayMs: number): void {
    const queue = queues.get(address) as Shared;
    queue.stopTimer?.();
    queue.stopTimer = delayMs === Number.POSITIVE_INFINITY ? undefined : clock.startTimer(() => void give(address), delayMs);
  }

  async function give(address: string): Promise<void> {
    const queue = queues.get(address) as Shared;
    queue.stopTimer = undefined;
    if (queue.holder?.isHeld) return;
    const able = members.filter(({ runs, isFrozen }) => runs.has(address) && !isFrozen);
    if (able.length === 0) return dueIn(address, 1_000);
    queue.last += 1;
    const member = able[queue.last % able.length] as (typeof members)[number];
    const handle: Handle = { member: member.self, lost: new AbortController(), isHeld: true };
    queue.holder = handle;
    queue.woken = false;
    member.count += 1;
    underWay.add(address);
    const run = member.runs.get(address) as RunTurn;
    const delayMs = await run({
      signal: handle.lost.signal,
      confirm: async () => {
        if (!handle.isHeld) throw lostError(address);
      },
    });
    if (!handle.isHeld) return;
    handle.isHeld = false;
    underWay.delete(address);
    dueIn(address, queue.woken ? 0 : delayMs);
  }

  return {
    underWay,
    member() {
      const self = {};
      const entry = { runs: new Map<string, RunTurn>(), isFrozen: false, self, count: 0 };
      members.push(entry);
      const waits = new Map<string, Promise<void>>();
      const held = () => [...queues].filter(([, { holder }]) => holder?.member === self && holder.isHeld);
      async function remove(address: string): Promise<void> {
        entry.runs.delete(address);
        await waits.get(address);
      }
      return {
        isShared: true,
        trouble: undefined,
        open: () => Promise.resolve(),
        add(address, run, delayMs = 0) {
          entry.runs.set(address, (turn) => {
            const done = run(turn);
            waits.set(
              address,
              done.then(() => undefined),
            );
            return done;
          });
          if (queues.has(address)) return;
          queues.set(address, { stopTimer: undefined, holder: undefined, woken: false, last: 0 });
          dueIn(address, delayMs);
        },
        wake(address) {
          const queue = queues.get(address);
          if (!queue) return;
          if (queue.holder?.isHeld) queue.woken = true;
          else dueIn(address, 0);
        },
        remove,
        async stop() {
          await Promise.all([...entry.runs.keys()].map(remove));
        },
        freeze() {
          entry.isFrozen = true;
          for (const [address, queue] of held()) {
            (queue.holder as Handle).isHeld = false;
            underWay.delete(address);
            dueIn(address, 0);
          }
        },
        thaw() {
          entry.isFrozen = false;
          for (const [address, { holder }] of queues) if (holder?.member === self && !holder.isHeld) holder.lost.abort(lostError(address));
        },
        get isBusy() {
          return held().length > 0;
        },
        get turns() {
          return entry.count;
        },
      };
    },
  };
}

function lostError(queue: string): MailError {
  return new MailError("LIFECYCLE_LOST_QUEUE", `The turn of ${queue} is another process's now.`, { queue });
}
