/**
 * The world of one script: a simulator with two mailboxes, a disk, virtual time, and one process after another with a
 * daemon in it. Carries commands out; all that is judged is judged by the witness.
 */
import { createSimulator, type Simulator } from "../../simulator/index.js";
import { MailError } from "../../src/base/errors.js";
import type { MailDaemonOptions } from "../../src/daemon/options.js";
import { generateKey, keyRing } from "../../src/index.js";
import type { Store } from "../../src/state/store.js";
import { createPendingWork } from "../support/pending-work.js";
import { createVirtualClock } from "../support/virtual-clock.js";
import { createDisk, type Disk } from "./disk.js";
import { createLife, type Fuse } from "./life.js";
import { handlerTimeoutMs, maxAttempts } from "./plan.js";
import { createProcess, type SimulatedProcess } from "./process.js";
import type { QueueIndex, Script } from "./script.js";
import { createWitness, type Witness } from "./witness.js";

export const queues = ["everything@contoso.com", "unread@contoso.com"] as const;
export const folders = ["inbox", "junkemail", "archive"] as const;
export const ticket = "Ticket";

export interface World {
  readonly sim: Simulator;
  readonly disk: Disk;
  readonly witness: Witness;
  now(): number;
  address(queue: QueueIndex): string;
  /** The process that runs now; empty while none does. */
  running(): SimulatedProcess | undefined;
  /** All there ever were, with the pause of each queue that its store knew when it began. */
  readonly processes: readonly { readonly process: SimulatedProcess; readonly barredUntil: ReadonlyMap<string, number> }[];
  /** Lets the world go on for so long. */
  pass(ms: number): Promise<void>;
  /** Lets the world go on until the promise has settled or the process is dead; undefined then. */
  drive<T>(process: SimulatedProcess, work: Promise<T>, withinMs: number): Promise<T | undefined>;
  /** Begins a daemon unless one runs; waits for the record of a dead owner to expire. */
  start(): Promise<void>;
  stop(deadlineMs: number): Promise<void>;
  /** The next writes fail, so many. */
  fillDisk(count: number): void;
  /** The next process, or the running one, dies of it. */
  arm(fuse: Fuse): void;
  disarm(): void;
  kill(): void;
  /** The process stands still; with `takeOver` another one takes the store meanwhile. */
  freeze(forMs: number, takeOver: boolean): Promise<void>;
  close(): void;
}

/** Longer than an owner's record lives. */
const expiryMs = 10_000;

export async function createWorld(script: Script, plant: (store: Store) => Store = (store) => store): Promise<World> {
  const clock = createVirtualClock();
  const pending = createPendingWork();
  const sim = createSimulator({ seed: script.seed, now: clock.now, quirks: { moveAwayAndBackHidden: false } });
  const disk = await createDisk(clock.process(() => 0));
  disk.trouble.slowMs = script.slowDiskMs;
  const watched = new Map<string, readonly string[]>([
    [queues[0], ["inbox", "junkemail"]],
    [queues[1], ["inbox"]],
  ]);
  const witness = createWitness({ now: clock.now, maxInFlight: script.maxInFlight, watched, everything: [queues[0]] });
  const options: Omit<MailDaemonOptions, "store" | "fetch" | "handler"> = {
    app: { clientId: sim.clientId, tenantId: sim.tenantId },
    queues: [
      {
        address: queues[0],
        folders: ["inbox", "junkemail"],
        startFrom: "everything",
        afterAck: { markRead: true, addCategories: [ticket] },
        onQuarantine: { moveTo: "archive" },
      },
      { address: queues[1] },
    ],
    vaultKeys: keyRing([{ id: "k1", key: generateKey() }]),
    defaults: {
      pollIntervalMs: 60_000,
      minPollIntervalMs: 5_000,
      pageSize: script.pageSize,
      maxInFlight: script.maxInFlight,
      maxAttempts,
      handlerTimeoutMs,
      highWaterBytes: script.highWaterBytes,
      conversationOrder: script.order,
    },
  };
  const processes: { process: SimulatedProcess; barredUntil: ReadonlyMap<string, number> }[] = [];
  let current: SimulatedProcess | undefined;
  /** Empty unless the next process is to die of it. */
  let fuse: Fuse | undefined;

  for (const address of queues) sim.addUser({ address });
  await signIn();

  async function spawn(): Promise<SimulatedProcess> {
    const barredUntil = new Map<string, number>();
    for (const queue of queues) barredUntil.set(queue, await disk.barredUntil(queue));
    const name = `p${processes.length}`;
    const random = chances(script.seed + processes.length);
    const life = createLife(clock.process(random), clock.process(random));
    const process = createProcess({ name, sim, disk, life, pending, witness, options, listens: script.listens, plant });
    processes.push({ process, barredUntil });
    if (disk.trouble.full > 0) witness.hindered(name);
    return process;
  }

  /** By a process of its own, so that scripts begin with a daemon that never ran. */
  async function signIn(): Promise<void> {
    const process = await spawn();
    for (const queue of queues) {
      const method = { method: "refreshToken", refreshToken: sim.user(queue).issueRefreshToken() } as const;
      await drive(process, process.daemon.signIn(queue, method), 60_000);
    }
    process.life.end();
  }

  /** Lets all come to rest that does not wait for time, and notices a broken promise or a death. */
  async function rest(): Promise<void> {
    await pending.quiet();
    witness.assertKept();
    if (!current) return;
    const { name, life, isDeposed } = current;
    if (life.isDead) witness.note("died in the middle");
    else if (isDeposed) witness.note("stopped by itself");
    else return;
    current = undefined;
    witness.lost(name, true);
  }

  async function pass(ms: number): Promise<void> {
    const until = clock.now() + ms;
    do await rest();
    while (clock.step(until));
    await rest();
  }

  async function drive<T>(process: SimulatedProcess, work: Promise<T>, withinMs: number): Promise<T | undefined> {
    const until = clock.now() + withinMs;
    let settled = false;
    const done = () => {
      settled = true;
    };
    work.then(done, done);
    for (;;) {
      await rest();
      if (settled) return work;
      if (process.life.isDead) return undefined;
      if (!clock.step(until)) throw new Error(`after ${withinMs} ms something is still not done`);
    }
  }

  async function start(): Promise<void> {
    if (current) return;
    const process = await spawn();
    if (fuse) process.life.arm(fuse);
    fuse = undefined;
    current = process;
    try {
      await drive(process, process.daemon.start(), 60_000);
    } catch (error) {
      current = undefined;
      if (!(error instanceof MailError) || !(error.code === "LIFECYCLE_STORE_IN_USE" || error.code === "STORE_UNAVAILABLE")) throw error;
      witness.note(`a start failed: ${error.code}`);
      if (process.life.clock.pendingCount > 0) witness.violated(`a start that failed left ${process.life.clock.pendingCount} timers`);
      await pass(Math.max(0, (error.notBeforeAt ?? 0) - clock.now()));
      await start();
    }
  }

  async function stop(deadlineMs: number): Promise<void> {
    const process = current;
    if (!process) return;
    witness.stopping(process.name, clock.now() + deadlineMs);
    try {
      await drive(process, process.daemon.stop({ deadlineMs }), deadlineMs + 3_000);
    } catch (error) {
      if (!(error instanceof MailError) || error.code !== "STORE_UNAVAILABLE") throw error;
    }
    if (current !== process) return;
    witness.stopped(process.name);
    if (process.life.clock.pendingCount > 0) witness.violated(`a stop left ${process.life.clock.pendingCount} timers`);
    process.life.end();
    current = undefined;
  }

  async function freeze(forMs: number, takeOver: boolean): Promise<void> {
    const process = current;
    if (!process) return;
    process.life.freeze();
    witness.frozen(process.name);
    const thawAt = clock.now() + forMs;
    if (takeOver && forMs > expiryMs) {
      await pass(expiryMs);
      witness.note("another took over");
      witness.lost(process.name, false);
      process.isDeposed = true;
      disk.trouble.full = 0;
      fuse = undefined;
      current = undefined;
      await start();
    }
    await pass(Math.max(0, thawAt - clock.now()));
    process.life.thaw();
    await rest();
  }

  return {
    sim,
    disk,
    witness,
    processes,
    now: clock.now,
    address: (queue) => queues[queue],
    running: () => current,
    pass,
    drive,
    start,
    stop,
    freeze,
    fillDisk(count) {
      disk.trouble.full = count;
      if (current) witness.hindered(current.name);
    },
    arm(next) {
      if (current) current.life.arm(next);
      else fuse = next;
    },
    disarm() {
      fuse = undefined;
      current?.life.disarm();
    },
    kill() {
      if (!current) return;
      current.life.end();
      witness.lost(current.name, true);
      witness.note("killed");
      current = undefined;
    },
    close() {
      for (const { process } of processes) process.life.end();
      pending.close();
    },
  };
}

/** mulberry32: a stream of chances of one process. */
function chances(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
