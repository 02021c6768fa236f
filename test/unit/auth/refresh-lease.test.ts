/** One refresh of an account at a time, over the processes that share a store. */
import { expect, it } from "vitest";
import { createRefreshLease } from "../../../src/auth/refresh-lease.js";
import { memoryStore } from "../../../src/index.js";
import type { Store } from "../../../src/state/store.js";
import { deferred } from "../../support/deferred.js";
import { createManualClock } from "../../support/manual-clock.js";
import { stepping } from "../../support/stepping.js";

const account = "Support@contoso.com";
const signal = new AbortController().signal;

async function leases(store: Store = memoryStore()) {
  await store.open();
  const clock = createManualClock();
  const vault = { version: 1 as number | null };
  const make = () => createRefreshLease({ store, clock, version: async () => vault.version });
  return { clock, vault, store, one: make(), other: make() };
}

it("lets the second wait, and tells it that the record has changed meanwhile", async () => {
  const { clock, vault, one, other } = await leases();
  const work = deferred();
  let asked = 0;
  const first = one.hold(
    account,
    async () => {
      asked += 1;
      await work.promise;
      vault.version = 2;
      return "one";
    },
    { version: 1, signal },
  );
  const second = other.hold(account.toLowerCase(), async () => (asked += 1), { version: 1, signal });
  await clock.advance(5_000);
  expect(asked).toBe(1);
  work.resolve();
  expect(await first).toBe("one");
  expect(await stepping(second, () => clock.advance(100))).toBeUndefined();
  expect(asked).toBe(1);
});

it("goes to the next where the first one failed, and passes its failure on", async () => {
  const { clock, one, other } = await leases();
  const failing = one.hold(account, () => Promise.reject(new Error("Entra is away")), { version: 1, signal });
  await expect(failing).rejects.toThrow("Entra is away");
  expect(
    await stepping(
      other.hold(account, async () => "other", { version: 1, signal }),
      () => clock.advance(100),
    ),
  ).toBe("other");
});

it("is passed over when its holder did not live to give it back", async () => {
  const { clock, one, other } = await leases();
  void one.hold(account, () => new Promise(() => undefined), { version: 1, signal });
  const second = other.hold(account, async () => "other", { version: 1, signal });
  await clock.advance(39_000);
  expect(await Promise.race([second, Promise.resolve("waits")])).toBe("waits");
  expect(await stepping(second, () => clock.advance(100))).toBe("other");
});

it("keeps nobody who gives up", async () => {
  const { clock, one, other } = await leases();
  void one.hold(account, () => new Promise(() => undefined), { version: 1, signal });
  const stop = new AbortController();
  const second = other.hold(account, async () => "other", { version: 1, signal: stop.signal });
  const end = expect(second).rejects.toBe("the daemon stops");
  await clock.advance(1_000);
  stop.abort("the daemon stops");
  await end;
});
