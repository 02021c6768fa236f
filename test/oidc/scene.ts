/** Daemons over the foreign provider, one store for all of them, and the people who have accounts there. */
import { onTestFinished } from "vitest";
import { createSimulator, type Simulator } from "../../simulator/index.js";
import type { BrowserSignIn } from "../../src/auth/methods/browser.js";
import { type Clock, systemClock } from "../../src/base/clock.js";
import { createDaemon } from "../../src/daemon/daemon.js";
import type { MailDaemon } from "../../src/daemon/mail-daemon.js";
import type { MailDaemonOptions } from "../../src/daemon/options.js";
import { generateKey, keyRing, memoryStore } from "../../src/index.js";
import { deferred } from "../support/deferred.js";
import { createDoor, type Door } from "./door.js";
import { createPerson, type Doing, type LastPage } from "./person.js";
import { type OpenIdProvider, openProvider } from "./provider.js";

export const address = "support@contoso.com";
export const stranger = "someone.else@contoso.com";

export interface Scene {
  readonly sim: Simulator;
  readonly provider: OpenIdProvider;
  readonly door: Door;
  /** One store and one key ring for all daemons of the scene. */
  readonly options: MailDaemonOptions;
  /** One more daemon, ended with the test. */
  create(): MailDaemon;
  /** Signs in as a person does with a fresh browser: `ended` is the page that they see at last. */
  browser(doing?: Doing): { readonly method: BrowserSignIn; readonly ended: Promise<LastPage> };
}

export async function openScene({ clock = systemClock, ...options }: Partial<MailDaemonOptions> & { clock?: Clock } = {}): Promise<Scene> {
  const sim = createSimulator({ seed: 1, now: () => clock.now() });
  const people = new Map([address, stranger].map((name) => [name, sim.addUser({ address: name }).objectId]));
  const { clientId, tenantId } = sim;
  const provider = await openProvider({ clientId, tenantId, people });
  onTestFinished(() => provider.close());
  const door = createDoor(provider.url, sim);
  const settings: MailDaemonOptions = {
    app: { clientId, tenantId },
    queues: [{ address }],
    store: memoryStore(),
    vaultKeys: keyRing([{ id: "k1", key: generateKey() }]),
    fetch: door.fetch,
    handler: () => undefined,
    defaults: { startFrom: "everything", pollIntervalMs: 50, minPollIntervalMs: 10 },
    ...options,
  };
  return {
    sim,
    provider,
    door,
    options: settings,
    create() {
      const daemon = createDaemon(settings, clock);
      onTestFinished(() => daemon.stop({ deadlineMs: 0 }));
      return daemon;
    },
    browser(doing = { login: address }) {
      const { promise: ended, resolve } = deferred<LastPage | Promise<LastPage>>();
      const openUrl = (url: string) => resolve(createPerson().visit(door.browserUrl(url), doing));
      return { method: { method: "browser", openUrl }, ended: ended.then((page) => page) };
    },
  };
}
