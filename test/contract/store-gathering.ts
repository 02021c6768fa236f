/** Contract: commits that wait for each other, opening and closing. */
import { expect, it } from "vitest";
import type { Key } from "../../src/state/store.js";
import { keysOf, type MakeStore, openStore, put } from "./store-opening.js";

export function describeStoreGathering(makeStore: MakeStore): void {
  /** Longer than any test: only another commit or a close ends the wait. */
  const forEver = 600_000;

  it("a waiting commit is not seen until an immediate one takes it along, and they resolve in order", async () => {
    const store = await openStore(makeStore);
    const resolved: number[] = [];
    const waiting = [1, 2, 3].map(async (at) => {
      const result = await store.commit({ puts: [{ key: ["q", at], value: at }], withinMs: forEver });
      resolved.push(at);
      return result;
    });
    expect(await store.list({ prefix: ["q"], limit: 10 })).toEqual([]);

    const last = await put(store, [["q", 4], 4]);
    resolved.push(4);
    const results = await Promise.all(waiting);

    expect(resolved).toEqual([1, 2, 3, 4]);
    expect(await keysOf(store, ["q"])).toHaveLength(4);
    expect(results.every((result) => result.ok && result.version < last)).toBe(true);
  });

  it("a waiting commit is written by itself when its time is over, a shorter wait taking along a longer", async () => {
    const store = await openStore(makeStore);
    const long = store.commit({ puts: [{ key: ["q", 1], value: 1 }], withinMs: forEver });
    const short = store.commit({ puts: [{ key: ["q", 2], value: 2 }], withinMs: 3 });

    expect(await Promise.all([long, short])).toMatchObject([{ ok: true }, { ok: true }]);
  });

  it("waiting commits no longer wait once there is company enough", async () => {
    const store = await openStore(makeStore);
    const commits = Array.from({ length: 16 }, (_, at) => store.commit({ puts: [{ key: ["q", at], value: at }], withinMs: forEver }));

    expect(await Promise.all(commits)).toHaveLength(16);
  });

  it("gathered commits stand and fall alone, and each sees those before it", async () => {
    const store = await openStore(makeStore);
    const key: Key = ["q", "state"];
    const claim = (value: string) => store.commit({ checks: [{ key, version: null }], puts: [{ key, value }], withinMs: forEver });
    const commits = [claim("first"), claim("second"), store.commit({ puts: [{ key: ["q", "other"], value: 1 }] })];

    expect(await Promise.all(commits)).toMatchObject([{ ok: true }, { ok: false, failed: key }, { ok: true }]);
    expect((await store.get(key))?.value).toBe("first");
  });

  it("close writes what waits", async () => {
    const store = await openStore(makeStore);
    const waiting = store.commit({ puts: [{ key: ["q", 1], value: 1 }], withinMs: forEver });
    await store.close();
    expect(await waiting).toMatchObject({ ok: true });

    await store.open();
    expect((await store.get(["q", 1]))?.value).toBe(1);
  });
}

export function describeStoreLifetime(makeStore: MakeStore): void {
  it("what was written is there after close and open, and versions go on rising", async () => {
    const store = await openStore(makeStore);
    const before = await put(store, [["q", 1], "kept"]);
    await store.close();
    await store.open();

    expect(await store.get(["q", 1])).toEqual({ key: ["q", 1], value: "kept", version: before });
    expect(await put(store, [["q", 1], "new"])).toBeGreaterThan(before);
  });

  it("it is open from the first open to the last close", async () => {
    const store = await openStore(makeStore);
    await Promise.all([store.open(), store.open()]);
    await Promise.all([store.close(), store.close()]);
    await put(store, [["q", 1], 1]);

    await store.close();
    await expect(store.get(["q", 1])).rejects.toMatchObject({ code: "STORE_NOT_OPEN" });
    await store.close();
    await store.open();
    expect((await store.get(["q", 1]))?.value).toBe(1);
  });
}
