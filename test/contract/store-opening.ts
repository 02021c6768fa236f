/** What the parts of the contract suite share: opening a store for one test, and short ways to write and list. */
import { onTestFinished } from "vitest";
import type { Key, Store, Value } from "../../src/state/store.js";

/** Gives a new, empty, unopened store, and cleans up after the test by itself. */
export type MakeStore = () => Store | Promise<Store>;

/** A new store, open until the end of the test. */
export async function openStore(makeStore: MakeStore): Promise<Store> {
  const store = await makeStore();
  await store.open();
  onTestFinished(() => store.close());
  return store;
}

/** Puts values and gives their version. */
export async function put(store: Store, ...puts: (readonly [Key, Value])[]): Promise<number> {
  const result = await store.commit({ puts: puts.map(([key, value]) => ({ key, value })) });
  if (!result.ok) throw new Error("A commit without checks failed.");
  return result.version;
}

/** The keys under a prefix, at most 1,000. */
export async function keysOf(
  store: Store,
  prefix: Key,
  selection: { after?: Key; reverse?: boolean; limit?: number } = {},
): Promise<Key[]> {
  return (await store.list({ prefix, limit: 1_000, ...selection })).map(({ key }) => key);
}
