/** Changes that come together are one commit, which leaves what they would have left one after another. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Change } from "../../../src/delivery/ledger-contract.js";
import { sharedCommits } from "../../../src/delivery/shared-commits.js";
import type { Key } from "../../../src/state/store.js";
import { createManualClock, settle } from "../../support/manual-clock.js";

const key = (name: number): Key => ["queue", name];

/** What commits leave: their puts in their order, then their deletes. */
function applied(to: Map<string, unknown>, { puts = [], deletes = [] }: Change): void {
  for (const one of puts) to.set(one.key.join("/"), one.value);
  for (const one of deletes) to.delete(one.join("/"));
}

test("what is left is what the changes would have left one after another, whatever they share", async () => {
  const change = fc.record({
    puts: fc.array(fc.tuple(fc.nat(4), fc.nat(99)), { maxLength: 3 }),
    deletes: fc.array(fc.nat(4), { maxLength: 2 }),
    withinMs: fc.constantFrom(0, 3, 50),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 40 }), async (given) => {
      const clock = createManualClock();
      const [one, together] = [new Map<string, unknown>(), new Map<string, unknown>()];
      let commits = 0;
      const commit = sharedCommits(clock, async (merged) => {
        commits += 1;
        applied(together, merged);
      });
      const durable = given.map(({ puts, deletes, withinMs }) => {
        const changes = { puts: puts.map(([name, value]) => ({ key: key(name), value })), deletes: deletes.map(key), withinMs };
        applied(one, changes);
        return commit.add(changes);
      });
      await clock.advance(50);
      await Promise.all(durable);
      expect([...together].sort()).toEqual([...one].sort());
      expect(commits).toBeLessThanOrEqual(given.length);
    }),
    { seed: 20261128, numRuns: 200 },
  );
});

test("those that wait go with the first that does not, and all fail with the commit they were in", async () => {
  const clock = createManualClock();
  const commits: unknown[] = [];
  let error: Error | undefined;
  const commit = sharedCommits(clock, async ({ puts }) => {
    commits.push(puts.map((put) => put.value));
    if (error) throw error;
  });
  const put = (value: number, withinMs: number) => commit.add({ puts: [{ key: key(value), value }], withinMs });
  const first = [put(1, 50), put(2, 3), put(3, 0)];
  await Promise.all(first);
  expect(commits).toEqual([[1, 2, 3]]);
  error = new Error("away");
  const second = [put(4, 50), put(5, 50)].map((one) => one.catch((reason: unknown) => reason));
  await clock.advance(49);
  expect(commits).toHaveLength(1);
  await clock.advance(1);
  await settle();
  expect(await Promise.all(second)).toEqual([error, error]);
  expect(commits).toEqual([
    [1, 2, 3],
    [4, 5],
  ]);
});

test("what waits is written at once when it is asked for", async () => {
  const clock = createManualClock();
  const commits: unknown[] = [];
  const commit = sharedCommits(clock, async ({ puts }) => void commits.push(puts.length));
  const durable = commit.add({ puts: [{ key: key(1), value: 1 }], withinMs: 50 });
  await commit.drain();
  await durable;
  expect([commits, clock.pending()]).toEqual([[1], 0]);
});
