/** A command line whose configuration names a simulator on loopback, and daemons that run on its store. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { createSimulator, type Simulator } from "../../../simulator/index.js";
import { generateKey } from "../../../src/auth/key-ring.js";
import { composeOptions, storeFolder } from "../../../src/cli/compose.js";
import type { JsonConfig } from "../../../src/cli/config.js";
import { type Control, openControl } from "../../../src/cli/control-server.js";
import { loadConfig } from "../../../src/cli/load-config.js";
import { createMailDaemon } from "../../../src/daemon/daemon.js";
import type { MailDaemon } from "../../../src/daemon/mail-daemon.js";
import type { Handler, MailDaemonOptions, QueueOptions } from "../../../src/daemon/options.js";
import { type CommandLine, commandLine } from "./command-line.js";

export const [support, sales] = ["support@contoso.com", "sales@contoso.com"] as const;

export interface SimulatedLine extends CommandLine {
  readonly sim: Simulator;
  readonly storeFolder: string;
  readonly keyFile: string;
  /** What each line of a run's output says. */
  json<Line = Record<string, unknown>>(text: string): Line[];
  /** Signs queues in by a refresh token each. */
  signIn(...addresses: string[]): Promise<void>;
  /** What a daemon of this configuration is made of, but its handler. */
  options(): Promise<Omit<MailDaemonOptions, "handler">>;
  /** A daemon on the store, without a control socket, or with it; stopped after the test at the latest. */
  made(handler: Handler, how?: { readonly control?: boolean }): Promise<Made>;
}

export interface Made {
  readonly daemon: MailDaemon;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export async function simulatedLine(
  queues: readonly QueueOptions[] = [{ address: support }, { address: sales }],
  more: Partial<JsonConfig> = {},
): Promise<SimulatedLine> {
  const sim = createSimulator({ seed: 1 });
  for (const address of new Set(queues.flatMap(({ address, account = address }) => [address, account]))) sim.addUser({ address });
  for (const { address, account } of queues) if (account !== undefined) sim.user(address).grantAccess(account);
  const door = await sim.listen();
  onTestFinished(() => door.close());
  const line = await commandLine();
  const { folder } = line;
  const keyFile = join(folder, "keys");
  await writeFile(keyFile, `key1:${generateKey()}\n`, { mode: 0o600 });
  const config = {
    app: { clientId: sim.clientId, tenantId: sim.tenantId },
    simulator: door.url,
    queues,
    defaults: { pollIntervalMs: 50, minPollIntervalMs: 10, startFrom: "everything" },
    store: "./state",
    keys: { file: "keys" },
    ...more,
  };
  await writeFile(join(folder, "mail-daemon.config.json"), JSON.stringify(config));
  const options = async () => composeOptions(await loadConfig(folder, undefined));

  return Object.assign(line, {
    sim,
    storeFolder: join(folder, "state"),
    keyFile,
    options,
    json: <Line>(text: string) =>
      text
        .split("\n")
        .filter((one) => one !== "")
        .map((one) => JSON.parse(one) as Line),
    async signIn(...addresses: string[]) {
      const daemon = createMailDaemon(await options());
      for (const address of addresses) {
        await daemon.signIn(address, { method: "refreshToken", refreshToken: sim.user(address).issueRefreshToken() });
      }
      await daemon.stop();
    },
    async made(handler: Handler, { control = false } = {}) {
      const daemon = createMailDaemon({ ...(await options()), handler });
      /** Empty before the start, and without one. */
      let socket: Control | undefined;
      const stop = async () => {
        await daemon.stop();
        await socket?.close();
      };
      onTestFinished(stop);
      return {
        daemon,
        stop,
        async start() {
          await daemon.start();
          if (control) socket = await openControl({ daemon, folder: storeFolder(await loadConfig(folder, undefined)) as string });
        },
      };
    },
  });
}
