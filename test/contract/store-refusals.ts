/** Contract: what a store refuses, and that a refusal writes nothing. */
import { expect, it } from "vitest";
import type { Commit, Key, Selection, Store, Value } from "../../src/state/store.js";
import { type MakeStore, openStore } from "./store-opening.js";

/** What callers in plain JavaScript may hand in. */
const asKey = (parts: unknown) => parts as Key;
const asValue = (value: unknown) => value as Value;

const invalidKeys: readonly (readonly [string, Key])[] = [
  ["NUL in a part", ["q", "a\0b"]],
  ["NUL in the space", ["q\0"]],
  ["half a surrogate pair", ["q", "\ud83d"]],
  ["a negative number", ["q", -1]],
  ["a fraction", ["q", 0.5]],
  ["an unsafe integer", ["q", 2 ** 53]],
  ["NaN", ["q", Number.NaN]],
  ["infinity", ["q", Number.POSITIVE_INFINITY]],
  ["no parts", asKey([])],
  ["nine parts", ["q", 1, 2, 3, 4, 5, 6, 7, 8]],
  ["a number as space", asKey([1, "q"])],
  ["an undefined part", asKey(["q", undefined])],
  ["an object as part", asKey(["q", {}])],
  ["a bigint as part", asKey(["q", 1n])],
  ["a text", asKey("q")],
  ["nothing", asKey(undefined)],
  ["more than 1,000 bytes", ["q", "a".repeat(400), "b".repeat(600)]],
];

const cycle: unknown[] = [];
cycle.push(cycle);

const invalidValues: readonly (readonly [string, Value])[] = [
  ["undefined", asValue(undefined)],
  ["NaN", Number.NaN],
  ["infinity", { deep: [Number.NEGATIVE_INFINITY] }],
  ["a date", asValue({ at: new Date(0) })],
  ["a function", asValue(() => 1)],
  ["a function inside", asValue({ toJSON: () => 1 })],
  ["a bigint", asValue([1n])],
  ["a symbol", asValue(Symbol("x"))],
  ["a map", asValue(new Map())],
  ["bytes", asValue(new Uint8Array(1))],
  ["undefined in an array", asValue([undefined])],
  ["a hole in an array", asValue(new Array(1))],
  ["a cycle", asValue(cycle)],
];

async function expectRefused(store: Store, attempt: Promise<unknown>): Promise<void> {
  await expect(attempt).rejects.toMatchObject({ name: "MailError", code: "STORE_INVALID_ARGUMENT" });
  expect(await store.list({ prefix: ["q"], limit: 10 })).toEqual([]);
}

/** Registers this part of the contract. */
export function describeStoreRefusals(makeStore: MakeStore): void {
  it.each(invalidKeys)("a key with %s is refused everywhere, and nothing is written", async (_what, key) => {
    const store = await openStore(makeStore);
    const good = { key: ["q", "good"], value: 1 } as const;

    await expectRefused(store, store.commit({ puts: [good, { key, value: 1 }] }));
    await expectRefused(store, store.commit({ puts: [good], deletes: [key] }));
    await expectRefused(store, store.commit({ puts: [good], checks: [{ key, version: null }] }));
    await expectRefused(store, store.get(key));
    await expectRefused(store, store.getMany([good.key, key]));
    await expectRefused(store, store.list({ prefix: key, limit: 1 }));
    if (key !== undefined) await expectRefused(store, store.list({ prefix: ["q"], after: key, limit: 1 }));
  });

  it.each(invalidValues)("a value that is or holds %s is refused, and nothing is written", async (_what, value) => {
    const store = await openStore(makeStore);

    await expectRefused(
      store,
      store.commit({
        puts: [
          { key: ["q", "good"], value: 1 },
          { key: ["q", "bad"], value },
        ],
      }),
    );
  });

  it("a commit over two spaces is refused, and nothing is written", async () => {
    const store = await openStore(makeStore);
    const puts = [{ key: ["q", 1], value: 1 }] as const;

    await expectRefused(store, store.commit({ puts: [...puts, { key: ["r", 1], value: 1 }] }));
    await expectRefused(store, store.commit({ puts, deletes: [["r", 1]] }));
    await expectRefused(store, store.commit({ puts, checks: [{ key: ["r", 1], version: null }] }));
  });

  it("numbers out of their range are refused", async () => {
    const store = await openStore(makeStore);
    const commits: Commit[] = [{ withinMs: -1 }, { withinMs: Number.NaN }, { checks: [{ key: ["q"], version: 0.5 }] }];
    const selections: Selection[] = [0, 1.5, 100_001, Number.NaN].map((limit) => ({ prefix: ["q"], limit }));

    for (const commit of commits) await expectRefused(store, store.commit(commit));
    for (const selection of selections) await expectRefused(store, store.list(selection));
  });

  it("a refused commit does not disturb those that wait", async () => {
    const store = await openStore(makeStore);
    const waiting = store.commit({ puts: [{ key: ["r", 1], value: 1 }], withinMs: 600_000 });
    await expectRefused(store, store.commit({ puts: [{ key: ["q", 1], value: Number.NaN }] }));
    await store.commit({});

    expect(await waiting).toMatchObject({ ok: true });
  });

  it("everything is refused before open and after close", async () => {
    const store = await makeStore();
    const uses: (() => Promise<unknown>)[] = [
      () => store.get(["q"]),
      () => store.getMany([]),
      () => store.list({ prefix: ["q"], limit: 1 }),
      () => store.commit({}),
    ];
    for (const use of uses) await expect(use()).rejects.toMatchObject({ code: "STORE_NOT_OPEN" });
    await store.open();
    for (const use of uses) await use();
    await store.close();
    for (const use of uses) await expect(use()).rejects.toMatchObject({ code: "STORE_NOT_OPEN" });
  });
}
