/**
 * A flood in one mailbox holds up no other: the simulator in a process of its own, a daemon of a hundred queues over
 * real sockets. `FAIRNESS_MESSAGES` says how large the flood is; default 50,000.
 */
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { simulatorFetch } from "../../simulator/index.js";
import { createMailDaemon, generateKey, keyRing, type LimitOptions, lmdbStore } from "../../src/index.js";
import { deferred } from "../support/deferred.js";
import { openSite } from "./fixtures/fairness/site.js";
import { newFolder } from "./fixtures/store-process.js";

const floodCount = Number(process.env.FAIRNESS_MESSAGES ?? 50_000);
const pollIntervalMs = 2_000;
const flooded = "flooded@contoso.com";
const quiet = Array.from({ length: 99 }, (_, index) => `quiet${index}@contoso.com`);

interface Case {
  readonly title: string;
  readonly limits: LimitOptions;
  /** Milliseconds that a request takes on its way. */
  readonly delayMs: number;
  /** Messages of the flood between two mails to quiet queues. */
  readonly everyMessages: number;
}

const cases: readonly Case[] = [
  { title: "by default", limits: {}, delayMs: 0, everyMessages: 100 },
  { title: "with four requests at once for all", limits: { applicationConcurrency: 4 }, delayMs: 20, everyMessages: 20 },
];

it.each(cases)(
  "a mail to a quiet queue reaches the handler within two intervals while another mailbox is flooded, $title",
  async ({ title, limits, delayMs, everyMessages }) => {
    const site = await openSite({ flooded, quiet, floodCount, delayMs });
    const { clientId, tenantId, url, refreshTokens } = site;
    /** Messages of the flood that were handed over: so far, and when the first mail to a quiet queue came. */
    let flood = 0;
    let floodBefore = 0;
    /** Quiet queues whose first round is not complete, and those that had no mail yet. */
    const unpolled = new Set(quiet);
    const waiting = [...quiet];
    const took: number[] = [];
    const all = deferred<void>();

    const daemon = createMailDaemon({
      app: { clientId, tenantId },
      queues: [flooded, ...quiet].map((address) => ({ address })),
      store: lmdbStore(join(await newFolder(), "state")),
      vaultKeys: keyRing([{ id: "k1", key: generateKey() }]),
      fetch: simulatorFetch(url),
      defaults: { startFrom: "everything", pollIntervalMs, minPollIntervalMs: pollIntervalMs },
      limits: { mailboxRequestsPerTenMinutes: 1_000_000, ...limits },
      handler({ queue, message }) {
        if (queue !== flooded) {
          took.push(Date.now() - Number(message.subject));
          if (took.length === quiet.length) all.resolve();
          return;
        }
        flood += 1;
        if (unpolled.size > 0 || flood % everyMessages > 0) return;
        const next = waiting.shift();
        if (next !== undefined) site.deliver(next);
      },
    });
    onTestFinished(() => daemon.stop({ deadlineMs: 0 }));
    daemon.on("queue:polled", ({ queue }) => {
      if (unpolled.delete(queue) && unpolled.size === 0) floodBefore = flood;
    });
    for (const [address, refreshToken] of refreshTokens) await daemon.signIn(address, { method: "refreshToken", refreshToken });
    await daemon.start();
    await all.promise;

    const floodDuring = flood - floodBefore;
    const sorted = took.toSorted((a, b) => a - b);
    const [median, worst] = [sorted[Math.floor(sorted.length / 2)] ?? Number.NaN, sorted.at(-1) ?? Number.NaN];
    const { knocks, mostAtOnce } = await site.report();
    console.log(
      `fairness, ${title}: ${took.length} mails to quiet queues took ${median} ms in the middle and ${worst} ms at the most, ` +
        `while ${floodDuring} of ${floodCount} messages of the flood were handed over`,
    );
    // The flood went on to the end.
    expect(floodDuring).toBeGreaterThanOrEqual(quiet.length * everyMessages);
    expect(flood).toBeLessThan(floodCount);
    expect(worst).toBeLessThanOrEqual(2 * pollIntervalMs);
    expect(knocks).toBe(0);
    expect(mostAtOnce).toBeLessThanOrEqual(4);
  },
);
