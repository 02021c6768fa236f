/** Contract: random commits and listings against the simplest possible model, a sorted array. */
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Commit, Key, Value } from "../../src/state/store.js";
import { type MakeStore, openStore } from "./store-opening.js";

interface ModelEntry {
  readonly key: Key;
  readonly value: Value;
  readonly version: number;
}

const idOf = (key: Key) => JSON.stringify(key);

/** The contract's order, word by word. */
function compareKeys(a: Key, b: Key): number {
  for (let at = 0; at < Math.min(a.length, b.length); at += 1) {
    const [left, right] = [a[at], b[at]];
    if (typeof left === "number" && typeof right === "number") {
      if (left !== right) return left - right;
    } else if (typeof left === "string" && typeof right === "string") {
      const order = Buffer.compare(Buffer.from(left), Buffer.from(right));
      if (order !== 0) return order;
    } else return typeof left === "number" ? -1 : 1;
  }
  return a.length - b.length;
}

const text = fc.oneof(
  fc.constantFrom("", "a", "b", "ab", "a\x01", "\x01", "\x1b", "ä", "\uffee", "😀"),
  fc.string({ unit: "grapheme", maxLength: 80 }).filter((word) => !word.includes("\0")),
);
const number = fc.oneof(fc.nat({ max: 3 }), fc.maxSafeNat());
const key = fc.array(fc.oneof(text, number), { maxLength: 3 }).map((parts): Key => ["q", ...parts]);
const value = fc.jsonValue({ maxDepth: 2 }).map((json) => JSON.parse(JSON.stringify(json)) as Value);

/** Keys of later steps come from a small pool, so that they meet. */
const scenario = fc.uniqueArray(key, { minLength: 2, maxLength: 12, selector: idOf }).chain((pool) => {
  const known = fc.constantFrom(...pool);
  const commit = fc.record({
    checks: fc.array(fc.record({ key: known, holds: fc.boolean() }), { maxLength: 2 }),
    puts: fc.array(fc.record({ key: known, value }), { maxLength: 4 }),
    deletes: fc.array(known, { maxLength: 2 }),
    withinMs: fc.constantFrom(0, 0, 1),
  });
  const selection = fc.record(
    { prefix: fc.oneof(fc.constant(["q"] as const), known), after: known, limit: fc.integer({ min: 1, max: 6 }), reverse: fc.boolean() },
    { requiredKeys: ["prefix", "limit"] },
  );
  return fc.record({ commits: fc.array(commit, { minLength: 1, maxLength: 8 }), selections: fc.array(selection, { maxLength: 4 }) });
});

/** Registers this part of the contract. */
export function describeStoreModel(makeStore: MakeStore): void {
  it("random commits and listings agree with a model", { timeout: 60_000 }, async () => {
    const store = await openStore(makeStore);
    await fc.assert(
      fc.asyncProperty(scenario, async ({ commits, selections }) => {
        const model = new Map<string, ModelEntry>();
        let lastVersion = 0;
        for (const { checks, puts, deletes, withinMs } of commits) {
          const versionOf = (of: Key) => model.get(idOf(of))?.version ?? null;
          const checked = checks.map(({ key, holds }) => ({ key, version: holds ? versionOf(key) : (versionOf(key) ?? 0) + 1 }));
          const failing = checks.find(({ holds }) => !holds);
          const commit: Commit = { checks: checked, puts, deletes, withinMs };
          const result = await store.commit(commit);
          if (failing) expect(result).toEqual({ ok: false, failed: failing.key });
          if (!result.ok) continue;
          expect(failing).toBeUndefined();
          expect(result.version).toBeGreaterThan(lastVersion);
          lastVersion = result.version;
          for (const { key, value } of puts) model.set(idOf(key), { key, value, version: result.version });
          for (const deleted of deletes) model.delete(idOf(deleted));
        }

        const sorted = [...model.values()].sort((a, b) => compareKeys(a.key, b.key));
        for (const { prefix, after, limit, reverse = false } of selections) {
          const inside = sorted.filter(({ key }) => key.length > prefix.length && prefix.every((part, at) => part === key[at]));
          const beyond = (of: Key) => after === undefined || (reverse ? compareKeys(of, after) < 0 : compareKeys(of, after) > 0);
          const expected = (reverse ? inside.toReversed() : inside).filter(({ key }) => beyond(key)).slice(0, limit);
          const selection = { prefix, limit, reverse, ...(after === undefined ? {} : { after }) };
          expect(await store.list(selection)).toEqual(expected);
        }
        expect((await store.getMany(sorted.map(({ key }) => key))).map((entry) => entry?.value)).toEqual(sorted.map(({ value }) => value));
        await store.commit({ deletes: [["q"], ...sorted.map(({ key }) => key)] });
      }),
      { numRuns: 150 },
    );
  });
}
