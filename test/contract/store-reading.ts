/** Contract: order, selection, values and their isolation. */
import { expect, it } from "vitest";
import type { Entry, Key, Value } from "../../src/state/store.js";
import { keysOf, type MakeStore, openStore, put } from "./store-opening.js";

/** In the contract's order. */
const orderedKeys: readonly Key[] = [
  ["q"],
  ["q", 0],
  ["q", 0, "a"],
  ["q", 1],
  ["q", 9],
  ["q", 10],
  ["q", 255],
  ["q", 256],
  ["q", 2 ** 32],
  ["q", Number.MAX_SAFE_INTEGER],
  ["q", ""],
  ["q", "", 0],
  ["q", "\x01"],
  ["q", " "],
  ["q", "/"],
  ["q", "10"],
  ["q", "9"],
  ["q", "a"],
  ["q", "a", 0],
  ["q", "a", ""],
  ["q", "a", "b"],
  ["q", "a\x01"],
  ["q", "a b"],
  ["q", "a/b"],
  ["q", "aa"],
  ["q", "b"],
  ["q", "\x7f"],
  ["q", "ä"],
  ["q", "日本"],
  ["q", "\uffee"],
  ["q", "😀"],
];

export function describeStoreReading(makeStore: MakeStore): void {
  it("keys are listed in the contract's order, whatever the order of writing", async () => {
    const store = await openStore(makeStore);
    const shuffled = orderedKeys.map((key, at) => [(at * 7) % orderedKeys.length, key] as const).sort(([a], [b]) => a - b);
    for (const [at, key] of shuffled) await put(store, [key, at]);
    await put(store, [["p", "z"], 0]);
    await put(store, [["qa"], 0]);

    expect(await keysOf(store, ["q"])).toEqual(orderedKeys.slice(1));
    expect(await keysOf(store, ["q"], { reverse: true })).toEqual(orderedKeys.slice(1).reverse());
  });

  it("a prefix takes whole parts only, and not the key equal to it", async () => {
    const store = await openStore(makeStore);
    for (const key of orderedKeys) await put(store, [key, null]);

    expect(await keysOf(store, ["q", "a"])).toEqual([
      ["q", "a", 0],
      ["q", "a", ""],
      ["q", "a", "b"],
    ]);
    expect(await keysOf(store, ["q", 0])).toEqual([["q", 0, "a"]]);
    expect(await keysOf(store, ["q", "none"])).toEqual([]);
  });

  it("`after`, `limit` and `reverse` page through a prefix without gap or repetition", async () => {
    const store = await openStore(makeStore);
    for (const key of orderedKeys) await put(store, [key, null]);

    for (const reverse of [false, true]) {
      const seen: Key[] = [];
      for (let page = await keysOf(store, ["q"], { limit: 4, reverse }); page.length > 0; ) {
        expect(page.length).toBeLessThanOrEqual(4);
        seen.push(...page);
        page = await keysOf(store, ["q"], { limit: 4, reverse, after: seen.at(-1) as Key });
      }
      expect(seen).toEqual(reverse ? orderedKeys.slice(1).reverse() : orderedKeys.slice(1));
    }
  });

  it("`after` may be absent, outside of the prefix, or the prefix itself", async () => {
    const store = await openStore(makeStore);
    await put(store, [["q", 1], 1], [["q", 3], 3]);

    expect(await keysOf(store, ["q"], { after: ["q", 2] })).toEqual([["q", 3]]);
    expect(await keysOf(store, ["q"], { after: ["q", 2], reverse: true })).toEqual([["q", 1]]);
    expect(await keysOf(store, ["q"], { after: ["a"] })).toEqual([
      ["q", 1],
      ["q", 3],
    ]);
    expect(await keysOf(store, ["q"], { after: ["z"] })).toEqual([]);
    expect(await keysOf(store, ["q"], { after: ["a"], reverse: true })).toEqual([]);
    expect(await keysOf(store, ["q"], { after: ["q"] })).toHaveLength(2);
  });

  it("getMany answers every key in order, absent ones with nothing", async () => {
    const store = await openStore(makeStore);
    const version = await put(store, [["q", 1], "one"], [["q", 2], "two"]);

    expect(
      await store.getMany([
        ["q", 2],
        ["q", 9],
        ["q", 1],
        ["q", 2],
      ]),
    ).toEqual([
      { key: ["q", 2], value: "two", version },
      undefined,
      { key: ["q", 1], value: "one", version },
      { key: ["q", 2], value: "two", version },
    ]);
    expect(await store.getMany([])).toEqual([]);
  });

  it("every kind of value comes back equal, large ones too, and undefined properties are left out", async () => {
    const store = await openStore(makeStore);
    const values: Value[] = [
      null,
      true,
      false,
      0,
      -1.5,
      1e308,
      "",
      "日本 😀 \0 \ud800",
      [],
      {},
      [[1], { a: [null] }],
      { "": 1, "a.b": { c: "d" } },
    ];
    values.push(
      "x".repeat(300_000),
      Array.from({ length: 5_000 }, (_, at) => ({ at, text: `number ${at}` })),
    );
    for (const [at, value] of values.entries()) await put(store, [["q", at], value]);
    await put(store, [["q", "gaps"], { kept: 1, dropped: undefined }]);

    for (const [at, value] of values.entries()) expect((await store.get(["q", at]))?.value).toEqual(value);
    expect((await store.list({ prefix: ["q"], limit: values.length })).map(({ value }) => value)).toEqual(values);
    expect(Object.keys((await store.get(["q", "gaps"]))?.value as object)).toEqual(["kept"]);
  });

  it("values are copies: changing what went in or came out changes nothing", async () => {
    const store = await openStore(makeStore);
    const key: [string, number] = ["q", 1];
    const value = { inner: { list: [1] } };
    const committing = store.commit({ puts: [{ key, value }], withinMs: 2 });
    value.inner.list.push(2);
    key[1] = 5;
    await committing;

    const taken = [await store.get(["q", 1]), ...(await store.list({ prefix: ["q"], limit: 1 }))] as Entry[];
    for (const entry of taken) {
      (entry.value as typeof value).inner.list.push(3);
      (entry.key as unknown as unknown[]).push("more");
    }

    expect(taken).toHaveLength(2);
    expect(await store.get(["q", 1])).toMatchObject({ key: ["q", 1], value: { inner: { list: [1] } } });
  });

  it("a key as long as the limit allows works, and the next longer one does not", async () => {
    const store = await openStore(makeStore);
    const longest: Key = ["q", "ä".repeat(497)]; // 3 + 2 * 497 + 2 = 999 bytes
    await put(store, [longest, 1]);

    expect(await store.get(longest)).toMatchObject({ key: longest, value: 1 });
    expect(await keysOf(store, ["q"])).toEqual([longest]);
    await expect(store.get(["q", "ä".repeat(498)])).rejects.toMatchObject({ code: "STORE_INVALID_ARGUMENT" });
  });

  it("100,000 keys written in random order are listed in order, in bounded time", async () => {
    const store = await openStore(makeStore);
    const count = 100_000;
    // Of the processor: how long it takes beside what else the machine does says nothing.
    const before = process.cpuUsage();
    for (let from = 0; from < count; from += 10_000) {
      const puts = Array.from({ length: 10_000 }, (_, at) => ({ key: ["q", ((from + at) * 7_919) % count] as Key, value: at }));
      await store.commit({ puts });
    }
    const listed = await store.list({ prefix: ["q"], limit: count });
    const [last] = await store.list({ prefix: ["q"], limit: 1, reverse: true });

    expect(listed.every(({ key }, at) => key[1] === at)).toBe(true);
    expect(listed).toHaveLength(count);
    expect(last?.key).toEqual(["q", count - 1]);
    const { user, system } = process.cpuUsage(before);
    expect((user + system) / 1_000).toBeLessThan(8_000);
  });
}
