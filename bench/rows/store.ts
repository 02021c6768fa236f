/** A store full of signed-in queues that have had a round each, made anew for a row and removed after it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateKey } from "m365-mail-daemon";
import type { DaemonPlace } from "../jobs/world.js";
import type { SimulatorPeer } from "../processes.js";
import type { RowContext } from "../row.js";

export interface FullStore {
  readonly place: DaemonPlace;
  readonly addresses: readonly string[];
  readonly signInMs: number;
}

/** Runs `work` with a store of so many queues; the log is empty then. */
export async function withFullStore<T>(
  context: RowContext,
  simulator: SimulatorPeer,
  queues: number,
  work: (store: FullStore) => Promise<T>,
): Promise<T> {
  const place = { folder: await mkdtemp(join(tmpdir(), "mail-daemon-bench-")), key: generateKey() };
  try {
    const mailboxes = await simulator.ask("mailboxes", queues, 0);
    const { signInMs } = await context.processes.withWorker(simulator, (worker) => worker.ask("fill", context.door, place, mailboxes));
    context.tell(`${queues} queues signed in, ${signInMs.toFixed(1)} ms each, and polled once`);
    context.noteRequests(await simulator.ask("report"));
    await simulator.ask("clearLog");
    return await work({ place, addresses: mailboxes.map(({ address }) => address), signInMs });
  } finally {
    await rm(place.folder, { recursive: true, force: true });
  }
}
