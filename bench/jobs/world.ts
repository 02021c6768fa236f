/** What every job of a measuring process stands on: the simulator, the door, a folder of its own. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMailDaemon, generateKey, keyRing, lmdbStore, type MailDaemon, type MailDaemonOptions } from "m365-mail-daemon";
import { type DoorName, openDoor } from "../doors.js";
import { inLanes } from "../lanes.js";
import type { Mailbox, SimulatorCommands, Site } from "../simulator-process.js";

/** The simulator as a job asks it. */
export interface SimulatorSide {
  ask<Name extends keyof SimulatorCommands>(
    name: Name,
    ...given: Parameters<SimulatorCommands[Name]>
  ): Promise<Awaited<ReturnType<SimulatorCommands[Name]>>>;
}

export interface World {
  readonly simulator: SimulatorSide;
  readonly site: Site;
  readonly fetch: typeof fetch;
}

export async function openWorld(simulator: SimulatorSide, door: DoorName): Promise<World> {
  const site = await simulator.ask("site");
  return { simulator, site, fetch: openDoor(door, site.url) };
}

/** Runs `work` with a fresh folder, which is removed afterwards. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "mail-daemon-bench-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A vault key that lives as long as the run. */
export const newKey = generateKey;

export interface DaemonPlace {
  readonly folder: string;
  readonly key: string;
}

/** A Redis server and what the keys of a run begin with there. */
export interface SharedPlace {
  readonly url: string;
  readonly prefix: string;
  readonly key: string;
}

export type PartPlace = DaemonPlace | SharedPlace;

/** A daemon over LMDB, or the store that is given. Only the limit of ten minutes is raised, which 20,000 messages in one queue would meet. */
export function benchDaemon(
  { site, fetch }: World,
  { key, ...place }: PartPlace,
  options: Pick<MailDaemonOptions, "queues" | "handler" | "defaults"> & Partial<Pick<MailDaemonOptions, "store" | "scheduler">>,
): MailDaemon {
  return createMailDaemon({
    app: { clientId: site.clientId, tenantId: site.tenantId },
    ...("folder" in place ? { store: lmdbStore(place.folder) } : {}),
    vaultKeys: keyRing([{ id: "bench", key }]),
    limits: { mailboxRequestsPerTenMinutes: 1_000_000 },
    fetch,
    ...options,
  } as MailDaemonOptions);
}

/** Real sign-ins, a few at once. */
export async function signInAll(daemon: MailDaemon, mailboxes: readonly Mailbox[]): Promise<void> {
  await inLanes(mailboxes, 8, ({ address, refreshToken }) => daemon.signIn(address, { method: "refreshToken", refreshToken }));
}
