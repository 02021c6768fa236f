/**
 * A running daemon with two signed-in queues, and time that the test moves: what is refused strikes one of them, the
 * other shows that it goes on. It must not know the tables of refusals.
 */
import { onTestFinished } from "vitest";
import type { Fault, SimulatorOptions } from "../../simulator/index.js";
import { createDaemon } from "../../src/daemon/daemon.js";
import type { DaemonEvents } from "../../src/daemon/events.js";
import type { MailDaemonOptions } from "../../src/daemon/options.js";
import type { QueueStatus } from "../../src/daemon/status.js";
import type { SignInMethod } from "../../src/index.js";
import { memoryStore } from "../../src/state/memory.js";
import { address, hostOptions, simulatorWith } from "../support/host.js";
import { createManualClock } from "../support/manual-clock.js";
import { stepping } from "../support/stepping.js";

export { address };
export const other = "sales@contoso.com";

/** One event as it was told. */
export type Told = { [Name in keyof DaemonEvents]: { readonly name: Name } & Omit<DaemonEvents[Name], "name"> }[keyof DaemonEvents];
export type ToldOf<Name extends Told["name"]> = Extract<Told, { readonly name: Name }>;

const watched = [
  "app:refused",
  "app:accepted",
  "queue:failed",
  "queue:mode-changed",
  "queue:polled",
  "queue:signed-in",
  "queue:sign-in-required",
  "queue:state",
  "message:marked",
] as const satisfies (keyof DaemonEvents)[];

const tokenLifeMs = 3_600_000;
const pollIntervalMs = 1_000;

export type RefusalScene = ReturnType<typeof refusalScene>;

/** Nothing is signed in yet, nothing runs. Several daemons made by it are processes over one store, one after another. */
export function refusalScene(queues: readonly string[] = [address, other], simulated: SimulatorOptions = {}) {
  const clock = createManualClock(Date.now());
  const sim = simulatorWith(queues, { now: () => clock.now(), accessTokenLifetimeSeconds: tokenLifeMs / 1_000, ...simulated });
  const store = memoryStore({ clock });
  const told: Told[] = [];
  const options = hostOptions(sim, {
    store,
    queues: queues.map((queue) => ({ address: queue })),
    defaults: { pollIntervalMs, minPollIntervalMs: pollIntervalMs, startFrom: "everything" },
  });

  /** Moves time on until it is so. */
  async function until(condition: () => boolean, stepMs = pollIntervalMs / 10): Promise<void> {
    while (!condition()) await clock.advance(stepMs);
  }

  /** What the work gives, with time moving on: slowly, as a password is hashed and a page is asked for in real time. */
  const done = <T>(work: Promise<T>, stepMs = 1) => stepping(work, () => clock.advance(stepMs));

  function process(more: Partial<MailDaemonOptions> = {}) {
    const daemon = createDaemon({ ...options, ...more }, clock);
    for (const name of watched) daemon.on(name, (payload) => void told.push({ name, ...payload } as Told));
    onTestFinished(async () => {
      await done(daemon.stop({ deadlineMs: 0 }));
    });
    const signIn = (queue = address, method?: SignInMethod) =>
      done(daemon.signIn(queue, method ?? { method: "refreshToken", refreshToken: sim.user(queue).issueRefreshToken() }));
    const state = (queue = address) => daemon.status().queues.find((one) => one.address === queue) as QueueStatus;

    return {
      daemon,
      signIn,
      state,
      /** Until the queue has got through a whole round that began after this call. */
      async goesOn(queue = address) {
        const from = told.length;
        await until(() => told.slice(from).some((event) => event.name === "queue:polled" && event.queue === queue));
        await done(daemon.pollNow(queue));
      },
      /** Until a mail that arrives now was handled and marked. */
      async delivers(queue: string) {
        const id = sim.user(queue).mailbox.deliver();
        await until(() => told.some((event) => event.name === "message:marked" && event.id === id));
      },
      /** All queues signed in and polled once, and nothing told. */
      async running() {
        for (const queue of queues) await signIn(queue);
        await done(daemon.start());
        await until(() => queues.every((queue) => state(queue).lastRoundAt !== undefined));
        told.length = 0;
      },
    };
  }

  return {
    clock,
    sim,
    store,
    told,
    until,
    done,
    process,
    /** Events of that name so far. */
    of: <Name extends Told["name"]>(name: Name): readonly ToldOf<Name>[] => told.filter((event) => event.name === name) as ToldOf<Name>[],
    /** Every access token ends now. */
    endTokens: () => clock.freeze(tokenLifeMs),
    /** Entra refuses renewals from now on. Gives the end of it. */
    refuse: (fault: Partial<Fault>, whom: "one account" | "everybody" = "one account") =>
      sim.faults.add({ name: "refused", route: "token", ...(whom === "everybody" ? {} : { mailbox: address }), ...fault }),
  };
}

/** A scene that runs, with its one process. */
export async function runningScene(queues?: readonly string[], options?: Partial<MailDaemonOptions>) {
  const scene = refusalScene(queues);
  const process = scene.process(options);
  await process.running();
  return { ...scene, ...process };
}
