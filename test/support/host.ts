/** A host application for tests: a daemon over a simulator, and what it was given. */

import { createSimulator, type Simulator, type SimulatorOptions } from "../../simulator/index.js";
import { systemClock } from "../../src/base/clock.js";
import { createDaemon } from "../../src/daemon/daemon.js";
import type { DaemonEvents } from "../../src/daemon/events.js";
import type { MailDaemon } from "../../src/daemon/mail-daemon.js";
import type { MailDaemonOptions } from "../../src/daemon/options.js";
import { generateKey, keyRing, memoryStore } from "../../src/index.js";

export const address = "support@contoso.com";

/** A simulator with its seed in the output when the test fails: `sim.seed` is printed by vitest's error of the caller. */
export function simulatorWith(addresses: readonly string[] = [address], options: SimulatorOptions = {}): Simulator {
  const sim = createSimulator({ seed: 1, ...options });
  for (const one of addresses) sim.addUser({ address: one });
  return sim;
}

/** Options of a daemon on that simulator: a memory store, one key, quick polling. */
export function hostOptions(sim: Simulator, options: Partial<MailDaemonOptions> = {}): MailDaemonOptions {
  return {
    app: { clientId: sim.clientId, tenantId: sim.tenantId },
    queues: [{ address }],
    store: memoryStore(),
    vaultKeys: keyRing([{ id: "k1", key: generateKey() }]),
    fetch: sim.fetch,
    handler: () => undefined,
    defaults: { pollIntervalMs: 50, minPollIntervalMs: 10, startFrom: "everything" },
    ...options,
  };
}

/** A daemon whose queues are signed in; the caller starts and stops it. */
export async function signedIn(sim: Simulator, options: MailDaemonOptions): Promise<MailDaemon> {
  const daemon = createDaemon(options, systemClock);
  for (const { address: queue, account = queue } of options.queues) {
    await daemon.signIn(queue, { method: "refreshToken", refreshToken: sim.user(account).issueRefreshToken() });
  }
  return daemon;
}

/** Resolves with the next event of that name that the filter accepts. */
export function next<Name extends keyof DaemonEvents>(
  daemon: MailDaemon,
  name: Name,
  accepts: (payload: DaemonEvents[Name]) => boolean = () => true,
): Promise<DaemonEvents[Name]> {
  return new Promise((resolve) => {
    const remove = daemon.on(name, (payload) => {
      if (!accepts(payload)) return;
      remove();
      resolve(payload);
    });
  });
}

/** Resolves when that many such events have come from now on. */
export function many<Name extends keyof DaemonEvents>(daemon: MailDaemon, name: Name, count: number): Promise<DaemonEvents[Name][]> {
  const all: DaemonEvents[Name][] = [];
  return next(daemon, name, (payload) => all.push(payload) >= count).then(() => all);
}
