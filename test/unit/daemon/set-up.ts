/** A daemon over a simulator, a store in memory that can be troubled, and time that the test moves. */
import { onTestFinished } from "vitest";
import { createDaemon } from "../../../src/daemon/daemon.js";
import type { DaemonEvents } from "../../../src/daemon/events.js";
import type { MailDaemon } from "../../../src/daemon/mail-daemon.js";
import type { MailDaemonOptions } from "../../../src/daemon/options.js";
import type { Delivery } from "../../../src/delivery/delivery.js";
import { memoryStore } from "../../../src/state/memory.js";
import { ownerKey } from "../../../src/state/ownership.js";
import { address, hostOptions, simulatorWith } from "../../support/host.js";
import { createManualClock, type ManualClock } from "../../support/manual-clock.js";
import { stepping } from "../../support/stepping.js";
import { type TroubledStore, troubledStore } from "../../support/troubled-store.js";

export type Told = { [Name in keyof DaemonEvents]: { readonly name: Name } & Omit<DaemonEvents[Name], "name"> }[keyof DaemonEvents];

const watched = [
  "daemon:started",
  "daemon:stopping",
  "daemon:stopped",
  "queue:state",
  "queue:failed",
  "queue:polled",
  "message:settled",
  "message:retrying",
  "message:marked",
] as const satisfies (keyof DaemonEvents)[];

export interface Scene {
  readonly clock: ManualClock;
  readonly store: TroubledStore;
  readonly sim: ReturnType<typeof simulatorWith>;
  readonly told: Told[];
  /** What the handler was given; it works until its signal aborts, unless `work` says otherwise. */
  readonly deliveries: Delivery[];
  work: ((delivery: Delivery) => Promise<unknown>) | undefined;
  /** One daemon; several on this scene share its store, as after a restart. */
  daemon(options?: Partial<MailDaemonOptions> & { /** Without a handler. */ readonly listens?: boolean }): MailDaemon;
  signIn(daemon: MailDaemon, queue?: string): Promise<unknown>;
  /** Moves time on until it is so. */
  until(condition: () => boolean): Promise<void>;
  /** What the work gives, with time moving on. */
  done<T>(work: Promise<T>): Promise<T>;
  names(): string[];
  /** Another daemon takes the store, as one does that finds the owner's record expired. */
  deposed(): Promise<void>;
}

export const foreign = {
  ownerId: "another",
  host: "elsewhere",
  processId: 1,
  bootId: null,
  pidNamespace: null,
  startedAtTicks: null,
  expiresAt: Date.parse("2999-12-31"),
};

export function createScene(addresses: readonly string[] = [address]): Scene {
  const clock = createManualClock(Date.now());
  const sim = simulatorWith(addresses, { now: () => clock.now(), accessTokenLifetimeSeconds: 3_600 });
  const store = troubledStore(memoryStore({ clock }));
  const { handler: _, ...base } = hostOptions(sim, { store, queues: addresses.map((one) => ({ address: one })) });
  const scene: Scene = {
    clock,
    store,
    sim,
    told: [],
    deliveries: [],
    work: undefined,
    daemon({ listens = false, ...options } = {}) {
      const daemon = createDaemon({ ...base, ...(listens ? {} : { handler: handle }), ...options }, clock);
      for (const name of watched) daemon.on(name, (payload) => void scene.told.push({ name, ...payload } as Told));
      onTestFinished(async () => {
        store.refuse = undefined;
        store.release();
        await scene.done(daemon.stop({ deadlineMs: 0 }).catch(() => undefined));
      });
      return daemon;
    },
    signIn: (daemon, queue = address) =>
      scene.done(daemon.signIn(queue, { method: "refreshToken", refreshToken: sim.user(queue).issueRefreshToken() })),
    async until(condition) {
      while (!condition()) await clock.advance(5);
    },
    done: (work) => stepping(work, () => clock.advance(5)),
    names: () => scene.told.map(({ name }) => name),
    async deposed() {
      await store.commit({ puts: [{ key: ownerKey, value: foreign }] });
    },
  };

  function handle(delivery: Delivery): Promise<unknown> {
    scene.deliveries.push(delivery);
    return (
      scene.work?.(delivery) ??
      new Promise((_, reject) => delivery.signal.addEventListener("abort", () => reject(delivery.signal.reason as Error), { once: true }))
    );
  }

  return scene;
}
