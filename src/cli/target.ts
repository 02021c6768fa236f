/**
 * What a command works on: the daemon that runs on the configured store, or the store itself where none does.
 *
 * Invariant: where a daemon listens it is asked, so nothing is done behind its back; what a command says is the same in
 * shape either way.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { MailError } from "../base/errors.js";
import { createMailDaemon } from "../daemon/daemon.js";
import type { MailDaemon } from "../daemon/mail-daemon.js";
import { type OfflineStore, openOffline } from "../daemon/offline.js";
import { dataFile } from "../state/lmdb-folder.js";
import { composeOptions, controlFolder, storeFolder } from "./compose.js";
import type { CommandContext } from "./context.js";
import { findDaemon, type RunningDaemon } from "./control-client.js";
import { type Answers, type AsJson, asJson } from "./control-contract.js";
import { interruptedError } from "./interruption.js";
import type { LoadedConfig } from "./load-config.js";

export interface Target {
  /** Absent where no daemon listens. */
  readonly processId: number | undefined;
  status(): Promise<AsJson<Answers["status"]>>;
  /** `null`: the queue never saw it. */
  explain(address: string, id: string): Promise<AsJson<Answers["explain"]>>;
  quarantined(address: string): Promise<AsJson<Answers["quarantined"]>>;
  /** Without an id, all that rest in quarantine; `tell` gets each when it is durable. */
  replay(address: string, id: string | undefined, tell: (id: string) => void): Promise<void>;
}

/** The daemon that runs with this configuration, if there is a folder to find it by. @throws MailError `LIFECYCLE_CONTROL_UNAVAILABLE` */
export async function runningDaemon({ interrupts }: CommandContext, loaded: LoadedConfig): Promise<RunningDaemon | undefined> {
  const folder = controlFolder(loaded);
  return folder === undefined ? undefined : findDaemon(folder, { signal: interrupts.gentle });
}

/** Does the work on the one or the other. */
export async function withTarget<T>(context: CommandContext, work: (target: Target) => Promise<T>): Promise<T> {
  const loaded = await context.load();
  const daemon = await runningDaemon(context, loaded);
  if (daemon) return work(running(daemon));
  assertThere(loaded);
  return withOffline(loaded, (store) => work(stored(store, context.interrupts.gentle)));
}

/** Does the work on the store of this configuration, whether a daemon runs on it or not. */
export async function withOffline<T>(loaded: LoadedConfig, work: (store: OfflineStore) => Promise<T>): Promise<T> {
  const store = await openOffline(await composeOptions(loaded));
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** Does the work with a daemon that is never started: it signs in and out, and seals anew, beside one that runs. */
export async function withIdleDaemon<T>(loaded: LoadedConfig, work: (daemon: MailDaemon) => Promise<T>): Promise<T> {
  const daemon = createMailDaemon(await composeOptions(loaded));
  try {
    return await work(daemon);
  } finally {
    await daemon.stop({ deadlineMs: 0 });
  }
}

/** For what can only be done by a daemon that runs. @throws MailError `LIFECYCLE_NOT_STARTED` */
export async function demandDaemon(context: CommandContext, what: string): Promise<RunningDaemon> {
  const loaded = await context.load();
  const daemon = await runningDaemon(context, loaded);
  if (daemon) return daemon;
  throw new MailError("LIFECYCLE_NOT_STARTED", `${what}, and none listens in ${controlFolder(loaded) ?? "any folder"}.`, {
    remedy:
      controlFolder(loaded) === undefined
        ? "Name a folder for its socket in `control`, as the store has none, and start it with `m365-mail-daemon run`."
        : "Start it with `m365-mail-daemon run`, then ask again.",
  });
}

/** Looking at a store makes none. */
export function isStoreThere(loaded: LoadedConfig): boolean {
  const folder = storeFolder(loaded);
  return folder === undefined || existsSync(join(folder, dataFile));
}

function assertThere(loaded: LoadedConfig): void {
  if (isStoreThere(loaded)) return;
  throw new MailError(
    "LIFECYCLE_NOT_STARTED",
    `There is no store in ${storeFolder(loaded)} yet: no daemon has run, and nobody has signed in.`,
    {
      remedy: "Sign the queues in with `m365-mail-daemon sign-in`, and start the daemon with `m365-mail-daemon run`.",
    },
  );
}

function running({ processId, ask }: RunningDaemon): Target {
  const quarantined = (address: string) => ask("quarantined", { address });
  return {
    processId,
    status: () => ask("status", {}),
    explain: (address, id) => ask("explain", { address, id }),
    quarantined,
    async replay(address, id, tell) {
      const ids = id === undefined ? (await quarantined(address)).map((one) => one.id) : [id];
      for (const one of ids) {
        await ask("replay", { address, id: one });
        tell(one);
      }
    },
  };
}

function stored(store: OfflineStore, signal: AbortSignal): Target {
  return {
    processId: undefined,
    status: async () => asJson(await store.status()),
    explain: async (address, id) => asJson((await store.explain(address, id)) ?? null),
    quarantined: async (address) => asJson(await store.quarantined(address)),
    replay: (address, id, tell) =>
      store.replay(address, id, (one) => {
        tell(one);
        if (signal.aborted && id === undefined) throw interruptedError();
      }),
  };
}
