/** Contract: checks, atomicity and versions. */
import { expect, it } from "vitest";
import type { Key } from "../../src/state/store.js";
import { type MakeStore, openStore, put } from "./store-opening.js";

export function describeStoreChecks(makeStore: MakeStore): void {
  it("a check holds for the version read, and fails for a moved, an absent and an unexpectedly present key", async () => {
    const store = await openStore(makeStore);
    const old = await put(store, [["q", 1], "old"]);
    const attempt = (key: Key, version: number | null) =>
      store.commit({ checks: [{ key, version }], puts: [{ key: ["q", "out"], value: 1 }] });

    expect(await attempt(["q", 1], old)).toMatchObject({ ok: true });
    expect(await attempt(["q", 2], null)).toMatchObject({ ok: true });
    expect(await attempt(["q", 1], null)).toEqual({ ok: false, failed: ["q", 1] });
    expect(await attempt(["q", 2], old)).toEqual({ ok: false, failed: ["q", 2] });
    await put(store, [["q", 1], "new"]);
    expect(await attempt(["q", 1], old)).toEqual({ ok: false, failed: ["q", 1] });
  });

  it("a commit whose check fails writes and deletes nothing, and names the first check that failed", async () => {
    const store = await openStore(makeStore);
    const version = await put(store, [["q", 1], "kept"]);
    const result = await store.commit({
      checks: [
        { key: ["q", 1], version },
        { key: ["q", 2], version: 1 },
        { key: ["q", 3], version: 1 },
      ],
      puts: [
        { key: ["q", 1], value: "overwritten" },
        { key: ["q", 4], value: "new" },
      ],
      deletes: [["q", 1]],
    });

    expect(result).toEqual({ ok: false, failed: ["q", 2] });
    expect(await store.list({ prefix: ["q"], limit: 10 })).toEqual([{ key: ["q", 1], value: "kept", version }]);
  });

  it("checks come before puts, puts before deletes, and the last put of a key counts", async () => {
    const store = await openStore(makeStore);
    const result = await store.commit({
      checks: [{ key: ["q", 1], version: null }],
      puts: [
        { key: ["q", 1], value: "first" },
        { key: ["q", 1], value: "last" },
        { key: ["q", 2], value: 2 },
      ],
      deletes: [
        ["q", 2],
        ["q", 3],
      ],
    });

    expect(result).toMatchObject({ ok: true });
    expect((await store.list({ prefix: ["q"], limit: 10 })).map(({ key, value }) => [key, value])).toEqual([[["q", 1], "last"]]);
  });

  it("of many commits with the same check exactly one wins", async () => {
    const store = await openStore(makeStore);
    const version = await put(store, [["q", "turn"], 0]);
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        store.commit({ checks: [{ key: ["q", "turn"], version }], puts: [{ key: ["q", "turn"], value: at + 1 }], withinMs: at % 3 }),
      ),
    );
    const winners = results.flatMap((result, at) => (result.ok ? [{ value: at + 1, version: result.version }] : []));

    expect(winners).toHaveLength(1);
    expect(await store.get(["q", "turn"])).toEqual({ key: ["q", "turn"], ...winners[0] });
  });

  it("a counter raised by 200 concurrent compare-and-set loops ends at 200", async () => {
    const store = await openStore(makeStore);
    const key: Key = ["q", "counter"];
    const raise = async (): Promise<void> => {
      const entry = await store.get(key);
      const value = ((entry?.value as number | undefined) ?? 0) + 1;
      const { ok } = await store.commit({ checks: [{ key, version: entry?.version ?? null }], puts: [{ key, value }] });
      if (!ok) await raise();
    };
    await Promise.all(Array.from({ length: 200 }, raise));

    expect((await store.get(key))?.value).toBe(200);
  });

  it("versions only rise, also over spaces, deletes and re-creations", async () => {
    const store = await openStore(makeStore);
    const versions = [await put(store, [["q", 1], 1]), await put(store, [["r", 1], 1])];
    await store.commit({ deletes: [["q", 1]] });
    versions.push(await put(store, [["q", 1], 1]), await put(store, [["q", 1], 1], [["q", 2], 2]));

    expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
    expect(
      (
        await store.getMany([
          ["q", 1],
          ["q", 2],
        ])
      ).map((entry) => entry?.version),
    ).toEqual([versions[3], versions[3]]);
  });
}
