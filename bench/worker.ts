/**
 * The process in which one side is measured: started fresh for each measurement, so that none inherits another's
 * heap or compiled code; it warms its own code up first where a row asks for it.
 */
import type { DoorName } from "./doors.js";
import { drain, type Side } from "./jobs/drain.js";
import { openWorld, type SimulatorSide } from "./jobs/world.js";
import { type Commands, createPeer } from "./peer.js";
import type { Mailbox } from "./simulator-process.js";

export type WorkerCommands = typeof commands;

const simulator: SimulatorSide = {
  ask: (name, ...given) => parent.ask("simulator", name, given) as never,
};

const commands = {
  drain: async (door: DoorName, side: Side, mailboxes: readonly Mailbox[], messages: number) =>
    drain(await openWorld(simulator, door), side, mailboxes, messages),
};

/** The parent passes on what is meant for the simulator. */
type ParentCommands = Commands & { readonly simulator: (name: string, given: readonly unknown[]) => unknown };

const parent = createPeer<ParentCommands>(process, commands);
