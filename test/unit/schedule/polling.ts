/** A poller over a real session and scheduler; its turns end when the test says so, and with what. */

import type { MailError } from "../../../src/base/errors.js";
import { createLocalScheduler } from "../../../src/schedule/local.js";
import { createPoller, type PollerOptions } from "../../../src/schedule/poller.js";
import type { TurnResult } from "../../../src/schedule/turn.js";
import { freePace } from "../../support/governance.js";
import { settle } from "../../support/manual-clock.js";
import { address, createScene } from "./set-up.js";

/** A round that found nothing. */
export const fine: TurnResult = { pages: 1, messages: 0 };

interface Ending<T> {
  resolve(value: T): void;
  reject(error: unknown): void;
}

export async function createPolling(options: Partial<Pick<PollerOptions, "turn" | "pace">> = {}) {
  const scene = await createScene();
  const { clock } = scene;
  const session = await scene.open();
  const scheduler = createLocalScheduler({ clock });
  const watches: Ending<void>[] = [];
  const lost: MailError[] = [];
  let underWay: Ending<TurnResult> | undefined;

  /** What a signal's abort does to work that listens to it. */
  function abortable<T>(signal: AbortSignal, begin: (ending: Ending<T>) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
      begin({ resolve, reject });
    });
  }

  const poller = createPoller({
    session,
    clock,
    emit: scene.emit,
    pace: options.pace ?? freePace(),
    turn: ({ signal }) => {
      polling.turns += 1;
      return options.turn?.({ urgency: "backlog", signal }) ?? abortable(signal, (ending) => (underWay = ending));
    },
    watchForSignIn: (signal) => abortable(signal, (ending) => void watches.push(ending)),
    wake: () => scheduler.wake(address),
    storeTrouble: () => polling.trouble,
    onLost: (error) => lost.push(error),
  });

  const polling = Object.assign(scene, {
    session,
    scheduler,
    poller,
    watches,
    lost,
    /** What the store is said to be in; empty: nothing. */
    trouble: undefined as MailError | undefined,
    /** How many have begun. */
    turns: 0,
    begin: () => scheduler.add(address, () => poller.run()),
    /** Ends the turn under way, or the one that comes when its time has come; begins the next wait. */
    async end(how: TurnResult | Error) {
      while (!underWay) await clock.advance(1_000);
      const { resolve, reject } = underWay;
      underWay = undefined;
      if (how instanceof Error) reject(how);
      else resolve(how);
      await settle();
    },
    signIn: () => watches.at(-1)?.resolve(),
    states: () => scene.of("queue:state").map(({ from, to, why }) => [from, to, why]),
  });
  return polling;
}
