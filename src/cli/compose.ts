/** From a configuration to the daemon's options: paths become stores and key rings, a simulator becomes the door. */
import { resolve } from "node:path";
import { environmentKeys } from "../auth/environment-keys.js";
import { keyFile } from "../auth/key-file.js";
import type { KeyFunction, KeyRing } from "../auth/key-ring.js";
import { keychainKeys } from "../auth/keychain-keys.js";
import type { MailDaemonOptions } from "../daemon/options.js";
import { lmdbStore } from "../state/lmdb.js";
import type { Store } from "../state/store.js";
import type { KeysConfig, MailDaemonConfig } from "./config.js";
import type { LoadedConfig } from "./load-config.js";
import { storeOfWorld } from "./world.js";

export const defaultStore = "./mail-daemon-state";
export const defaultKeys: KeysConfig = { env: "MAIL_DAEMON_KEYS" };

/** Everything but the handler. @throws ConfigError `CONFIG_…` */
export async function composeOptions({ config, folder }: LoadedConfig): Promise<Omit<MailDaemonOptions, "handler">> {
  const { app, queues, defaults, limits, simulator } = config;
  const fetch = simulator === undefined ? config.fetch : await simulatorDoor(simulator);
  return {
    app,
    queues,
    ...(defaults ? { defaults } : {}),
    ...(limits ? { limits } : {}),
    store: storeOfWorld(
      storeOf(config, folder),
      simulator === undefined ? "microsoft" : "simulator",
      // What is no address is refused by the daemon's own options.
      queues.map(({ address }) => String(address)),
    ),
    vaultKeys: keysOf(config.keys ?? defaultKeys, folder),
    ...(fetch ? { fetch } : {}),
  };
}

/** The folder of the store, where it is one. */
export function storeFolder({ config: { store = defaultStore }, folder }: LoadedConfig): string | undefined {
  return typeof store === "string" ? resolve(folder, store) : undefined;
}

/** The folder of the socket by which a daemon that runs is reached, where there is one. */
export function controlFolder(loaded: LoadedConfig): string | undefined {
  const { control } = loaded.config;
  return control === undefined ? storeFolder(loaded) : resolve(loaded.folder, control);
}

function storeOf({ store = defaultStore }: MailDaemonConfig, folder: string): Store {
  return typeof store === "string" ? lmdbStore(resolve(folder, store)) : store;
}

function keysOf(keys: NonNullable<MailDaemonConfig["keys"]>, folder: string): KeyRing | KeyFunction {
  if (typeof keys === "function" || "load" in keys) return keys;
  if ("env" in keys) return environmentKeys(keys.env);
  return "file" in keys ? keyFile(resolve(folder, keys.file)) : keychainKeys({ service: keys.keychain });
}

/** Loaded when it is used: the daemon itself does not need it. */
async function simulatorDoor(url: string): Promise<typeof fetch> {
  const { simulatorFetch } = await import("../../simulator/index.js");
  return simulatorFetch(url);
}
