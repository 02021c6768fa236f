/** A daemon over a simulator that listens on loopback, where a browser can open its pages. */
import type { Page } from "puppeteer-core";
import { onTestFinished } from "vitest";
import { createSimulator, type Simulator, simulatorFetch, simulatorUrl } from "../../simulator/index.js";
import { type Clock, systemClock } from "../../src/base/clock.js";
import { createDaemon } from "../../src/daemon/daemon.js";
import type { MailDaemon } from "../../src/daemon/mail-daemon.js";
import { generateKey, keyRing, memoryStore, type SignInResult } from "../../src/index.js";

export const address = "support@contoso.com";
export const password = "correct horse battery";
export const stranger = { address: "someone.else@contoso.com", password: "another pass phrase" };

export interface Scene {
  readonly sim: Simulator;
  readonly daemon: MailDaemon;
  /** Where the browser finds what an address of Entra's means. */
  urlOf(url: string): string;
}

export async function openScene(clock: Clock = systemClock): Promise<Scene> {
  const sim = createSimulator({ seed: 1, now: () => clock.now() });
  sim.addUser({ address, password });
  sim.addUser(stranger);
  const door = await sim.listen();
  onTestFinished(() => door.close());
  const options = {
    app: { clientId: sim.clientId, tenantId: sim.tenantId },
    queues: [{ address }],
    store: memoryStore(),
    vaultKeys: keyRing([{ id: "k1", key: generateKey() }]),
    fetch: simulatorFetch(door.url),
    handler: () => undefined,
    defaults: { startFrom: "everything", pollIntervalMs: 50, minPollIntervalMs: 10 } as const,
  };
  const daemon = createDaemon(options, clock);
  onTestFinished(() => daemon.stop({ deadlineMs: 0 }));
  return { sim, daemon, urlOf: (url) => simulatorUrl(door.url, url) };
}

/** A sign-in under way: the page is open in the browser. */
export interface SigningIn {
  readonly result: Promise<SignInResult>;
  /** Where the daemon waits for the browser. */
  readonly redirectUri: string;
}

/** Begins a sign-in with the browser; resolves when its page has been opened. `signal` ends it. */
export async function beginSignIn({ daemon, urlOf }: Scene, page: Page, signal?: AbortSignal): Promise<SigningIn> {
  return new Promise((resolve, reject) => {
    const result = daemon.signIn(address, {
      method: "browser",
      ...(signal ? { signal } : {}),
      async openUrl(url) {
        await page.goto(urlOf(url));
        resolve({ result, redirectUri: new URL(url).searchParams.get("redirect_uri") ?? "" });
      },
    });
    result.catch(reject);
  });
}

/** Types into the sign-in page and presses its button. */
export async function enter(page: Page, typed: { readonly login?: string; readonly password: string }): Promise<void> {
  if (typed.login !== undefined) await page.locator("#login").fill(typed.login);
  await page.locator("#passwd").fill(typed.password);
  await page.locator("::-p-xpath(//button[.='Sign in'])").click();
}
