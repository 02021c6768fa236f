/**
 * The process in which one side is measured: started fresh for each measurement, so that none inherits another's
 * heap or compiled code; it warms its own code up first where a row asks for it.
 */
import type { DoorName } from "./doors.js";
import { type ArrivalPlan, arrival } from "./jobs/arrival.js";
import { drain, type Side } from "./jobs/drain.js";
import { type EconomyKind, economy } from "./jobs/economy.js";
import { fill, type IdleTimes, idle, type Polling, poll, start } from "./jobs/idle.js";
import { micro } from "./jobs/micro.js";
import { type Done, openPart, type Part, type PartPlan, type Progress } from "./jobs/part.js";
import { type DaemonPlace, openWorld, type PartPlace, type SimulatorSide } from "./jobs/world.js";
import { type Commands, createPeer } from "./peer.js";
import type { Mailbox } from "./simulator-process.js";

export type WorkerCommands = typeof commands;

const simulator: SimulatorSide = {
  ask: (name, ...given) => parent.ask("simulator", name, given) as never,
};

let polling: Polling | undefined;
/** The newest that was opened. */
let part: Part | undefined;

function opened(): Part {
  if (!part) throw new Error("No part was opened yet.");
  return part;
}

const commands = {
  drain: async (door: DoorName, side: Side, mailboxes: readonly Mailbox[], messages: number) =>
    drain(await openWorld(simulator, door), side, mailboxes, messages),
  economy: async (door: DoorName, kind: EconomyKind, mailbox: Mailbox, messages: number) =>
    economy(await openWorld(simulator, door), kind, mailbox, messages),
  arrival: async (door: DoorName, mailboxes: readonly Mailbox[], plan: ArrivalPlan) =>
    arrival(await openWorld(simulator, door), mailboxes, plan),
  fill: async (door: DoorName, place: DaemonPlace, mailboxes: readonly Mailbox[]) =>
    fill(await openWorld(simulator, door), place, mailboxes),
  start: async (door: DoorName, place: DaemonPlace, addresses: readonly string[]) =>
    start(await openWorld(simulator, door), place, addresses),
  poll: async (door: DoorName, place: DaemonPlace, addresses: readonly string[], times: IdleTimes): Promise<void> => {
    polling = await poll(await openWorld(simulator, door), place, addresses, times);
  },
  /** Of the daemon that `poll` began. */
  idle: () => {
    if (!polling) throw new Error("Nothing polls yet.");
    return idle(simulator, polling);
  },
  open: async (door: DoorName, place: PartPlace, plan: PartPlan): Promise<void> => {
    globalThis.gc?.();
    part = openPart(await openWorld(simulator, door), place, plan, (progress) => void parent.ask("progress", progress));
  },
  signIn: (mailboxes: readonly Mailbox[]) => opened().signIn(mailboxes),
  startPart: () => opened().start(),
  stopPart: () => opened().stop(),
  done: (): Done => opened().done(),
  handed: () => opened().handed(),
  micro: (eachMs: number) => micro(eachMs),
};

/** The parent passes on what is meant for the simulator, and sums up what several have done. */
type ParentCommands = Commands & {
  readonly simulator: (name: string, given: readonly unknown[]) => unknown;
  readonly progress: (progress: Progress) => void;
};

const parent = createPeer<ParentCommands>(process, commands);
