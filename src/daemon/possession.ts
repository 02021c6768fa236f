/** How a daemon has its store: for itself, as its one owner, or together with others, by turns. */
import type { Clock } from "../base/clock.js";
import type { MailError } from "../base/errors.js";
import { type Ownership, takeOwnership } from "../state/ownership.js";
import type { WatchedStore } from "../state/watched-store.js";
import { createWorkers, type WorkerStatus } from "./workers.js";

export interface Possession {
  /** The name of this process among those that share the store. */
  readonly worker: string;
  /** @throws MailError `LIFECYCLE_STORE_IN_USE`, `STORE_…` */
  take(): Promise<void>;
  /** @throws MailError `LIFECYCLE_LOST_STORE` once it is not this process's any more, `STORE_…` */
  confirm(): Promise<void>;
  /** @throws MailError `STORE_…` */
  release(): Promise<void>;
  readonly isTaken: boolean;
  /** Those that share it; empty where one has it for itself. @throws MailError `STORE_…` */
  workers(): Promise<readonly WorkerStatus[]>;
}

export interface PossessionOptions {
  /** Must be open from `take` on. */
  readonly store: WatchedStore;
  readonly clock: Clock;
  readonly isShared: boolean;
  readonly turns: () => number;
  /** Called once when the store is no longer ours. */
  readonly onLost: (error: MailError) => void;
}

export function createPossession({ isShared, ...options }: PossessionOptions): Possession {
  return isShared ? together(options) : alone(options);
}

function together(options: Omit<PossessionOptions, "isShared">): Possession {
  const workers = createWorkers(options);
  let isTaken = false;
  return {
    worker: workers.name,
    async take() {
      await workers.join();
      isTaken = true;
    },
    // Each turn is confirmed by itself.
    confirm: () => Promise.resolve(),
    release: workers.leave,
    get isTaken() {
      return isTaken;
    },
    workers: workers.all,
  };
}

function alone({ store, clock, onLost }: Omit<PossessionOptions, "isShared">): Possession {
  /** Empty until it is taken. */
  let ownership: Ownership | undefined;
  return {
    worker: "",
    async take() {
      ownership = await takeOwnership(store, { clock, onLost });
    },
    confirm: async () => ownership?.confirm(),
    release: async () => ownership?.release(),
    get isTaken() {
      return ownership !== undefined;
    },
    workers: () => Promise.resolve([]),
  };
}
