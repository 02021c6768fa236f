/**
 * A host application whose time a test moves, over a simulator in process or on loopback: what takes minutes of asking
 * takes milliseconds. Time stands still while a request is under way, so that none runs into its deadline.
 */
import { onTestFinished } from "vitest";
import type { SimulatedMailbox, Simulator } from "../../simulator/index.js";
import { simulatorFetch } from "../../simulator/index.js";
import { createDaemon } from "../../src/daemon/daemon.js";
import type { DaemonEvents, Delivery, MailDaemon, MailDaemonOptions } from "../../src/index.js";
import { deferred } from "./deferred.js";
import { address, hostOptions, simulatorWith } from "./host.js";
import { createManualClock, type ManualClock, until } from "./manual-clock.js";
import { stepping } from "./stepping.js";

export type Told = { [Name in keyof DaemonEvents]: { readonly name: Name } & Omit<DaemonEvents[Name], "name"> }[keyof DaemonEvents];

export interface ClockedHost {
  readonly sim: Simulator;
  readonly mailbox: SimulatedMailbox;
  readonly clock: ManualClock;
  readonly daemon: MailDaemon;
  /** Events about messages, in order. */
  readonly told: Told[];
  readonly handed: Delivery["message"][];
  /** Moves time on until it is so. */
  until(condition: () => boolean): Promise<void>;
  /** Lets so many milliseconds pass. */
  pass(ms: number): Promise<void>;
  /** What the work gives, with time moving on. */
  done<T>(work: Promise<T>): Promise<T>;
  /** Keeps batches from being sent; returns the function that lets them go. */
  holdBatches(): () => void;
  /** Whether a batch is being kept. */
  readonly isHolding: boolean;
}

const watched = ["message:settled", "message:gone", "message:reduced", "message:changed-elsewhere", "message:marked"] as const;
const stepMs = 1_000;

/** Signed in and not started; stopped at the end of the test. The queue polls every minute, and its rounds bring ids only. */
export async function clockedHost({
  loopback = false,
  ...options
}: Partial<MailDaemonOptions> & { loopback?: boolean } = {}): Promise<ClockedHost> {
  const clock = createManualClock(Date.now());
  const sim = simulatorWith([address], { now: () => clock.now() });
  const door = loopback ? await sim.listen() : undefined;
  const send = door ? simulatorFetch(door.url) : sim.fetch;
  const told: Told[] = [];
  const handed: Delivery["message"][] = [];
  let underWay = 0;
  /** Batches that are kept, and what lets them go; empty while none is to be kept. */
  let held: ReturnType<typeof deferred<void>> | undefined;
  let kept = 0;

  const fetch: typeof globalThis.fetch = async (input, init) => {
    if (held && String(input).endsWith("/$batch")) {
      kept += 1;
      await held.promise;
      kept -= 1;
    }
    underWay += 1;
    try {
      return await send(input, init);
    } finally {
      underWay -= 1;
    }
  };
  const daemon = createDaemon(
    hostOptions(sim, {
      fetch,
      defaults: { startFrom: "unread", pollIntervalMs: 60_000, minPollIntervalMs: 60_000, ...options.defaults },
      handler: ({ message }) => void handed.push(message),
    }),
    clock,
  );
  for (const name of watched) daemon.on(name, (payload) => void told.push({ name, ...payload } as Told));

  async function step(): Promise<void> {
    await until(() => underWay === 0);
    await clock.advance(stepMs);
  }
  const done = <T>(work: Promise<T>) => stepping(work, () => clock.advance(1));

  onTestFinished(async () => {
    held?.resolve();
    await done(daemon.stop({ deadlineMs: 0 }));
    await door?.close();
  });
  await done(daemon.signIn(address, { method: "refreshToken", refreshToken: sim.user(address).issueRefreshToken() }));
  return {
    sim,
    mailbox: sim.user(address).mailbox,
    clock,
    daemon,
    told,
    handed,
    done,
    async until(condition) {
      while (!condition()) await step();
    },
    async pass(ms) {
      for (const end = clock.now() + ms; clock.now() < end; ) await step();
    },
    holdBatches() {
      held = deferred();
      return () => {
        held?.resolve();
        held = undefined;
      };
    },
    get isHolding() {
      return kept > 0;
    },
  };
}
