/**
 * Going live on a mailbox full of old mail, in real processes over the built package: the first walk in bounded memory
 * and on from where a kill cut it off, nothing old for `"now"`, also a month later when the cursor has died, and
 * everything that comes in after going live. `GOING_LIVE_MESSAGES` says how many old ones there are; default 20,000.
 */
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createSimulator, type Simulator, simulatorFetch } from "../../simulator/index.js";
import { createMailDaemon, generateKey, keyRing, lmdbStore, type MailDaemonOptions } from "../../src/index.js";
import { beginLife, type LiveLife } from "./fixtures/going-live/life.js";
import { newFolder } from "./fixtures/store-process.js";

const address = "support@contoso.com";
const day = 86_400_000;
const mib = 2 ** 20;
const oldCount = Number(process.env.GOING_LIVE_MESSAGES ?? 20_000);
const pageSize = 1_000;
/** What a walk may hold, however much there is; and what comparing all with the ledger may hold of each message. */
const mostMib = 24;
const knownBytes = 400;
const patiently = { timeout: 30_000 + oldCount * 2, interval: 20 };

const walks = (simulator: Simulator, walk: string) =>
  simulator.log.entries({ route: "delta" }).filter((entry) => entry.walk === walk && entry.status === 200).length;

async function signIn(simulator: Simulator, options: Pick<MailDaemonOptions, "store" | "vaultKeys" | "fetch">): Promise<void> {
  const { clientId, tenantId } = simulator;
  const daemon = createMailDaemon({ ...options, app: { clientId, tenantId }, queues: [{ address }] });
  await daemon.signIn(address, { method: "refreshToken", refreshToken: simulator.user(address).issueRefreshToken() });
  await daemon.stop();
}

it(
  "the first walk of a mailbox full of old mail takes bounded memory, outlives a kill, and delivers none of it for now, nor a month later",
  async () => {
    let aheadMs = 0;
    const simulator = createSimulator({ seed: 1, now: () => Date.now() + aheadMs });
    const { mailbox } = simulator.addUser({ address });
    const from = Date.now() - 900 * day;
    for (let done = 0; done < oldCount; done += 10_000) {
      const chunk = Math.min(10_000, oldCount - done);
      mailbox.deliverMany(
        Array.from({ length: chunk }, (_, index) => ({ receivedAt: from + (done + index) * 60_000, isRead: index % 2 > 0 })),
      );
    }
    const moved = mailbox.deliverMany([{ receivedAt: from }, { receivedAt: from, isRead: true }], "archive") as [string, string];
    const door = await simulator.listen();
    onTestFinished(() => door.close());
    const storePath = join(await newFolder(), "state");
    const key = generateKey();
    await signIn(simulator, {
      store: lmdbStore(storePath),
      vaultKeys: keyRing([{ id: "k1", key }]),
      fetch: simulatorFetch(door.url),
    });
    const begin = () =>
      beginLife(
        {
          app: { clientId: simulator.clientId, tenantId: simulator.tenantId },
          address,
          defaults: { startFrom: "now", pageSize, pollIntervalMs: 100, minPollIntervalMs: 50 },
          storePath,
          simulatorUrl: door.url,
          aheadMs,
        },
        `k1:${key}`,
      );

    const cutOff = await begin();
    cutOff.order("start");
    await expect.poll(() => walks(simulator, "next"), patiently).toBeGreaterThan(oldCount / pageSize / 2);
    await cutOff.kill();
    expect(walks(simulator, "delta")).toBe(0);
    const early = mailbox.deliver();

    const beganAt = Date.now();
    const live = await begin();
    live.order("start");
    await expect.poll(() => live.of("polled").length, patiently).toBeGreaterThan(1);
    expect(walks(simulator, "first")).toBe(1);
    const shown = simulator.log.entries({ route: "delta" }).reduce((sum, { ids = [] }) => sum + ids.length, 0);
    // What the kill caught between answer and commit comes again; a walk from the beginning would be half as much more.
    expect(shown).toBeLessThan(oldCount * 1.25 + 2 * pageSize);
    mailbox.move(moved[0], "inbox");
    const late = mailbox.deliver();
    await expect
      .poll(
        () =>
          live
            .of("handed")
            .map(({ id }) => id)
            .toSorted(),
        patiently,
      )
      .toEqual([early, moved[0], late].toSorted());
    live.order("sweep");
    await expect.poll(() => live.of("swept").length, patiently).toBe(1);
    expect(live.of("swept")).toMatchObject([{ listed: oldCount + 3, known: oldCount + 3, found: 0 }]);
    const firstSeconds = (Date.now() - beganAt) / 1_000;
    const grown = (highest: number | undefined, life: LiveLife) => ((highest ?? 0) - (life.of("before")[0]?.heap ?? 0)) / mib;
    // Until the first round was complete; after that came the sweep.
    const walkMib = grown(live.of("polled")[0]?.highest, live);
    const sweepMib = grown(live.of("polled").at(-1)?.highest, live);
    await live.stop();

    aheadMs += 30 * day;
    mailbox.forgetSyncStates();
    const inTheGap = mailbox.deliver();
    mailbox.move(moved[1], "inbox");
    const monthBeganAt = Date.now();
    const month = await begin();
    month.order("start");
    await expect.poll(() => month.of("handed").length, patiently).toBe(2);
    await expect.poll(() => month.of("polled").length, patiently).toBeGreaterThan(1);
    month.order("sweep");
    await expect.poll(() => month.of("swept").length, patiently).toBe(1);
    expect(month.of("cursor-lost")).toHaveLength(1);
    expect(walks(simulator, "first")).toBe(2);
    expect(
      month
        .of("handed")
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual([inTheGap, moved[1]].toSorted());
    expect(month.of("swept")).toMatchObject([{ listed: oldCount + 5, known: oldCount + 5, found: 0 }]);
    const againMib = grown(month.of("polled").at(-1)?.highest, month);
    await month.stop();

    console.log(
      `going live: ${oldCount} old messages, pages of ${pageSize}; reachable heap grew by at most ${walkMib.toFixed(1)} MiB in the first walk, ` +
        `${sweepMib.toFixed(1)} MiB with a sweep (half a walk and the sweep: ${firstSeconds.toFixed(1)} s), ` +
        `${againMib.toFixed(1)} MiB in a walk over again a month later with its sweeps (${((Date.now() - monthBeganAt) / 1_000).toFixed(1)} s)`,
    );
    expect(live.of("polled")[0]?.looks).toBeGreaterThan(5);
    expect(walkMib).toBeLessThan(mostMib);
    const comparing = mostMib + (oldCount * knownBytes) / mib;
    expect(sweepMib).toBeLessThan(comparing);
    expect(againMib).toBeLessThan(comparing);
  },
  120_000 + oldCount * 4,
);
