/** A store that fails for a moment: what was to be written is written later, and no queue ends of it. */
import { expect, onTestFinished, test } from "vitest";
import { MailError, memoryStore, type Store } from "../../src/index.js";
import { address, hostOptions, next, signedIn, simulatorWith } from "../support/host.js";

/** A store whose next `count` commits that put this kind of record fail. */
function failing(kind: string, count: number): { readonly store: Store; failures(): number } {
  const store = memoryStore();
  let failures = 0;
  return {
    failures: () => failures,
    store: {
      ...store,
      commit(commit) {
        if (failures >= count || !commit.puts?.some(({ key }) => key[1] === kind)) return store.commit(commit);
        failures += 1;
        return Promise.reject(new MailError("STORE_UNAVAILABLE", "The disk is full."));
      },
    },
  };
}

test("a pause that the store does not take at once ends no queue: mail comes after it", async () => {
  const sim = simulatorWith();
  const { store, failures } = failing("bar", 1);
  const daemon = await signedIn(sim, hostOptions(sim, { store }));
  onTestFinished(() => daemon.stop());
  sim.faults.add({ name: "throttled", route: "delta", count: 1, status: 429, retryAfter: 1 });
  const id = sim.user(address).mailbox.deliver();
  const marked = next(daemon, "message:marked");
  const stopped = next(daemon, "queue:state", ({ to }) => to === "stopped").then(({ why }) => why);
  await daemon.start();
  expect(await Promise.race([marked, stopped])).toMatchObject({ id });
  expect(failures()).toBe(1);
  expect(await store.get([address, "bar"])).toMatchObject({ value: { code: "ApplicationThrottled" } });
});
