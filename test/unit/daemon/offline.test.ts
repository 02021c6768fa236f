/** A store on which no daemon runs: looked at without a write, and a replay that the next daemon goes on from. */
import { expect, it } from "vitest";
import { systemClock } from "../../../src/base/clock.js";
import { type OfflineStore, openOffline } from "../../../src/daemon/offline.js";
import { memoryStore } from "../../../src/state/memory.js";
import { ownerKey } from "../../../src/state/ownership.js";
import type { Store } from "../../../src/state/store.js";
import { address, hostOptions, next, signedIn, simulatorWith } from "../../support/host.js";
import { foreign } from "./set-up.js";

/** All that the store holds. */
async function contentOf(store: Store) {
  await store.open();
  const spaces = await Promise.all(["daemon", "vault", address].map((space) => store.list({ prefix: [space], limit: 10_000 })));
  await store.close();
  return spaces.flat();
}

/** A store as a killed daemon has left it: one mail was with its handler, one rests in quarantine. */
async function leftStore() {
  const sim = simulatorWith();
  const store = memoryStore();
  const options = hostOptions(sim, {
    store,
    handler: (delivery) => (delivery.message.subject === "bad" ? delivery.reject("no such customer") : new Promise(() => undefined)),
  });
  const [bad, hanging] = ["bad", "hanging"].map((subject) => sim.user(address).mailbox.deliver({ subject })) as [string, string];
  // Kept open, as the disk is: a store in memory forgets with its last user.
  await store.open();
  const daemon = await signedIn(sim, options);
  const rests = next(daemon, "message:quarantined");
  await daemon.start();
  await rests;
  await expect.poll(() => daemon.status().queues[0]?.inFlight).toBe(1);
  const delivering = (await store.list({ prefix: [address, "open"], limit: 10 })).filter(
    ({ value }) => (value as { state: string }).state === "delivering",
  );
  await daemon.stop({ deadlineMs: 0 });
  // What a stop would have put right and a kill does not.
  await store.commit({ puts: delivering.map(({ key, value }) => ({ key, value })) });
  return { sim, store, options, bad, hanging };
}

async function offline<T>(options: Parameters<typeof openOffline>[0], work: (store: OfflineStore) => Promise<T>): Promise<T> {
  const store = await openOffline(options);
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

it("looking writes nothing, and shows what was in flight as it was", async () => {
  const { store, options, bad, hanging } = await leftStore();
  const before = await contentOf(store);
  await offline(options, async (left) => {
    expect(await left.owner()).toBeUndefined();
    expect(await left.explain(address, hanging)).toMatchObject({ state: "delivering", attempts: 1, crashes: 0 });
    expect(await left.quarantined(address)).toMatchObject([{ id: bad, reason: "no such customer" }]);
    expect((await left.status()).queues).toMatchObject([{ address, state: "stopped", waiting: 1, marksWaiting: 0 }]);
    expect(await left.signIns()).toEqual([{ queue: address, account: address }]);
  });
  expect(await contentOf(store)).toEqual(before);
});

it("a replay counts what was in flight as crashed, once, and leaves no owner", async () => {
  const { store, options, bad, hanging } = await leftStore();
  const told: string[] = [];
  await offline(options, (left) => left.replay(address, bad, (id) => told.push(id)));
  expect(told).toEqual([bad]);
  expect(await store.get(ownerKey)).toBeUndefined();
  await offline(options, async (left) => {
    expect(await left.explain(address, hanging)).toMatchObject({ state: "pending", attempts: 0, crashes: 1, suspect: true });
    expect(await left.explain(address, bad)).toMatchObject({ state: "pending", replayedAt: expect.any(Date) });
    await left.replay(address, undefined, (id) => told.push(id));
    expect(await left.explain(address, hanging)).toMatchObject({ crashes: 1 });
  });
  expect(told).toEqual([bad]);
});

it("a replay is refused while another owns the store, and changes nothing", async () => {
  const { store, options, bad } = await leftStore();
  await store.commit({ puts: [{ key: ownerKey, value: foreign }] });
  const before = await contentOf(store);
  await offline(options, async (left) => {
    expect(await left.owner()).toMatchObject({ code: "LIFECYCLE_STORE_IN_USE" });
    await expect(left.replay(address, bad, () => expect.unreachable())).rejects.toMatchObject({ code: "LIFECYCLE_STORE_IN_USE" });
    expect((await left.status()).queues[0]?.why).toContain("on host elsewhere");
  });
  expect(await contentOf(store)).toEqual(before);
});

it("says who has to sign in: where nobody has, where the record does not open, and where the sign-in has ended", async () => {
  const sim = simulatorWith();
  const store = memoryStore();
  await store.open();
  const options = hostOptions(sim, { store });
  await offline(options, async (left) => {
    expect(await left.signIns()).toEqual([{ queue: address, account: address, problem: "nobody has signed in yet" }]);
    expect((await left.status()).queues[0]).toMatchObject({
      why: expect.stringContaining("nobody is signed in"),
      remedy: `Sign ${address} in.`,
    });
  });
  await (await signedIn(sim, options)).stop();
  expect(await offline(options, (left) => left.signIns())).toEqual([{ queue: address, account: address }]);
  const { vaultKeys } = hostOptions(sim);
  const [locked] = await offline({ ...options, vaultKeys }, (left) => left.signIns());
  expect(locked?.problem).toContain("AUTH_VAULT_TAMPERED");
  const later = Date.now() + 91 * 86_400_000;
  const store91 = await openOffline(options, { ...systemClock, now: () => later });
  expect((await store91.signIns())[0]?.problem).toContain("ended on");
  await store91.close();
});

it("an address that is no queue is refused", async () => {
  await offline(hostOptions(simulatorWith()), async (left) => {
    for (const asked of [
      left.explain("nobody@contoso.com", "x"),
      left.quarantined("nobody@contoso.com"),
      left.replay("nobody@contoso.com", "x", () => undefined),
    ]) {
      await expect(asked).rejects.toMatchObject({ code: "LIFECYCLE_UNKNOWN_QUEUE" });
    }
  });
});
