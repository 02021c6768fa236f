/** The scheduler of one process: a timer for each queue, and a limit on turns at once. */
import PQueue from "p-queue";
import type { Clock } from "../base/clock.js";
import type { RunTurn, Scheduler } from "./scheduler.js";

export interface LocalSchedulerOptions {
  readonly clock: Clock;
  /** Turns at once over all queues, 1 or more. Default 64. */
  readonly concurrency?: number;
}

interface Slot {
  readonly run: RunTurn;
  /** Clears the timer of the next turn; empty while a turn waits for its place or runs. */
  stopTimer: (() => void) | undefined;
  /** The turn under way or waiting for its place; empty between turns. */
  turn: Promise<void> | undefined;
  running: boolean;
  /** A wake-up came during the turn. */
  woken: boolean;
  removed: boolean;
}

export function createLocalScheduler({ clock, concurrency = 64 }: LocalSchedulerOptions): Scheduler {
  const turns = new PQueue({ concurrency });
  const slots = new Map<string, Slot>();

  function begin(slot: Slot): void {
    slot.stopTimer?.();
    slot.stopTimer = undefined;
    slot.turn = turns
      .add(async () => {
        // Not inside the call that began it: a wake-up from within the turn must find it under way.
        await Promise.resolve();
        slot.woken = false;
        slot.running = !slot.removed;
        return slot.running ? slot.run() : Number.POSITIVE_INFINITY;
      })
      .then((delayMs) => {
        slot.turn = undefined;
        slot.running = false;
        if (slot.removed) return;
        if (slot.woken) begin(slot);
        else if (delayMs !== Number.POSITIVE_INFINITY) slot.stopTimer = clock.startTimer(() => begin(slot), delayMs);
      });
  }

  async function remove(address: string): Promise<void> {
    const slot = slots.get(address);
    if (!slot) return;
    slots.delete(address);
    slot.removed = true;
    slot.stopTimer?.();
    // One that waits for its place will find itself removed: nobody need wait for that.
    if (slot.running) await slot.turn;
  }

  return {
    add(address, run) {
      const slot: Slot = { run, stopTimer: undefined, turn: undefined, running: false, woken: false, removed: false };
      slots.set(address, slot);
      begin(slot);
    },
    wake(address) {
      const slot = slots.get(address);
      if (!slot) return;
      if (slot.turn) slot.woken = true;
      else begin(slot);
    },
    remove,
    async stop() {
      await Promise.all([...slots.keys()].map(remove));
    },
  };
}
