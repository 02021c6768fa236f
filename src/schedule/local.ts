/**
 * The scheduler of one process: a timer for each queue. How many turns are under way at once is nobody's concern here:
 * what they ask of Graph waits for its place with the governor, one of every mailbox in turn.
 */
import type { Clock } from "../base/clock.js";
import type { RunTurn, Scheduler, Turn } from "./scheduler.js";

interface Slot {
  readonly run: RunTurn;
  /** Clears the timer of the next turn; empty while a turn runs. */
  stopTimer: (() => void) | undefined;
  /** The turn under way; empty between turns. */
  turn: Promise<void> | undefined;
  /** A wake-up came during the turn. */
  woken: boolean;
  removed: boolean;
}

/** No other process runs a turn of these. */
const unshared: Turn = { signal: new AbortController().signal, confirm: () => Promise.resolve() };

export function createLocalScheduler({ clock }: { readonly clock: Clock }): Scheduler {
  const slots = new Map<string, Slot>();

  function begin(slot: Slot): void {
    slot.stopTimer?.();
    slot.stopTimer = undefined;
    slot.turn = runOne(slot);
  }

  async function runOne(slot: Slot): Promise<void> {
    // Not inside the call that began it: a wake-up from within the turn must find it under way.
    await Promise.resolve();
    slot.woken = false;
    const delayMs = slot.removed ? Number.POSITIVE_INFINITY : await slot.run(unshared);
    slot.turn = undefined;
    if (slot.removed) return;
    if (slot.woken) begin(slot);
    else beginIn(slot, delayMs);
  }

  function beginIn(slot: Slot, delayMs: number): void {
    if (delayMs !== Number.POSITIVE_INFINITY) slot.stopTimer = clock.startTimer(() => begin(slot), delayMs);
  }

  async function remove(address: string): Promise<void> {
    const slot = slots.get(address);
    if (!slot) return;
    slots.delete(address);
    slot.removed = true;
    slot.stopTimer?.();
    await slot.turn;
  }

  return {
    isShared: false,
    open: () => Promise.resolve(),
    trouble: undefined,
    add(address, run, delayMs = 0) {
      const slot: Slot = { run, stopTimer: undefined, turn: undefined, woken: false, removed: false };
      slots.set(address, slot);
      if (delayMs > 0) beginIn(slot, delayMs);
      else begin(slot);
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
